//! Bytes as they go over the wire, for the messages that matter most: a change here is a change
//! for every application.

use schemas::contract::cc::{
    AttributeType, CallEventAttributeNames, CallEventAttributeValue, CallEventMsg, CallEventType, CallState, Device,
    DeviceAttributeNames, DeviceAttributeValue, DeviceName, EventCauseType, EventType, FeaturesAllowed, Outcome,
    StandardEventMsg,
};
use schemas::contract::ops_call_control_standard::{GetEvent, MakeCall};
use schemas::contract::ops_session::{Login, LoginEx};
use schemas::contract::session::LoginExResponse;
use schemas::contract::{Record, Request, Service};
use schemas::soap::{self, Envelope, Version, push};
use schemas::xml::Writer;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>";
const TAIL: &str = "</soapenv:Body></soapenv:Envelope>";
const CC: &str = " xmlns:svc=\"http://mitel.com/oig/cc/standard/StandardCCService\" xmlns:cc=\"http://mitel.com/oig/cc\" \
    xmlns:adv=\"http://mitel.com/oig/cc/advanced\" xmlns:std=\"http://mitel.com/oig/cc/standard\"";

#[test]
fn login_is_read_from_the_bytes_of_an_old_client() {
    let bytes = br#"<?xml version='1.0' encoding='UTF-8'?>
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header/><S:Body>
<ns2:login xmlns:ns2="http://mitel.com/oig/session/SessionService"><ns2:req>
<ns1:applicationName xmlns:ns1="http://mitel.com/oig/session">Screen Pop</ns1:applicationName>
<companyName xmlns="http://mitel.com/oig/session">Example &amp; Sons</companyName>
<ns3:localPassword xmlns:ns3="http://mitel.com/oig/session">s&lt;3</ns3:localPassword>
</ns2:req></ns2:login></S:Body></S:Envelope>"#;
    let envelope = Envelope::parse(bytes).unwrap();
    assert_eq!(soap::identify(Service::SessionService, Some("\"urn:login\""), envelope.body()).unwrap().name, "login");
    let request = Login::read(envelope.body()).unwrap().req.unwrap();
    assert_eq!(request.application_name, "Screen Pop");
    assert_eq!(request.company_name, "Example & Sons");
    assert_eq!(request.local_password, "s<3");
    assert_eq!(request.application_password, None);
}

#[test]
fn a_login_reply() {
    let answer = LoginExResponse {
        authentication_data: Some("5f2c".to_owned()),
        result: true,
        session_id: 6_417_203_348_891_337,
        ..LoginExResponse::default()
    };
    assert_eq!(
        soap::reply(Version::V1_1, LoginEx::OPERATION, &answer),
        format!(
            "{HEAD}<svc:loginExResponse xmlns:svc=\"http://mitel.com/oig/session/SessionService\" \
             xmlns:session=\"http://mitel.com/oig/session\"><svc:return result=\"true\" \
             sessionId=\"6417203348891337\"><session:authenticationData>5f2c</session:authenticationData>\
             </svc:return></svc:loginExResponse>{TAIL}"
        )
    );
}

#[test]
fn make_call_and_its_reply() {
    let request = MakeCall { session_id: 1, object_id: -2, number: "\"9\"\t<&\u{1}>".to_owned(), account_code: None };
    assert_eq!(
        soap::request(Version::V1_1, &request),
        format!(
            "{HEAD}<svc:makeCall{CC}><svc:sessionId>1</svc:sessionId><svc:objectId>-2</svc:objectId>\
             <svc:number>&quot;9&quot;&#9;&lt;&amp;&gt;</svc:number></svc:makeCall>{TAIL}"
        )
    );
    let done = Outcome { result: true, ..Outcome::default() };
    assert_eq!(
        soap::reply(Version::V1_1, MakeCall::OPERATION, &done),
        format!("{HEAD}<svc:makeCallResponse{CC}><svc:return result=\"true\"/></svc:makeCallResponse>{TAIL}")
    );
}

fn event() -> StandardEventMsg {
    StandardEventMsg {
        event_type: Some(EventType::CallEvent),
        call_event: Some(CallEventMsg {
            kind: Some(CallEventType::CallEstablished),
            cause: Some(EventCauseType::Answered),
            call_state: Some(CallState::Established),
            call_event_attribute: vec![CallEventAttributeValue {
                attribute_name: Some(CallEventAttributeNames::CurrentGlobalCallId),
                attribute_value: Some("A0010042A".to_owned()),
                attribute_type: Some(AttributeType::String),
            }],
            features_allowed: vec![FeaturesAllowed::ClearCall, FeaturesAllowed::HoldCall],
            device: vec![Device {
                device_name: Some(DeviceName::CallingDevice),
                device_attribute: vec![DeviceAttributeValue {
                    attribute_name: Some(DeviceAttributeNames::Number),
                    attribute_value: Some("2001".to_owned()),
                    attribute_type: Some(AttributeType::String),
                }],
            }],
            local_call_id: 42,
            call_event_time: 1_767_225_600_000,
            object_id: 77,
            ..CallEventMsg::default()
        }),
        result: true,
        ..StandardEventMsg::default()
    }
}

const EVENT: &str = "<cc:eventType>CALL_EVENT</cc:eventType>\
    <cc:callEvent localCallId=\"42\" callEventTime=\"1767225600000\" objectId=\"77\">\
    <cc:type>CALL_ESTABLISHED</cc:type><cc:cause>ANSWERED</cc:cause><cc:callState>ESTABLISHED</cc:callState>\
    <cc:callEventAttribute><cc:attributeName>CURRENT_GLOBAL_CALL_ID</cc:attributeName>\
    <cc:attributeValue>A0010042A</cc:attributeValue><cc:attributeType>STRING</cc:attributeType></cc:callEventAttribute>\
    <cc:featuresAllowed>CLEAR_CALL</cc:featuresAllowed><cc:featuresAllowed>HOLD_CALL</cc:featuresAllowed>\
    <cc:device><cc:deviceName>CALLING_DEVICE</cc:deviceName><cc:deviceAttribute>\
    <cc:attributeName>NUMBER</cc:attributeName><cc:attributeValue>2001</cc:attributeValue>\
    <cc:attributeType>STRING</cc:attributeType></cc:deviceAttribute></cc:device></cc:callEvent>";

#[test]
fn an_event_is_the_same_bytes_however_it_is_embedded() {
    let expected = format!(
        "{HEAD}<svc:getEventResponse{CC}><svc:return result=\"true\">{EVENT}</svc:return></svc:getEventResponse>{TAIL}"
    );
    assert_eq!(soap::reply(Version::V1_1, GetEvent::OPERATION, &event()), expected);
    let mut fragment = Writer::new();
    event().write_children(&mut fragment);
    let fragment = fragment.finish();
    assert_eq!(soap::reply_raw(Version::V1_1, GetEvent::OPERATION, &[("result", "true")], &fragment), expected);
}

#[test]
fn an_event_is_pushed_and_the_answer_read() {
    let expected = format!(
        "{HEAD}<svc:handleEvent xmlns:svc=\"http://mitel.com/oig/cc/standard/EventHandlerCCService\" \
         xmlns:cc=\"http://mitel.com/oig/cc\"><svc:event result=\"true\">{EVENT}</svc:event></svc:handleEvent>{TAIL}"
    );
    assert_eq!(push::event(Service::EventHandler, &event()), expected);
    assert_eq!(push::event_raw(Service::EventHandler, &[("result", "true")], EVENT), expected);
    assert_eq!(push::action(Service::EventHandler), "\"urn:handleEvent\"");
    for (text, taken) in [("true", Some(true)), ("0", Some(false)), ("maybe", None)] {
        let answer = format!(
            "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><handleEventResponse \
             xmlns='http://mitel.com/oig/cc/standard/EventHandlerCCService'><return>{text}</return>\
             </handleEventResponse></e:Body></e:Envelope>"
        );
        let envelope = Envelope::parse(answer.as_bytes()).unwrap();
        assert_eq!(push::read_answer(Service::EventHandler, &envelope).ok(), taken);
    }
}
