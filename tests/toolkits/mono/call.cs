// Drives a running gateway through the proxies of Mono's wsdl: whole calls, then every operation.
//
//   mono call.exe URL HANDS1 HANDS2 SCENARIOS [RECORD]
//
// URL is the gateway's, of whose WSDL the proxies were made; HANDS1 and HANDS2 are the hands of nodes
// 1 and 2, by whose addresses the nodes are asked for. SCENARIOS is the folder of scenario.json and
// operations.json. Built by make.sh, run by the tests.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Web.Script.Serialization;

/// A phone of the call.
class Party
{
    public string Name, Dn;
    public int Node;
    public object Id, Icp;
    public object Leg = 0L;
}

/// One call of the scenario, from login to logout.
class Call
{
    const int PatienceMs = 10000;

    readonly Gateway gateway;
    readonly IDictionary scenario, plan;
    readonly string[] hands;
    readonly Dictionary<string, Party> parties = new Dictionary<string, Party>();
    readonly Dictionary<object, Queue<object>> heard = new Dictionary<object, Queue<object>>();
    readonly List<string> globalCallIds = new List<string>();
    object session;

    public Call(Gateway gateway, IDictionary scenario, IDictionary plan, string[] hands)
    {
        this.gateway = gateway;
        this.scenario = scenario;
        this.plan = plan;
        this.hands = hands;
        foreach (DictionaryEntry named in (IDictionary)plan["parties"])
        {
            var who = (IDictionary)named.Value;
            var name = (string)named.Key;
            parties[name] = new Party { Name = name, Dn = (string)who["dn"], Node = (int)who["node"] };
        }
    }

    public string Run()
    {
        session = Gateway.Field(gateway.Accepted("loginEx", Operations.With("req", scenario["login"])), "sessionId");
        var over = new ManualResetEvent(false);
        Exception trouble = null;
        var timer = new Thread(() =>
        {
            try
            {
                do gateway.Accepted("resetSessionTimer", Asked()); while (!over.WaitOne(5000));
            }
            catch (Exception thrown) // told below: thrown here it would end the process
            {
                trouble = thrown;
            }
        });
        timer.IsBackground = true;
        timer.Start();
        try
        {
            Monitor();
            HeldPollIsLetGo();
            foreach (IDictionary step in (IEnumerable)plan["steps"]) Step(step);
            if (plan.Contains("callers"))
                foreach (string name in (IEnumerable)plan["callers"]) Caller(name);
            HearsNothing();
            foreach (var party in parties.Values)
            {
                gateway.Accepted("stopMonitor", Asked("objectId", party.Id));
                gateway.Refused("makeCall", "its monitor stopped", Asked("objectId", party.Id, "number", "1001"));
            }
        }
        finally
        {
            over.Set();
            timer.Join();
        }
        if (trouble != null) throw new Wrong("while the session's timer was reset: " + trouble.Message);
        gateway.Accepted("logout", Asked());
        Same("resetSessionTimer after logout", Gateway.Result(gateway.Call("resetSessionTimer", Asked())), false);
        return globalCallIds.Distinct().Single();
    }

    Dictionary<string, object> Asked(params object[] members)
    {
        return Operations.With(new object[] { "sessionId", session }.Concat(members).ToArray());
    }

    void Monitor()
    {
        foreach (var party in parties.Values)
        {
            var address = new Uri(hands[party.Node - 1]).Host;
            var icp = gateway.Accepted("getIcpId", Operations.With("request", Asked("icpIpAddress", address)));
            party.Icp = Gateway.Field(icp, "icpId");
            var line = Asked("icpId", party.Icp, "primeDn", party.Dn);
            var phone = gateway.Accepted("getPhoneNumberId", Operations.With("request", line));
            party.Id = Gateway.Field(phone, "objectId");
            gateway.Accepted("monitorObject", Asked("objectId", party.Id));
            Hear(party, (IDictionary)scenario["monitor_set"]);
        }
    }

    /// .NET has two connections to a host: one holds the poll, the other still gets through.
    void HeldPollIsLetGo()
    {
        object reply = null;
        Exception trouble = null;
        var poll = new Thread(() =>
        {
            try { reply = gateway.Call("getEvent", Asked("timeout", 60000)); }
            catch (Exception thrown) { trouble = thrown; }
        });
        poll.IsBackground = true;
        poll.Start();
        var until = DateTime.UtcNow.AddMilliseconds(PatienceMs);
        do
        {
            if (DateTime.UtcNow > until) throw new Wrong("cancelGetEvent did not release a held poll");
            gateway.Accepted("cancelGetEvent", Asked());
        } while (!poll.Join(100));
        if (trouble != null) throw new Wrong("a held poll: " + trouble.Message);
        Same("the text of a poll that was let go", Gateway.Text(reply), scenario["nothing_to_hear"]);
    }

    void Step(IDictionary step)
    {
        var by = parties[(string)step["by"]];
        if (step.Contains("hand"))
            using (var client = new WebClient { Proxy = null })
                client.UploadString(hands[by.Node - 1] + "/phones/" + by.Dn + "/" + step["hand"], "{\"line\":1}");
        else if ((string)step["do"] == "makeCall")
            gateway.Accepted("makeCall", Asked("objectId", by.Id, "number", parties[(string)step["number"]].Dn));
        else
            gateway.Accepted((string)step["do"], Asked("objectId", by.Id, "localCallId", by.Leg));
        foreach (IDictionary expected in (IEnumerable)step["hear"]) Hear(parties[(string)expected["at"]], expected);
        foreach (var party in parties.Values)
        {
            var status = gateway.Accepted("getCallStatus", Asked("objectId", party.Id));
            Same("the leg of getCallStatus of " + party.Dn, Gateway.Field(status, "callEvent.localCallId"), party.Leg);
            if (!party.Leg.Equals(0L))
                gateway.Refused("clearCall", "an unknown leg", Asked("objectId", party.Id, "localCallId", 999999999L));
        }
    }

    /// The name of somebody outside comes as it is; who has none has no NAME.
    void Caller(string name)
    {
        var callee = parties["callee"];
        var outside = hands[callee.Node - 1] + "/outside/";
        var json = new JavaScriptSerializer();
        var asked = new Dictionary<string, object>
        {
            { "from", "+14165551234" }, { "name", name }, { "to", "+1613555" + callee.Dn },
        };
        using (var client = new WebClient { Proxy = null, Encoding = Encoding.UTF8 })
        {
            var reply = client.UploadString(outside + "call", json.Serialize(asked));
            var call = ((IDictionary)json.DeserializeObject(reply))["call"];
            var rings = Next(callee);
            Same("what somebody outside leads to", Of(rings, "type"), "CALL_RECEIVED");
            var devices = ((IEnumerable)Gateway.Field(rings, "device")).Cast<object>();
            var who = devices.Single(device => Of(device, "deviceName") == "CALLING_DEVICE");
            var said = Attribute(who, "deviceAttribute", "NAME");
            Same("the name of somebody outside", said, name.Length == 0 ? null : name);
            client.UploadString(outside + Gateway.Spelt(call) + "/hangup", "{}");
            Same("what follows", Of(Next(callee), "type"), "CALL_CLEAR");
        }
    }

    /// Reads on at the party until the expected event; in between only what may be heard.
    void Hear(Party party, IDictionary expected)
    {
        object said;
        do said = Next(party); while (((IEnumerable)plan["may_hear"]).Cast<string>().Contains(Of(said, "type")));
        var what = party.Name + " " + party.Dn + " " + expected["type"];
        Same(what + ": type", Of(said, "type"), expected["type"]);
        Same(what + ": cause", Of(said, "cause"), expected["cause"]);
        Same(what + ": state", Of(said, "callState"), expected["state"]);
        var roles = ((IEnumerable)expected["devices"]).Cast<IEnumerable>();
        var wanted = roles.Select(role => role.Cast<string>().ToArray()).ToList();
        if (wanted.All(d => d[1] != party.Name)) wanted.Insert(0, new[] { "USING_DEVICE", party.Name });
        var devices = ((IEnumerable)Gateway.Field(said, "device") ?? new object[0]).Cast<object>().ToList();
        Same(what + ": number of devices", devices.Count, wanted.Count);
        foreach (var pair in devices.Zip(wanted, (device, role) => new { device, role }))
        {
            if (!pair.role[0].Split('|').Contains(Of(pair.device, "deviceName")))
                throw new Wrong(what + ": " + Of(pair.device, "deviceName") + ", should be " + pair.role[0]);
            Same(what + ": NUMBER", Attribute(pair.device, "deviceAttribute", "NUMBER"), parties[pair.role[1]].Dn);
        }
        Same(what + ": ICP_ID", Attribute(said, "callEventAttribute", "ICP_ID"), Gateway.Spelt(party.Icp));
        if ((string)expected["type"] == "MONITOR_SET") return;
        var leg = Gateway.Field(said, "localCallId");
        if (!party.Leg.Equals(0L)) Same(what + ": localCallId", leg, party.Leg);
        party.Leg = (string)expected["state"] == "IDLE" ? 0L : leg;
        globalCallIds.Add(Attribute(said, "callEventAttribute", "CURRENT_GLOBAL_CALL_ID"));
    }

    /// The next event of this party; those of others are kept for them.
    object Next(Party party)
    {
        var until = DateTime.UtcNow.AddMilliseconds(PatienceMs);
        for (;;)
        {
            Queue<object> queue;
            if (heard.TryGetValue(party.Id, out queue) && queue.Count > 0) return queue.Dequeue();
            if (DateTime.UtcNow > until) throw new Wrong(party.Name + " " + party.Dn + " heard nothing");
            var reply = gateway.Call("getEvent", Asked("timeout", 1000));
            if (!Gateway.Result(reply))
            {
                Same("the text of getEvent", Gateway.Text(reply), scenario["nothing_to_hear"]);
                continue;
            }
            var said = Gateway.Field(reply, "callEvent");
            var id = Gateway.Field(said, "objectId");
            if (!heard.ContainsKey(id)) heard[id] = new Queue<object>();
            heard[id].Enqueue(said);
        }
    }

    void HearsNothing()
    {
        var reply = gateway.Refused("getEvent", "nothing to hear", Asked("timeout", 300));
        Same("the text of getEvent", Gateway.Text(reply), scenario["nothing_to_hear"]);
        Same("events that nobody expected", heard.Values.Sum(queue => queue.Count), 0);
    }

    static string Of(object holder, string path)
    {
        return Gateway.Spelt(Gateway.Field(holder, path));
    }

    static string Attribute(object holder, string list, string name)
    {
        var rows = ((IEnumerable)Gateway.Field(holder, list) ?? new object[0]).Cast<object>();
        rows = rows.Where(row => Of(row, "attributeName") == name);
        return rows.Select(row => Of(row, "attributeValue")).SingleOrDefault();
    }

    static void Same(string what, object found, object wanted)
    {
        if (!Equals(found, wanted)) throw new Wrong(what + " is " + found + ", should be " + wanted);
    }
}

static class Program
{
    static IDictionary Read(string folder, string name)
    {
        return (IDictionary)new JavaScriptSerializer().DeserializeObject(File.ReadAllText(Path.Combine(folder, name)));
    }

    static int Main(string[] given)
    {
        var watch = Stopwatch.StartNew();
        var at = "the WSDL";
        try
        {
            if (given.Length > 4) Directory.CreateDirectory(Recorder.Folder = given[4]);
            var hands = given.Skip(1).Take(2).Select(address => address.TrimEnd('/')).ToArray();
            IDictionary scenario = Read(given[3], "scenario.json"), operations = Read(given[3], "operations.json");
            var gateway = new Gateway(given[0].TrimEnd('/'));
            var calls = new List<string>();
            foreach (DictionaryEntry named in (IDictionary)scenario["calls"])
            {
                at = (string)named.Key;
                calls.Add(new Call(gateway, scenario, (IDictionary)named.Value, hands).Run());
            }
            if (calls.Distinct().Count() != calls.Count) throw new Wrong("two calls have one Global Call ID");
            at = "the operations";
            var login = (IDictionary)scenario["login"];
            var count = new Operations(gateway, operations, login, new Uri(hands[0]).Host).Run();
            Console.WriteLine("mono: {0} calls, {1} operations, {2} requests, {3:F1} s: as agreed",
                calls.Count, count, Recorder.Count, watch.Elapsed.TotalSeconds);
            return 0;
        }
        catch (Exception trouble)
        {
            if (!(trouble is Wrong)) Console.Error.WriteLine(trouble);
            Console.Error.WriteLine("mono: failed in {0}: {1}", at, trouble.Message);
            return 1;
        }
    }
}
