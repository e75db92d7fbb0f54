// Each operation of ../operations.json once badly and once well, each in a session of its own.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;

public class Operations
{
    const int PatienceMs = 10000;

    readonly Gateway gateway;
    readonly IDictionary plan, parties, login;
    readonly string address;
    Dictionary<string, object> kept;
    List<object> heard;

    /// `address` is node 1's; `login` what a session begins with.
    public Operations(Gateway gateway, IDictionary plan, IDictionary login, string address)
    {
        this.gateway = gateway;
        this.plan = plan;
        this.login = login;
        this.address = address;
        parties = (IDictionary)plan["parties"];
    }

    /// How many operations were called; those that wait for their handler are not.
    public int Run()
    {
        var count = 0;
        foreach (DictionaryEntry named in (IDictionary)plan["operations"])
        {
            var entry = (IDictionary)named.Value;
            if (entry.Contains("waiting")) continue;
            try
            {
                Entry((string)named.Key, entry);
            }
            catch (Wrong wrong)
            {
                throw new Wrong("the entry of " + named.Key + ": " + wrong.Message);
            }
            count++;
        }
        return count;
    }

    void Entry(string name, IDictionary entry)
    {
        Begin();
        if (entry.Contains("given")) Given(entry["given"]);
        Bad(name, (IDictionary)entry["bad"]);
        Good(name, (IDictionary)entry["good"]);
        if (entry.Contains("then")) Steps(entry["then"]);
        End();
    }

    void Begin()
    {
        kept = new Dictionary<string, object> { { "address", address } };
        // What whoever runs this has prepared: name=value;name=value, numbers as such.
        foreach (string pair in (Environment.GetEnvironmentVariable("OIG_NAMES") ?? "").Split(';'))
        {
            int at = pair.IndexOf('=');
            long number;
            if (at < 0) continue;
            string value = pair.Substring(at + 1);
            kept[pair.Substring(0, at)] = long.TryParse(value, out number) ? (object)number : value;
        }
        heard = new List<object>();
        kept["session"] = Gateway.Field(gateway.Accepted("loginEx", With("req", login)), "sessionId");
        var request = With("sessionId", kept["session"], "icpIpAddress", address);
        kept["icp"] = Gateway.Field(gateway.Accepted("getIcpId", With("request", request)), "icpId");
        foreach (DictionaryEntry party in parties)
        {
            request = With("sessionId", kept["session"], "icpId", kept["icp"], "primeDn", party.Value);
            var found = gateway.Accepted("getPhoneNumberId", With("request", request));
            kept[(string)party.Key] = Gateway.Field(found, "objectId");
        }
        foreach (string party in parties.Keys) gateway.Accepted("monitorObject", At(party));
        // A call that began before the last MONITOR_SET would be told by that one.
        gateway.Accepted("getNumberedEvent",
            With("sessionId", kept["session"], "timeout", 10000, "eventNumber", parties.Count));
    }

    /// Whatever calls are left are cleared, so that the next entry begins with idle phones.
    void End()
    {
        var until = DateTime.UtcNow.AddMilliseconds(PatienceMs);
        foreach (string party in parties.Keys)
        {
            if (!Gateway.Result(gateway.Call("getCallStatus", At(party)))) gateway.Accepted("monitorObject", At(party));
            for (;;)
            {
                var status = gateway.Accepted("getCallStatus", At(party));
                var state = Gateway.Spelt(Gateway.Field(status, "callEvent.callState"));
                if (state == "IDLE") break;
                if (DateTime.UtcNow > until) throw new Wrong(party + " is still " + state);
                var leg = At(party);
                leg["localCallId"] = Gateway.Field(status, "callEvent.localCallId");
                // What is held is retrieved first, and what rings by itself is answered.
                foreach (var way in new[] { "clearCall", "retrieveCall", "answerCall" })
                    if (Gateway.Result(gateway.Call(way, leg))) break;
                gateway.Call("getEvent", With("sessionId", kept["session"], "timeout", 100));
            }
        }
        gateway.Accepted("logout", With("sessionId", kept["session"]));
    }

    void Given(object name)
    {
        Steps(((IDictionary)plan["given"])[name]);
    }

    void Steps(object steps)
    {
        foreach (IDictionary step in (IEnumerable)steps)
        {
            if (step.Contains("given")) Given(step["given"]);
            else if (step.Contains("do")) Good((string)step["do"], step);
            else Hear(step);
        }
    }

    void Good(string operation, IDictionary step)
    {
        var reply = Accepted(operation, step);
        if (step.Contains("gives"))
            foreach (DictionaryEntry wanted in (IDictionary)step["gives"])
            {
                string found = Gateway.Spelt(Gateway.Field(reply, (string)wanted.Key));
                string should = Gateway.Spelt(Value(wanted.Value));
                if (found == null || (should != "*" && found != should))
                    throw new Wrong(operation + ": " + wanted.Key + " is " + found + ", should be " + should);
            }
        if (step.Contains("keep"))
            foreach (DictionaryEntry name in (IDictionary)step["keep"])
                kept[(string)name.Key] = Gateway.Field(reply, (string)name.Value);
    }

    object Accepted(string operation, IDictionary step)
    {
        var until = DateTime.UtcNow.AddMilliseconds(PatienceMs);
        for (;;)
        {
            try
            {
                return gateway.Accepted(operation, (IDictionary)Value(step["with"]));
            }
            catch (Wrong)
            {
                if (!step.Contains("patient") || DateTime.UtcNow > until) throw;
            }
        }
    }

    void Bad(string operation, IDictionary step)
    {
        var reply = gateway.Call(operation, (IDictionary)Value(step["with"]));
        if (Gateway.Result(reply) || Gateway.Text(reply) != (string)step["text"])
            throw new Wrong(string.Format("{0}: result {1}, text {2}, should be {3}",
                operation, Gateway.Result(reply), Gateway.Text(reply), step["text"]));
    }

    /// The first event of this type at this party that was not taken yet.
    void Hear(IDictionary step)
    {
        var until = DateTime.UtcNow.AddMilliseconds(PatienceMs);
        string type = (string)step["hear"], party = (string)step["at"];
        object found;
        while ((found = heard.FirstOrDefault(e => Gateway.Spelt(Gateway.Field(e, "type") ?? Gateway.Field(e, "eventType")) == type
            && Gateway.Field(e, "objectId").Equals(kept[party]))) == null)
        {
            if (DateTime.UtcNow > until) throw new Wrong(party + " did not hear " + type);
            var reply = gateway.Call("getEvent", With("sessionId", kept["session"], "timeout", 1000));
            if (Gateway.Result(reply))
                heard.Add(Gateway.Field(reply, "callEvent") ?? Gateway.Field(reply, "featureEvent"));
        }
        heard.Remove(found);
        if (step.Contains("keep")) kept[(string)step["keep"]] = Gateway.Field(found, "localCallId");
    }

    /// With what was kept in place of `$name`.
    object Value(object given)
    {
        if (given is IDictionary)
        {
            var filled = new Dictionary<string, object>();
            foreach (DictionaryEntry member in (IDictionary)given) filled[(string)member.Key] = Value(member.Value);
            return filled;
        }
        if (given is object[]) return ((object[])given).Select(Value).ToArray();
        var text = given as string;
        return text != null && text.StartsWith("$") ? kept[text.Substring(1)] : given;
    }

    Dictionary<string, object> At(string party)
    {
        return With("sessionId", kept["session"], "objectId", kept[party]);
    }

    /// Names and values in turn.
    public static Dictionary<string, object> With(params object[] members)
    {
        var with = new Dictionary<string, object>();
        for (var i = 0; i < members.Length; i += 2) with[(string)members[i]] = members[i + 1];
        return with;
    }
}
