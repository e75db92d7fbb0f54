// The gateway as .NET sees it: the proxies that Mono's wsdl made, reached by the operations' names.
// Keeps the raw bytes of each request and reply where asked to. Knows no scenario.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Web.Services.Protocols;

/// The gateway did something that the contract does not say.
public class Wrong : Exception
{
    public Wrong(string what) : base(what) { }
}

public class Gateway
{
    readonly Dictionary<string, SoapHttpClientProtocol> proxies = new Dictionary<string, SoapHttpClientProtocol>();

    public Gateway(string url)
    {
        foreach (var proxy in new SoapHttpClientProtocol[] {
            new Oig.Session.SessionService(), new Oig.Call.StandardCCService(), new Oig.Data.DataAccessService() })
        {
            // Made from this gateway's WSDL: the address in it is the gateway's, and is used as it is.
            if (!proxy.Url.StartsWith(url + "/")) throw new Wrong("the WSDL names the address " + proxy.Url);
            proxy.Timeout = 60000;
            proxy.Proxy = null;
            foreach (var method in proxy.GetType().GetMethods())
                if (method.IsDefined(typeof(SoapDocumentMethodAttribute), false)) proxies[method.Name] = proxy;
        }
    }

    /// The `return` element.
    public object Call(string operation, IDictionary arguments)
    {
        SoapHttpClientProtocol proxy;
        if (!proxies.TryGetValue(operation, out proxy)) throw new Wrong("the proxies have no " + operation);
        var method = proxy.GetType().GetMethod(operation);
        try
        {
            var request = Filled(method.GetParameters()[0].ParameterType, arguments);
            var reply = Field(method.Invoke(proxy, new[] { request }), "return");
            if (reply == null) throw new Wrong(operation + ": answered without a return element");
            return reply;
        }
        catch (TargetInvocationException trouble)
        {
            throw new Wrong(operation + ": " + trouble.InnerException.Message);
        }
    }

    public object Accepted(string operation, IDictionary arguments)
    {
        var reply = Call(operation, arguments);
        if (!Result(reply) || Text(reply) != null)
            throw new Wrong(operation + ": result " + Result(reply) + ", text " + Text(reply));
        return reply;
    }

    public object Refused(string operation, string why, IDictionary arguments)
    {
        var reply = Call(operation, arguments);
        if (Result(reply)) throw new Wrong(operation + " with " + why + " was accepted");
        if (string.IsNullOrEmpty(Text(reply)))
            throw new Wrong(operation + " with " + why + " was refused without a text");
        return reply;
    }

    public static bool Result(object reply)
    {
        return (bool)Field(reply, "result");
    }

    public static string Text(object reply)
    {
        return (string)(Field(reply, "errorDescription") ?? Field(reply, "errorDesc"));
    }

    /// What lies at a path like `callEvent.type`; null where it is not.
    public static object Field(object holder, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (holder == null) return null;
            var list = holder as IList;
            if (list != null)
            {
                // Of a type that holds nothing but such a list wsdl makes the list itself, without the name.
                int at;
                if (int.TryParse(name, out at)) holder = at < list.Count ? list[at] : null;
                continue;
            }
            var specified = holder.GetType().GetProperty(name + "Specified");
            if (specified != null && !(bool)specified.GetValue(holder, null)) return null;
            // A class cannot have a member of its own name: in the class `result` wsdl calls it `result1`.
            var property = holder.GetType().GetProperty(holder.GetType().Name == name ? name + "1" : name);
            holder = property == null ? null : property.GetValue(holder, null);
        }
        return holder;
    }

    /// As the scenarios spell it.
    public static string Spelt(object value)
    {
        if (value == null) return null;
        var text = Convert.ToString(value, CultureInfo.InvariantCulture);
        return value is bool ? text.ToLowerInvariant() : text;
    }

    static object Filled(Type type, IDictionary members)
    {
        var filled = Activator.CreateInstance(type);
        foreach (DictionaryEntry member in members)
        {
            var name = ((string)member.Key).TrimStart('@');
            var property = type.GetProperty(name);
            if (property == null) throw new Wrong("the proxies' " + type.Name + " has no " + name);
            property.SetValue(filled, Converted(property.PropertyType, member.Value), null);
            var specified = type.GetProperty(name + "Specified");
            if (specified != null) specified.SetValue(filled, true, null);
        }
        return filled;
    }

    static object Converted(Type type, object value)
    {
        if (type.IsInstanceOfType(value)) return value;
        if (type.IsArray) return Listed(type.GetElementType(), value);
        if (value is IDictionary) return Filled(type, (IDictionary)value);
        if (type.IsEnum) return Enum.Parse(type, Spelt(value));
        return Convert.ChangeType(value, type, CultureInfo.InvariantCulture);
    }

    /// A list; of a type that holds nothing but one, wsdl makes the list itself.
    static Array Listed(Type type, object value)
    {
        if (value is IDictionary) value = ((IDictionary)value).Values.Cast<object>().Single();
        var items = ((IEnumerable)value).Cast<object>().Select(item => Converted(type, item)).ToArray();
        var list = Array.CreateInstance(type, items.Length);
        Array.Copy(items, list, items.Length);
        return list;
    }
}

/// Keeps what goes over the wire, named by the operation; call.exe.config puts it before every proxy.
public class Recorder : SoapExtension
{
    public static string Folder;
    public static int Count;

    Stream wire;
    MemoryStream kept;
    string stem;

    public override object GetInitializer(Type service) { return null; }
    public override object GetInitializer(LogicalMethodInfo method, SoapExtensionAttribute attribute) { return null; }
    public override void Initialize(object initializer) { }

    public override Stream ChainStream(Stream stream)
    {
        wire = stream;
        return kept = new MemoryStream();
    }

    public override void ProcessMessage(SoapMessage message)
    {
        switch (message.Stage)
        {
            case SoapMessageStage.BeforeSerialize:
                stem = string.Format("mono-{0:D4}-{1}", Interlocked.Increment(ref Count), message.MethodInfo.Name);
                break;
            case SoapMessageStage.AfterSerialize:
                Keep("request");
                kept.WriteTo(wire);
                break;
            case SoapMessageStage.BeforeDeserialize:
                wire.CopyTo(kept);
                Keep("reply");
                kept.Position = 0;
                break;
        }
    }

    void Keep(string what)
    {
        if (Folder != null) File.WriteAllBytes(Path.Combine(Folder, stem + "-" + what + ".xml"), kept.ToArray());
    }
}
