//! What cannot be read: each known message without what it must have, texts without end, and what
//! is not known at all.

use schemas::csta::message::{
    CallRecord, Edition, Event, EventBody, Failure, Message, PrivateRequest, RecordsRequest, RecordsResponse, Request,
    Response,
};
use schemas::csta::read::{self, ReadFault};
use schemas::xml::XmlFault;

fn parse(xml: &str) -> Result<Message, ReadFault> {
    read::parse(xml.as_bytes()).map(|(message, _)| message)
}

#[test]
fn a_known_message_without_what_it_must_have_is_named_with_the_field() {
    let refs = "<monitorCrossRefID>1</monitorCrossRefID>";
    for (name, content, field) in [
        ("DeliveredEvent", "<connection><callID>1</callID></connection>", "monitorCrossRefID"),
        ("DeliveredEvent", "<monitorCrossRefID> </monitorCrossRefID>", "monitorCrossRefID"),
        ("DeliveredEvent", refs, "connection"),
        ("EstablishedEvent", &format!("{refs}<establishedConnection/>"), "establishedConnection"),
        ("HeldEvent", &format!("{refs}<connection><callID>1</callID></connection>"), "heldConnection"),
        ("QueuedEvent", &format!("{refs}<queuedConnection><callID/></queuedConnection>"), "queuedConnection"),
        ("SystemStatus", "", "systemStatus"),
        ("SwitchingFunctionDevices", "<lastSegment>1</lastSegment>", "serviceCrossRefID"),
        ("SwitchingFunctionDevices", "<serviceCrossRefID>1</serviceCrossRefID>", "lastSegment"),
        (
            "SwitchingFunctionDevices",
            "<serviceCrossRefID>1</serviceCrossRefID><lastSegment>1</lastSegment><deviceList><device/></deviceList>",
            "deviceID",
        ),
        ("GetLogicalDeviceInformation", "", "device"),
        ("MonitorStart", "", "monitorObject"),
        ("MonitorStart", "<monitorObject/>", "deviceObject"),
        ("MonitorStart", "<monitorObject><deviceObject/></monitorObject>", "deviceObject"),
        ("MonitorStop", "", "monitorCrossRefID"),
        ("SnapshotDevice", "<snapshotObject>N&lt;&gt;Anna</snapshotObject>", "snapshotObject"),
        ("SnapshotCall", "<snapshotObject><deviceID/></snapshotObject>", "snapshotObject"),
        ("MakeCall", "<calledDirectoryNumber>1</calledDirectoryNumber>", "callingDevice"),
        ("MakeCall", "<callingDevice>1</callingDevice>", "calledDirectoryNumber"),
        ("AnswerCall", "", "callToBeAnswered"),
        ("ClearConnection", "", "connectionToBeCleared"),
        ("HoldCall", "", "callToBeHeld"),
        ("RetrieveCall", "", "callToBeRetrieved"),
        ("ConsultationCall", "<consultedDevice>1</consultedDevice>", "existingCall"),
        ("ConsultationCall", "<existingCall><callID>1</callID></existingCall>", "consultedDevice"),
        ("ReconnectCall", "<heldCall><callID>1</callID></heldCall>", "activeCall"),
        ("AlternateCall", "<activeCall><callID>1</callID></activeCall>", "heldCall"),
        ("TransferCall", "<activeCall><callID>1</callID></activeCall>", "heldCall"),
        ("ConferenceCall", "<activeCall><callID>1</callID></activeCall>", "heldCall"),
        ("DeflectCall", "<newDestination>1</newDestination>", "callToBeDiverted"),
        ("DeflectCall", "<callToBeDiverted><callID>1</callID></callToBeDiverted>", "newDestination"),
        ("DirectedPickupCall", "<requestingDevice>1</requestingDevice>", "callToBePickedUp"),
        ("GenerateDigits", "<charactersToSend>1</charactersToSend>", "connectionToSendDigits"),
        ("GetDoNotDisturb", "", "device"),
        ("SetDoNotDisturb", "<doNotDisturbOn>true</doNotDisturbOn>", "device"),
        ("SetDoNotDisturb", "<device>1</device>", "doNotDisturbOn"),
        ("GetForwarding", "<device/>", "device"),
        ("SetForwarding", "<activateForward>true</activateForward>", "device"),
        ("SetForwarding", "<device>1</device><forwardDN>2</forwardDN>", "activateForward"),
        ("GetAutoAnswer", "", "device"),
        ("GetMessageWaitingIndicator", "", "device"),
        ("GetDoNotDisturbResponse", "", "doNotDisturbOn"),
        (
            "GetForwardingResponse",
            "<forwardingList><forwardListItem><forwardDN>1</forwardDN></forwardListItem></forwardingList>",
            "forwardStatus",
        ),
        ("GetAutoAnswerResponse", "", "autoAnswerOn"),
        ("GetMessageWaitingIndicatorResponse", "", "messageWaitingOn"),
        ("DoNotDisturbEvent", refs, "doNotDisturbOn"),
        ("ForwardingEvent", refs, "forwardStatus"),
        ("AutoAnswerEvent", refs, "autoAnswerOn"),
        (
            "MakeCall",
            "<callingDevice>1</callingDevice><calledDirectoryNumber>2</calledDirectoryNumber>\
            <accountCode>3G</accountCode>",
            "accountCode",
        ),
        ("AssociateData", "<accountCode>3132</accountCode>", "existingCall"),
        ("AssociateData", "<existingCall><callID>1</callID></existingCall>", "accountCode"),
        (
            "AssociateData",
            "<existingCall><callID>1</callID></existingCall><accountCode>313</accountCode>",
            "accountCode",
        ),
        ("CamponCall", "", "camponConnection"),
        ("CallBack", "<callbackConnection/>", "callbackConnection"),
        ("CallBackMessage", "", "callbackMessageConnection"),
        ("CallBackMessageNonCallRelated", "<originatingDevice>1</originatingDevice>", "targetDevice"),
        ("CancelCallBackMessage", "<targetDevice>1</targetDevice>", "originatingDevice"),
        ("MessageWaitingEvent", refs, "messageWaitingOn"),
        ("StartCDRTransmission", "", "transferMode"),
        ("StartCDRTransmission", "<transferMode>transferByPost</transferMode>", "transferMode"),
        ("StartCDRTransmissionResponse", "", "cdrCrossRefID"),
        ("SendStoredCDR", "", "cdrCrossRefID"),
        ("SendStoredCDR", "<cdrCrossRefID>1</cdrCrossRefID><timePeriod/>", "beginningOfCDR"),
        (
            "SendStoredCDR",
            "<cdrCrossRefID>1</cdrCrossRefID><timePeriod><beginningOfCDR>20261126145611Z</beginningOfCDR>\
             <endOfCDR>tomorrow</endOfCDR></timePeriod>",
            "endOfCDR",
        ),
        ("CDRReport", "<cdrInfo/>", "cdrCrossRefID"),
        (
            "CDRReport",
            "<cdrCrossRefID>1</cdrCrossRefID><cdrInfo><cdrInformationItem><recordedCall/></cdrInformationItem>\
             </cdrInfo>",
            "recordedCall",
        ),
        ("StopCDRTransmission", "<cdrCrossRefID> </cdrCrossRefID>", "cdrCrossRefID"),
        ("ConsultationCallResponse", "", "initiatedCall"),
        ("TransferCallResponse", "", "transferredCall"),
        ("ConferenceCallResponse", "", "conferenceCall"),
        ("DirectedPickupCallResponse", "", "pickedCall"),
        ("TransferedEvent", refs, "primaryOldCall"),
        ("ConferencedEvent", "<primaryOldCall><callID>1</callID></primaryOldCall>", "monitorCrossRefID"),
        ("CallInformationEvent", refs, "connection"),
        ("SystemRegisterResponse", "", "sysStatRegisterID"),
        ("GetSwitchingFunctionDevicesResponse", "", "serviceCrossRefID"),
        ("GetLogicalDeviceInformationResponse", "<hasPhysicalElement>1</hasPhysicalElement>", "appearanceType"),
        ("MonitorStartResponse", "", "monitorCrossRefID"),
        ("MakeCallResponse", "", "callingDevice"),
        ("SnapshotCallResponse", "", "snapshotData"),
        // The lines come later, under a reference: that is not a device without calls.
        (
            "SnapshotDeviceResponse",
            "<crossRefIDorSnapshotData><serviceCrossRefID>1</serviceCrossRefID></crossRefIDorSnapshotData>",
            "snapshotData",
        ),
        (
            "SnapshotDeviceResponse",
            "<crossRefIDorSnapshotData><snapshotData><snapshotDeviceResponseInfo/></snapshotData>\
             </crossRefIDorSnapshotData>",
            "connectionIdentifier",
        ),
    ] {
        let fault = parse(&format!("<{name}>{content}</{name}>"));
        assert_eq!(fault, Err(ReadFault::Missing { message: name, field }), "{name} {content}");
    }
}

#[test]
fn hot_desking_is_refused_without_what_it_must_have_and_no_fault_shows_a_pin() {
    let user = "<user>1900</user>";
    let set = "<set>1010</set>";
    for (name, content, field) in [
        ("hotDeskLogin", format!("{set}<pin>1234</pin>"), "user"),
        ("hotDeskLogin", format!("{set}{user}"), "pin"),
        ("hotDeskLogin", format!("{set}{user}<pin/>"), "pin"),
        ("hotDeskLogin", format!("{set}{user}<pin>12a4</pin>"), "pin"),
        ("hotDeskLogin", format!("{user}<pin>123456789</pin>"), "pin"),
        ("hotDeskLogout", String::new(), "user"),
        ("hotDeskVerify", "<pin>1234</pin>".into(), "user"),
        ("hotDeskVerify", user.into(), "pin"),
        ("hotDeskState", String::new(), "user"),
    ] {
        let asked = format!("<{name} xmlns='urn:oig:csta:1'>{content}</{name}>");
        let fault = parse(&format!("<Escape><privateData><private>{asked}</private></privateData></Escape>"));
        assert_eq!(fault, Err(ReadFault::Missing { message: name, field }), "{name} {content}");
        let shown = fault.expect_err("refused").to_string();
        assert!(!shown.contains("12"), "{shown}");
    }
    let changed = "<privateData><private><hotDeskChanged xmlns='urn:oig:csta:1'/></private></privateData>";
    let fault = parse(&format!("<PrivateEvent><monitorCrossRefID>1</monitorCrossRefID>{changed}</PrivateEvent>"));
    assert_eq!(fault, Err(ReadFault::Missing { message: "hotDeskChanged", field: "user" }));
    // Nothing of ours is something of another maker's.
    let other = "<monitorCrossRefID>1</monitorCrossRefID><privateData><string>00</string></privateData>";
    let body = EventBody::Other("PrivateEvent".into());
    let read = parse(&format!("<PrivateEvent>{other}</PrivateEvent>"));
    assert_eq!(read, Ok(Message::Event(Event { cross_ref: "1".into(), body })));
}

#[test]
fn presence_is_refused_without_what_it_must_have() {
    let group = "<group>1005</group>";
    let member = "<member>1015</member>";
    let presence = |name: &str, content: &str| format!("<{name} xmlns='urn:oig:csta:1'>{content}</{name}>");
    let asked = |content: &str| {
        let asked = presence("presence", content);
        parse(&format!("<Escape><privateData><private>{asked}</private></privateData></Escape>"))
    };
    for (content, field) in [
        (format!("{member}<present>true</present>"), "group"),
        (format!("{group}<present>true</present>"), "member"),
        (format!("{group}{member}"), "present"),
    ] {
        let missing = |message| Err(ReadFault::Missing { message, field });
        assert_eq!(asked(&content), missing("presence"), "{content}");
        let told = presence("presenceChanged", &content);
        let event =
            format!("<monitorCrossRefID>1</monitorCrossRefID><privateData><private>{told}</private></privateData>");
        assert_eq!(parse(&format!("<PrivateEvent>{event}</PrivateEvent>")), missing("presenceChanged"), "{content}");
    }
    for (content, field) in [("", "crossRef"), ("<crossRef>7</crossRef><absent><group>1005</group></absent>", "member")]
    {
        let told = presence("presenceMonitor", content);
        let answer = format!("<privateData><private>{told}</private></privateData>");
        let fault = parse(&format!("<EscapeResponse><extensions>{answer}</extensions></EscapeResponse>"));
        assert_eq!(fault, Err(ReadFault::Missing { message: "presenceMonitor", field }), "{content}");
    }
}

/// What a report says that it holds is not believed, and what of a record cannot be read is not there.
#[test]
fn a_report_of_calls_is_what_it_holds() {
    let report = |content: &str| {
        let read = parse(&format!("<CDRReport><cdrCrossRefID>1</cdrCrossRefID>{content}</CDRReport>"));
        match read {
            Ok(Message::Request(Request::Records(RecordsRequest::Report { records, last, .. }))) => (records, last),
            other => panic!("{content}: {other:?}"),
        }
    };
    let unreadable = "<recordNumber>-3</recordNumber><connectionStart>yesterday</connectionStart>\
                      <connectionDuration>99999999999</connectionDuration><reasonForTerm>bored</reasonForTerm>";
    for (content, records) in [
        ("", 0),
        ("<numberOfRecordsSent>5</numberOfRecordsSent><cdrInfo/>", 0),
        ("<numberOfRecordsSent>-99999999999999999999</numberOfRecordsSent><cdrInfo/>", 0),
        ("<cdrInfo><cdrInformationItem/><other/><cdrInformationItem/></cdrInfo>", 2),
        (&format!("<cdrInfo><cdrInformationItem>{unreadable}</cdrInformationItem></cdrInfo>"), 1),
        (&format!("<cdrInfo>{}</cdrInfo>", "<cdrInformationItem/>".repeat(2_000)), 1_024),
    ] {
        assert_eq!(report(content), (vec![CallRecord::default(); records], false), "{content}");
    }
    assert!(report("<lastStoredCDRReportSent>1</lastStoredCDRReportSent>").1);
    let clock = "<StartCDRTransmissionResponse><cdrCrossRefID>1</cdrCrossRefID><extensions><security><timeStamp>noon\
                 </timeStamp></security></extensions></StartCDRTransmissionResponse>";
    let started = RecordsResponse::Start { cross_ref: "1".into(), clock_ms: None };
    assert_eq!(parse(clock), Ok(Message::Response(Response::Records(started))));
}

#[test]
fn a_text_without_end_is_refused_and_not_cut() {
    let fits = "é".repeat(256);
    let long = "é".repeat(257);
    for shape in [
        "<MonitorStop><monitorCrossRefID>TEXT</monitorCrossRefID></MonitorStop>",
        "<AnswerCall><callToBeAnswered><callID>TEXT</callID></callToBeAnswered></AnswerCall>",
        "<SnapshotDevice><snapshotObject>TEXT</snapshotObject></SnapshotDevice>",
        "<CSTAErrorCode><privateErrorCode>TEXT</privateErrorCode></CSTAErrorCode>",
        "<TEXT/>",
    ] {
        assert!(parse(&shape.replace("TEXT", &fits)).is_ok(), "{shape}");
        assert_eq!(parse(&shape.replace("TEXT", &long)), Err(ReadFault::TooLong), "{shape}");
    }
}

#[test]
fn the_guard_stands_before_the_reader() {
    for (xml, fault) in [
        ("", XmlFault::NoRoot),
        ("<SystemStatus>", XmlFault::Malformed),
        ("<!DOCTYPE x><SystemStatus/>", XmlFault::Doctype),
        ("<SystemStatus/><SystemStatus/>", XmlFault::AfterRoot),
    ] {
        assert_eq!(parse(xml), Err(ReadFault::Xml(fault)), "{xml}");
    }
    let large = format!("<SystemStatus>{}</SystemStatus>", " ".repeat(70_000));
    assert_eq!(parse(&large), Err(ReadFault::Xml(XmlFault::TooLarge)));
}

#[test]
fn what_is_not_known_is_told_apart() {
    for (xml, expected) in [
        ("<ParkCall/>", Message::Request(Request::Unsupported { name: "ParkCall".into() })),
        ("<Escape/>", Message::Request(Request::Escape(PrivateRequest::Unsupported))),
        (
            "<Escape><privateData><private><x xmlns='urn:other'/></private></privateData></Escape>",
            Message::Request(Request::Escape(PrivateRequest::Unsupported)),
        ),
        (
            "<MonitorStart><monitorObject><callObject><callID>1</callID></callObject></monitorObject></MonitorStart>",
            Message::Request(Request::Unsupported { name: "MonitorStart".into() }),
        ),
        ("<ParkCallResponse/>", Message::Unknown("ParkCallResponse".into())),
        ("<PrivateEvent/>", Message::Unknown("PrivateEvent".into())),
        (
            "<x xmlns='http://www.ecma-international.org/standards/ecma-354/appl_session'/>",
            Message::Unknown("x".into()),
        ),
        ("<CSTAErrorCode/>", Message::Failure(Failure { category: "unspecified".into(), value: String::new() })),
        (
            "<CSTAErrorCode><unspecified/></CSTAErrorCode>",
            Message::Failure(Failure { category: "unspecified".into(), value: String::new() }),
        ),
        ("<CSTAErrorCode><security>generic</security></CSTAErrorCode>", {
            Message::Failure(Failure { category: "security".into(), value: "generic".into() })
        }),
    ] {
        assert_eq!(parse(xml), Ok(expected), "{xml}");
    }
}

#[test]
fn the_edition_is_that_of_the_namespace_and_else_the_default() {
    let uri = "http://www.ecma-international.org/standards/ecma-323/csta/";
    for (namespace, edition) in [
        (format!("{uri}ed3"), Edition::Ed3),
        (format!("{uri}ed4"), Edition::Ed4),
        (format!("{uri}ed5"), Edition::Ed5),
        (format!("{uri}ed6"), Edition::Ed6),
        (format!("{uri}ed7"), Edition::Ed5),
        (String::new(), Edition::Ed5),
    ] {
        let xml = format!("<SystemRegister xmlns='{namespace}'/>");
        assert_eq!(read::parse(xml.as_bytes()), Ok((Message::Request(Request::SystemRegister), edition)));
    }
}

#[test]
fn no_fault_repeats_the_input() {
    let secret = "s3cret".repeat(60);
    for xml in [
        format!("<MonitorStop><monitorCrossRefID>{secret}</monitorCrossRefID></MonitorStop>"),
        format!("<MonitorStop><{secret}/></MonitorStop>"),
        format!("<StopApplicationSession><sessionID>{secret}</sessionID></StopApplicationSession>"),
        format!(
            "<ResetApplicationSessionTimer><sessionID>1</sessionID><requestedSessionDuration>{secret}\
             </requestedSessionDuration></ResetApplicationSessionTimer>"
        ),
        format!("<{secret}></x>"),
    ] {
        let fault = parse(&xml).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("s3cret"), "{fault}");
    }
}
