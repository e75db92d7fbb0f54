//! What is not quite a request: each rule of reading by an example, and that nothing of the input
//! comes back.

use schemas::contract::ops_call_control_standard::{GetDeviceConfiguration, GetEvent, MakeCall, SetDeviceDnd};
use schemas::contract::ops_session::{LoginEx, ServiceVersions};
use schemas::contract::{Request, Service};
use schemas::fault::Fault;
use schemas::soap::{self, Envelope, Version};
use schemas::xml::XmlFault;

const CC: &str = "http://mitel.com/oig/cc/standard/StandardCCService";
const STD: &str = "http://mitel.com/oig/cc/standard";
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

fn read<R: Request>(fields: &str) -> Result<R, String> {
    let (name, ns) = (R::OPERATION.name, R::OPERATION.service.namespace().uri());
    let text = format!(
        "<e:Envelope xmlns:e=\"{SOAP}\"><e:Body><{name} xmlns=\"{ns}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:t=\"{STD}\" \
         xmlns:s=\"http://mitel.com/oig/session\">{fields}</{name}></e:Body></e:Envelope>"
    );
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    R::read(envelope.body()).map_err(|refusal| refusal.to_string())
}

const IDS: &str = "<sessionId>1</sessionId><objectId>2</objectId>";

#[test]
fn a_wrong_field_is_refused_by_its_name() {
    let long = format!("{IDS}<number>{}</number>", "7".repeat(65 * 1024));
    for (fields, text) in [
        (IDS, "The element 'number' is missing."),
        ("<objectId>2</objectId><number>3</number>", "The element 'sessionId' is missing."),
        (&format!("{IDS}<x:number xmlns:x='urn:secret'>3</x:number>"), "The element 'number' is missing."),
        (&format!("{IDS}<number xmlns=''>3</number>"), "The element 'number' is missing."),
        (&format!("{IDS}<number xsi:nil='true'/>"), "The element 'number' is missing."),
        (&format!("{IDS}<number>3</number><number>4</number>"), "The element 'number' is given more than once."),
        (&format!("{IDS}<objectId>2</objectId><number>3</number>"), "The element 'objectId' is given more than once."),
        ("<sessionId>secret</sessionId>", "The value of 'sessionId' is not a whole number."),
        ("<sessionId/>", "The value of 'sessionId' is not a whole number."),
        ("<sessionId>1.5</sessionId>", "The value of 'sessionId' is not a whole number."),
        ("<sessionId>1 2</sessionId>", "The value of 'sessionId' is not a whole number."),
        ("<sessionId>9223372036854775808</sessionId>", "The value of 'sessionId' is out of range."),
        (&long, "The value of 'number' is too long."),
    ] {
        assert_eq!(read::<MakeCall>(fields), Err(text.to_owned()));
    }
    assert_eq!(
        read::<GetEvent>("<sessionId>1</sessionId><timeout>2147483648</timeout>"),
        Err("The value of 'timeout' is out of range.".to_owned())
    );
    assert_eq!(
        read::<SetDeviceDnd>(&format!("{IDS}<dndState>TRUE</dndState>")),
        Err("The value of 'dndState' is neither true nor false.".to_owned())
    );
    assert_eq!(
        read::<GetDeviceConfiguration>("<request icpId='1'><t:primeDn>2001</t:primeDn></request>"),
        Err("The attribute 'sessionId' is missing.".to_owned())
    );
    assert_eq!(
        read::<GetDeviceConfiguration>("<request icpId='1' t:sessionId='1'><t:primeDn>2001</t:primeDn></request>"),
        Err("The attribute 'sessionId' is missing.".to_owned())
    );
    assert_eq!(
        read::<GetDeviceConfiguration>("<request icpId='1' sessionId='1'><primeDn>2001</primeDn></request>"),
        Err("The element 'primeDn' is missing.".to_owned())
    );
    assert_eq!(
        read::<ServiceVersions>("<sessionId xsi:nil='true'/>"),
        Err("The element 'sessionId' is missing.".to_owned())
    );
}

#[test]
fn what_old_clients_send_is_read() {
    let plain = MakeCall { session_id: 1, object_id: 2, number: " 9 ".to_owned(), account_code: None };
    for fields in [
        "<sessionId>\n 1 </sessionId><objectId>+2</objectId><number> 9 </number>",
        "<number> 9 </number><objectId>2</objectId><sessionId>1</sessionId>",
        "<sessionId extra='x'>1</sessionId><later/><objectId>2</objectId><number> 9 </number><accountCode xsi:nil='1'/>",
        &format!(
            "<a:sessionId xmlns:a='{CC}'>1</a:sessionId><b:objectId xmlns:b='{CC}'>2</b:objectId>\
                  <number><![CDATA[ 9 ]]></number>"
        ),
    ] {
        assert_eq!(read::<MakeCall>(fields).as_ref(), Ok(&plain), "{fields}");
    }
    for (text, value) in [("true", true), (" 1 ", true), ("false", false), ("0", false)] {
        let read = read::<SetDeviceDnd>(&format!("{IDS}<dndState>{text}</dndState>")).unwrap();
        assert_eq!(read.dnd_state, value);
    }
    let login = "<req><s:applicationName>a</s:applicationName><s:companyName>c</s:companyName>\
                 <s:applicationPassword>p</s:applicationPassword><s:localPassword>l</s:localPassword></req>";
    assert_eq!(read::<LoginEx>(login).unwrap().req.unwrap().version, "4.1");
    assert_eq!(read::<LoginEx>("").unwrap().req, None);
}

fn fault_of(text: &str) -> Fault {
    Envelope::parse(text.as_bytes()).unwrap_err().fault
}

#[test]
fn what_is_no_envelope_is_a_fault() {
    let body = "<m xmlns='urn:x'/>";
    for (text, fault) in [
        ("".to_owned(), Fault::BadXml(XmlFault::NoRoot)),
        ("{}".to_owned(), Fault::BadXml(XmlFault::Malformed)),
        ("<a/>".to_owned(), Fault::NotAnEnvelope),
        ("<Envelope xmlns='urn:x'/>".to_owned(), Fault::VersionMismatch),
        (format!("<Envelope xmlns='{SOAP}'/>"), Fault::NotAnEnvelope),
        (format!("<Envelope xmlns='{SOAP}'><Body/></Envelope>"), Fault::NotAnEnvelope),
        (format!("<Envelope xmlns='{SOAP}'><Body>{body}{body}</Body></Envelope>"), Fault::NotAnEnvelope),
        (format!("<Envelope xmlns='{SOAP}'><Body>{body}</Body><Body>{body}</Body></Envelope>"), Fault::NotAnEnvelope),
        (format!("<e:Envelope xmlns:e='{SOAP}'><Body>{body}</Body></e:Envelope>"), Fault::NotAnEnvelope),
        (
            format!(
                "<e:Envelope xmlns:e='{SOAP}'><e:Header><h xmlns='urn:h' e:mustUnderstand='1'/></e:Header>\
                     <e:Body>{body}</e:Body></e:Envelope>"
            ),
            Fault::MustUnderstand,
        ),
    ] {
        assert_eq!(fault_of(&text), fault, "{text}");
    }
}

#[test]
fn headers_that_may_be_skipped_are_and_both_versions_are_known() {
    for (uri, must, version) in [
        (SOAP, "0", Version::V1_1),
        (SOAP, "1' e:actor='urn:another", Version::V1_1),
        ("http://www.w3.org/2003/05/soap-envelope", "false", Version::V1_2),
        ("http://www.w3.org/2003/05/soap-envelope", "true' e:role='urn:another", Version::V1_2),
    ] {
        let text = format!(
            "<e:Envelope xmlns:e='{uri}'><e:Header><h xmlns='urn:h' e:mustUnderstand='{must}'/></e:Header>\
             <e:Body><m xmlns='urn:x'/></e:Body></e:Envelope>"
        );
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        assert_eq!(envelope.version(), version);
        assert!(envelope.body().is("urn:x", "m"));
    }
    let must = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Header>\
                <h xmlns='urn:h' e:mustUnderstand='true'/></e:Header><e:Body><m/></e:Body></e:Envelope>";
    let rejected = Envelope::parse(must.as_bytes()).unwrap_err();
    assert_eq!((rejected.version, rejected.fault), (Version::V1_2, Fault::MustUnderstand));
}

#[test]
fn the_body_decides_which_operation_it_is_and_an_action_must_not_contradict() {
    let identify = |ns: &str, name: &str, action: Option<&str>| {
        let text = format!("<e:Envelope xmlns:e='{SOAP}'><e:Body><{name} xmlns='{ns}'/></e:Body></e:Envelope>");
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        soap::identify(Service::StandardCcService, action, envelope.body()).map(|row| row.name)
    };
    for action in
        [None, Some(""), Some("\"\""), Some("urn:makeCall"), Some("\"urn:makeCall\""), Some(" \"urn:makeCall\" ")]
    {
        assert_eq!(identify(CC, "makeCall", action), Ok("makeCall"), "{action:?}");
    }
    for action in [Some("urn:clearCall"), Some("\"urn:other\""), Some("makeCall"), Some("urn:makecall")] {
        assert_eq!(identify(CC, "makeCall", action), Err(Fault::ActionMismatch), "{action:?}");
    }
    for (ns, name, fault) in [
        (CC, "makecall", Fault::UnknownOperation),
        (CC, "login", Fault::UnknownOperation),
        (CC, "makeCallResponse", Fault::UnknownOperation),
        (STD, "makeCall", Fault::NotThisContract(CC)),
        ("", "makeCall", Fault::NotThisContract(CC)),
    ] {
        assert_eq!(identify(ns, name, None), Err(fault), "{name}");
    }
    assert!(Fault::NotThisContract(CC).text().contains(CC), "the fault says which namespace is expected");
}
