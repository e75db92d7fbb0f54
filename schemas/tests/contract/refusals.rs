//! A refusal of each operation: always a whole reply, whatever was asked.

use std::fmt::Debug;

use schemas::contract::record::{Place, Ty};
use schemas::contract::{self, OPERATIONS, Request, Service, Visitor};
use schemas::fault::{Fault, Refusal};
use schemas::soap::{self, Envelope, Version};

use crate::sample::{self, Plausible};

struct Refused(usize);

impl Visitor for Refused {
    fn operation<R: Request + Clone + PartialEq + Debug>(&mut self)
    where
        R::Reply: Clone + PartialEq + Debug,
    {
        let row = R::OPERATION;
        let request = sample::request(row, &mut Plausible);
        let envelope = Envelope::parse(request.as_bytes()).unwrap();
        for body in [Some(envelope.body()), None] {
            let written = soap::refusal(Version::V1_1, row, body, &Refusal::new("Not <now>."));
            let again = Envelope::parse(written.as_bytes()).unwrap();
            soap::read_reply::<R>(&again).unwrap_or_else(|e| panic!("{}: {e}", row.name));
            let content = again.body().child("return").unwrap();
            assert_eq!(content.attribute("", "result"), Some("false"));
            for field in row.reply.fields.iter().filter(|f| f.place == Place::Attr) {
                let value = content.attribute("", field.name).unwrap();
                let sent = format!("{}=\"{value}\"", field.name);
                let sent_too = format!(":{}>{value}</", field.name);
                match field.ty {
                    Ty::Boolean => assert_eq!(value, "false"),
                    _ if body.is_none() => assert_eq!(value, "0"),
                    _ => assert!(
                        value == "0" && !request.contains(&format!("{}=", field.name))
                            || request.contains(&sent)
                            || request.contains(&sent_too),
                        "{} in {}",
                        field.name,
                        row.name
                    ),
                }
            }
            let error = match row.name {
                "login" | "loginEx" | "loginApp" | "serviceVersions" | "resetSessionTimer" | "logout" => "errorDesc",
                _ => "errorDescription",
            };
            assert_eq!(content.child_text(error), Some("Not <now>."), "{}", row.name);
        }
        self.0 += 1;
    }
}

#[test]
fn every_operation_refuses_with_a_whole_reply() {
    let mut visitor = Refused(0);
    contract::visit(&mut visitor);
    assert_eq!(visitor.0, OPERATIONS.len());
}

fn refused(service: Service, operation: &str, request: &str) -> String {
    let row = contract::operation(service, operation).unwrap();
    let ns = service.namespace().uri();
    let text = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
         <{operation} xmlns=\"{ns}\">{request}</{operation}></e:Body></e:Envelope>"
    );
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    let written = soap::refusal(Version::V1_1, row, Some(envelope.body()), &Refusal::new("No."));
    let from = written.find("<svc:return").unwrap();
    written[from..written.find("</svc:return>").unwrap()].to_owned()
}

#[test]
fn ids_of_the_request_are_repeated_and_all_else_is_neutral() {
    use Service::{SessionService, StandardCcService as CallControl};
    let no = "<cc:errorDescription>No.</cc:errorDescription>";
    for (service, operation, request, reply) in [
        (
            CallControl,
            "getNumberedEvent",
            "<sessionId>1</sessionId><eventNumber> 8 </eventNumber>",
            format!("<svc:return result=\"false\" eventNumber=\"8\" advanced=\"false\">{no}"),
        ),
        (
            CallControl,
            "monitorObject",
            "<objectId>77</objectId>",
            "<svc:return result=\"false\" objectId=\"77\" icpId=\"0\"><std:errorDescription>No.</std:errorDescription>"
                .to_owned(),
        ),
        (
            CallControl,
            "monitorObject",
            "<objectId>&lt;x&gt;</objectId>",
            "<svc:return result=\"false\" objectId=\"0\" icpId=\"0\"><std:errorDescription>No.</std:errorDescription>"
                .to_owned(),
        ),
        (
            CallControl,
            "getIcpId",
            "<request sessionId=\"5\" icpId=\"9\"/>",
            format!(
                "<svc:return result=\"false\" icpId=\"9\">{no}<cc:connectionState>NOT_CONNECTED</cc:connectionState>"
            ),
        ),
        (
            SessionService,
            "login",
            "<req/>",
            "<svc:return result=\"false\" sessionId=\"0\"><session:errorDesc>No.</session:errorDesc>".to_owned(),
        ),
        (
            SessionService,
            "authenticate",
            "<req sessionId=\"5\"/>",
            "<svc:return sessionId=\"5\" result=\"false\"><session:errorDescription>No.</session:errorDescription>"
                .to_owned(),
        ),
    ] {
        assert_eq!(refused(service, operation, request), reply, "{operation}");
    }
}

#[test]
fn a_fault_is_written_in_the_version_that_was_asked_in() {
    let (status, text) = soap::fault(Version::V1_1, &Fault::UnknownOperation);
    assert_eq!(status, 500);
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>\
         <soapenv:Fault><faultcode>soapenv:Client</faultcode>\
         <faultstring>The service has no such operation.</faultstring></soapenv:Fault>\
         </soapenv:Body></soapenv:Envelope>"
    );
    let (status, text) = soap::fault(Version::V1_2, &Fault::MustUnderstand);
    assert_eq!(status, 500);
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soapenv:Envelope xmlns:soapenv=\"http://www.w3.org/2003/05/soap-envelope\"><soapenv:Body>\
         <soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:MustUnderstand</soapenv:Value></soapenv:Code>\
         <soapenv:Reason><soapenv:Text xml:lang=\"en\">A header block that must be understood is not known here.\
         </soapenv:Text></soapenv:Reason></soapenv:Fault>\
         </soapenv:Body></soapenv:Envelope>"
    );
    assert_eq!(soap::fault(Version::V1_2, &Fault::UnknownOperation).0, 400);
}
