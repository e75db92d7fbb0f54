//! Makes a message from a row alone, without the readers and writers that it is to test: values
//! come from a source that is either a fixed table (the samples) or chance (the properties).

use schemas::contract::record::{Card, EnumRow, Place, Ty, TypeRow};
use schemas::contract::{Namespace, OperationRow, Service};

/// Where values come from.
pub trait Source {
    fn text(&mut self, field: &str) -> String;
    fn number(&mut self, field: &str, ty: Ty) -> i64;
    fn boolean(&mut self, field: &str) -> bool;
    fn value(&mut self, field: &str, row: &'static EnumRow) -> &'static str;
    /// How many of a field there are.
    fn count(&mut self, field: &str, card: Card) -> usize;
}

/// A message in a SOAP 1.1 envelope, indented.
pub fn request(row: &OperationRow, source: &mut impl Source) -> String {
    envelope(row, row.name, |out| children(row.request, 3, out, source))
}

/// The reply of an operation.
pub fn reply(row: &OperationRow, source: &mut impl Source) -> String {
    envelope(row, &format!("{}Response", row.name), |out| element("svc:return", row.reply, 3, out, source))
}

fn envelope(row: &OperationRow, wrapper: &str, content: impl FnOnce(&mut String)) -> String {
    let types: &[Namespace] = match row.service {
        Service::SessionService => &[Namespace::Session],
        Service::DataAccessService => &[Namespace::Da],
        _ => &[Namespace::Cc, Namespace::Adv, Namespace::Std],
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out += "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"";
    out += &format!("\n    xmlns:svc=\"{}\"", row.service.namespace().uri());
    let mut inner = String::new();
    content(&mut inner);
    for ns in types {
        if inner.contains(&format!("<{}:", ns.prefix())) {
            out += &format!("\n    xmlns:{}=\"{}\"", ns.prefix(), ns.uri());
        }
    }
    out += &format!(">\n  <soapenv:Body>\n    <svc:{wrapper}>\n{inner}    </svc:{wrapper}>\n");
    out += "  </soapenv:Body>\n</soapenv:Envelope>\n";
    out
}

fn element(name: &str, ty: &'static TypeRow, level: usize, out: &mut String, source: &mut impl Source) {
    let pad = "  ".repeat(level);
    *out += &format!("{pad}<{name}");
    for field in ty.fields.iter().filter(|f| f.place == Place::Attr) {
        *out += &format!(" {}=\"{}\"", field.name, scalar(field.name, field.ty, source));
    }
    let mut inner = String::new();
    children(ty, level + 1, &mut inner, source);
    *out += &if inner.is_empty() { "/>\n".to_owned() } else { format!(">\n{inner}{pad}</{name}>\n") };
}

fn children(ty: &'static TypeRow, level: usize, out: &mut String, source: &mut impl Source) {
    let pad = "  ".repeat(level);
    for field in ty.fields.iter().filter(|f| f.place == Place::Elem) {
        let name = format!("{}:{}", ty.ns.prefix(), field.name);
        for _ in 0..source.count(field.name, field.card) {
            match field.ty {
                Ty::Record(inner) => element(&name, inner, level, out, source),
                other => *out += &format!("{pad}<{name}>{}</{name}>\n", scalar(field.name, other, source)),
            }
        }
    }
}

fn scalar(field: &str, ty: Ty, source: &mut impl Source) -> String {
    match ty {
        Ty::Long | Ty::Int => source.number(field, ty).to_string(),
        Ty::Boolean => source.boolean(field).to_string(),
        Ty::Enum(row) => source.value(field, row).to_owned(),
        Ty::Text => escape(&source.text(field)),
        Ty::Record(_) => unreachable!("a record is no scalar"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\r', "&#13;")
}

/// The values of the committed samples: plausible ones, every optional field present but errors.
pub struct Plausible;

impl Source for Plausible {
    #[rustfmt::skip]
    fn text(&mut self, field: &str) -> String {
        match field {
            "applicationName" => "Screen Pop",
            "companyName" => "Example & Sons",
            "applicationPassword" | "localPassword" | "userPassword" => "s3cret",
            "certificate" => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "version" => "4.0",
            "serviceVersions" => "SessionService=4.1;StandardCCService=4.1;DataAccessService=4.1",
            "signedAuthenticationData" => "[58,-40,-114]",
            "authenticationData" => "5f2c9a77e04b41d6",
            "callbackUri" | "eventHandlerURL" => "http://192.0.2.10:8090/events",
            "userId" => "17",
            "userEmail" => "mary@example.com",
            "token" => "0d9f7c52",
            "pin" => "1234",
            "number" | "dialableNumber" | "incomingNumber" | "digitStr" => "914165550100",
            "e164Str" => "+14165550100",
            "accountCode" | "accCode" => "7001",
            "digits" => "12#",
            "attributeValue" => "2001",
            "memberName" | "remoteMemberName" | "peerName" | "newName" | "sipPeerName" | "agentName" => "Müller, Zoë",
            "primaryIcpAddress" | "primaryIcp" | "icpIpAddress" | "ipAddr" => "192.0.2.21",
            "secondaryIcpAddress" | "secondaryIcp" => "192.0.2.22",
            "icpVersion" => "10.1",
            "globalCallId" => "A0010042A",
            "maxExtLength" => "7",
            "localAreaCodes" => "416,647",
            "localCountryCode" => "1",
            "trunkPrefix" | "outsidePrefix" => "9",
            "longDistancePrefix" => "1",
            "internationalPrefix" => "011",
            "fieldName" => "NUMBER",
            "field" | "value" => "2001",
            "viewName" => "phones",
            "dbTableName" => "phone",
            "introducedInVersion" => "3.0",
            "fieldValidationType" => "DN",
            "groupName" | "pathName" => "Sales",
            _ => "2001",
        }
        .to_owned()
    }

    #[rustfmt::skip]
    fn number(&mut self, field: &str, _: Ty) -> i64 {
        match field {
            "sessionId" | "restSessionId" => 6_417_203_348_891_337,
            "objectId" | "objId" | "hotDeskUserObjectId" | "hotDeskDeviceObjectId"
            | "objIdOfDeviceWithMsg" => 1_152_921_504_606,
            "icpId" | "primaryIcpId" | "activeIcpId" => 1,
            "secondaryIcpId" => 2,
            "localCallId" | "callId" => 42,
            "callEventTime" | "time" => 1_767_225_600_000,
            "timeout" => 45_000,
            "eventNumber" => 17,
            "maxValue" => 9_999_999,
            _ => 3,
        }
    }

    fn boolean(&mut self, field: &str) -> bool {
        !matches!(field, "numberPrivacy" | "namePrivacy" | "DND" | "msgWaitingLamp" | "fieldIsDeprecated")
    }

    fn value(&mut self, field: &str, row: &'static EnumRow) -> &'static str {
        let wanted = match (field, row.name) {
            ("type", _) => "CALL_ESTABLISHED",
            ("cause", _) => "ANSWERED",
            ("deviceType", _) => "VOICE_SET_PRIME",
            (_, "callState") => "ESTABLISHED",
            (_, "connectionState") => "CONNECTED",
            (_, "featureEventType") => "DO_NOT_DISTURB",
            _ => "",
        };
        let usual = row.values.iter().find(|v| !matches!(**v, "UNKNOWN" | "NOT_SUPPORTED" | "PEER_UNKNOWN"));
        row.values.iter().find(|v| **v == wanted).or(usual).unwrap()
    }

    fn count(&mut self, field: &str, card: Card) -> usize {
        match (field, card) {
            ("errorDesc" | "errorDescription", _) => 0,
            (_, Card::Many) => 2,
            _ => 1,
        }
    }
}
