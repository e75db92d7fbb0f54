//! Bad input to calls and features, over SOAP and REST: each is refused in clear words, and afterwards everything is as it
//! was: at the nodes, and in the lists of features.

use std::collections::BTreeMap;

use schemas::soap::Version;
use serde_json::{Value, json};

use crate::common::cluster::Lab;
use crate::common::eventually;
use crate::scenarios::transport::{Rest, Soap, Transport, named};
use crate::scenarios::{ready, refusal};

const WRONG_STATE: &str = "The call is not in a state that allows this.";
const NO_NUMBER: &str = "The number may hold only digits, * and #, at most 32 of them.";
const NO_CODE: &str = "An account code has 2 to 12 digits.";
const OUT_OF_SERVICE: &str = "A device or resource is out of service.";
const NOT_THERE: &str = "The node does not forward calls there.";

/// The five ways to forward calls.
const FORWARDS: [&str; 5] =
    ["setCFAlways", "setCFBusyInternal", "setCFBusyExternal", "setCFNAInternal", "setCFNAExternal"];

/// Phones of node 1, sets that accept hot desk users and one that does not, and the numbers of users.
const PHONES: [&str; 8] = ["1000", "1001", "1002", "1003", "1010", "1011", "1900", "1901"];

/// An application that watches the phones.
struct Desk<'a, T> {
    transport: T,
    lab: &'a Lab,
    session_id: i64,
    objects: BTreeMap<&'static str, i64>,
}

impl<'a, T: Transport> Desk<'a, T> {
    async fn begin(transport: T, lab: &'a Lab) -> Self {
        let session_id = transport.login().await;
        let mut desk = Self { transport, lab, session_id, objects: BTreeMap::new() };
        for dn in PHONES {
            let reply = desk.ask("getPhoneNumberId", json!({ "primeDn": dn, "icpId": "1" })).await;
            assert_eq!(refusal(&reply), None, "{dn}");
            let id = reply["objectId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            desk.objects.insert(dn, id);
            assert_eq!(refusal(&desk.of(dn, "monitorObject", json!({})).await), None, "{dn}");
        }
        desk
    }

    /// Calls an operation, whose fields may lie in a `request`.
    async fn ask(&self, operation: &str, mut fields: Value) -> Value {
        let row = named(operation).expect("an operation of the contract");
        fields["sessionId"] = json!(self.session_id.to_string());
        let wrapped = row.request.fields.iter().any(|f| f.name == "request");
        let request = if wrapped { json!({ "request": fields }) } else { fields };
        // On a free machine this asks more often than one application may; then it waits for its turn, as one would.
        eventually("the application may ask again", async || {
            let reply = self.transport.call(row, &request).await.expect("a reply of the contract");
            let too_many = refusal(&reply).is_some_and(|text| text.contains("commands a second"));
            (!too_many).then_some(reply)
        })
        .await
    }

    async fn of(&self, dn: &str, operation: &str, mut fields: Value) -> Value {
        fields["objectId"] = json!(self.objects[dn].to_string());
        self.ask(operation, fields).await
    }

    async fn done(&self, dn: &str, operation: &str, fields: Value) {
        let reply = self.of(dn, operation, fields).await;
        assert_eq!(refusal(&reply), None, "{operation} at {dn}");
    }

    /// Everything there is at the nodes, and each phone's features as they are listed.
    async fn everything(&self) -> Vec<String> {
        let mut all = Vec::new();
        for node in 1..=3 {
            let now = self.lab.hands(node).truth().await;
            all.push(format!("{} {:?} {:?}", now.seq, now.phones, now.outside));
        }
        for dn in PHONES {
            all.push(self.of(dn, "getDeviceFeatures", json!({})).await.to_string());
        }
        all
    }

    async fn refused(&self, dn: &str, operation: &str, fields: Value, text: &str) {
        let what = format!("{}: {operation} at {dn} with {fields}", self.transport.name());
        let before = self.everything().await;
        let reply = self.of(dn, operation, fields).await;
        assert_eq!(refusal(&reply).as_deref(), Some(text), "{what}");
        assert_eq!(self.everything().await, before, "{what}");
    }

    /// The leg of a phone, when it is in a state.
    async fn leg(&self, dn: &str, state: &str) -> Value {
        eventually(&format!("{dn} is {state}"), async || {
            let status = self.of(dn, "getCallStatus", json!({})).await;
            (status["callEvent"]["callState"] == state).then(|| status["callEvent"]["localCallId"].clone())
        })
        .await
    }

    async fn hand(&self, dn: &str, verb: &str, body: Value) {
        self.lab.hands(1).does_with(dn, verb, body).await;
    }
}

/// Numbers that calls cannot be forwarded to: the own, what leads back, what does not exist, and what is no number.
async fn forwards<T: Transport>(desk: &Desk<'_, T>) {
    let to = |number: &str| json!({ "dn": number, "cfOn": true });
    for operation in FORWARDS {
        desk.refused("1000", operation, to("1000"), "A number cannot be forwarded to itself.").await;
        desk.refused("1000", operation, to("4711"), "The node does not know this destination.").await;
        desk.refused("1000", operation, to("90110"), "The node does not know this destination.").await;
        // Class of service lets no call go outside from there.
        desk.refused("1011", operation, to("95551234"), NOT_THERE).await;
        let long = "1".repeat(33);
        for number in ["", "anna", "10 01", "１００１", "1001;1002", "<1001>", &long] {
            desk.refused("1000", operation, to(number), NO_NUMBER).await;
        }
    }
    // Loops of two and of three.
    desk.done("1001", "setCFAlways", to("1000")).await;
    desk.refused("1000", "setCFAlways", to("1001"), NOT_THERE).await;
    desk.done("1002", "setCFAlways", to("1001")).await;
    desk.refused("1000", "setCFAlways", to("1002"), NOT_THERE).await;
    // What is forwarded already stays where it is.
    desk.done("1000", "setCFAlways", to("1003")).await;
    desk.refused("1000", "setCFAlways", to("1002"), NOT_THERE).await;
    desk.refused("1003", "setCFAlways", to("1002"), NOT_THERE).await;
    for dn in ["1000", "1001", "1002"] {
        desk.done(dn, "setCFAlways", json!({ "dn": "", "cfOn": false })).await;
    }
}

/// Nobody waits at a phone that does not want to be disturbed, be it busy as well or not.
async fn campon<T: Transport>(desk: &Desk<'_, T>) {
    desk.hand("1001", "offhook", json!({})).await;
    desk.done("1000", "makeCall", json!({ "number": "1001" })).await;
    let leg = desk.leg("1000", "FAILED").await;
    desk.done("1001", "setDeviceDND", json!({ "dndState": true })).await;
    desk.refused("1000", "camponCall", json!({ "localCallId": leg }), WRONG_STATE).await;
    desk.hand("1000", "hangup", json!({})).await;
    desk.hand("1001", "hangup", json!({})).await;
    desk.leg("1000", "IDLE").await;
    desk.done("1000", "makeCall", json!({ "number": "1001" })).await;
    let leg = desk.leg("1000", "FAILED").await;
    desk.refused("1000", "camponCall", json!({ "localCallId": leg }), WRONG_STATE).await;
    desk.refused("1000", "camponCall", json!({ "localCallId": "1" }), "The call is not known at this object.").await;
    desk.hand("1000", "hangup", json!({})).await;
    desk.done("1001", "setDeviceDND", json!({ "dndState": false })).await;
}

/// Logins at a set that does not accept them, during a call, and twice; and features where a user took the set's place.
async fn hot_desks<T: Transport>(desk: &Desk<'_, T>) {
    let user = |dn: &str| json!({ "pin": "1234", "hotDeskUserDn": dn });
    let in_call = "The device or the hot desk user has a call.";
    desk.refused("1000", "loginHotDeskUser", user("1900"), "The device does not accept hot desk users.").await;
    desk.refused("1010", "loginHotDeskUser", user("1000"), "The node does not know this hot desk user.").await;
    desk.refused("1010", "logoutHotDeskUser", json!({}), "No hot desk user is logged in there.").await;
    desk.hand("1010", "offhook", json!({})).await;
    desk.refused("1010", "loginHotDeskUser", user("1900"), in_call).await;
    desk.hand("1010", "hangup", json!({})).await;
    desk.done("1010", "loginHotDeskUser", user("1900")).await;
    let there = "The hot desk user is logged in there already.";
    desk.refused("1010", "loginHotDeskUser", user("1900"), there).await;
    let taken = "Another hot desk user is logged in at the device.";
    desk.refused("1010", "loginHotDeskUser", user("1901"), taken).await;
    // The set is out of service while its place is taken, and so is a user who is nowhere.
    for dn in ["1010", "1901"] {
        desk.refused(dn, "setDeviceDND", json!({ "dndState": true }), OUT_OF_SERVICE).await;
        for operation in FORWARDS {
            desk.refused(dn, operation, json!({ "dn": "1000", "cfOn": true }), OUT_OF_SERVICE).await;
        }
        desk.refused(dn, "makeCall", json!({ "number": "1000" }), OUT_OF_SERVICE).await;
        desk.refused(dn, "pickupCall", json!({ "ringDn": "1000" }), OUT_OF_SERVICE).await;
    }
    // During a call nobody comes or goes.
    desk.hand("1010", "offhook", json!({})).await;
    desk.refused("1010", "logoutHotDeskUser", json!({}), in_call).await;
    desk.refused("1011", "loginHotDeskUser", user("1900"), in_call).await;
    desk.hand("1010", "hangup", json!({})).await;
    desk.done("1010", "logoutHotDeskUser", json!({})).await;
}

/// Account codes that are too short, too long or not of digits, and digits that are none.
async fn codes_and_digits<T: Transport>(desk: &Desk<'_, T>) {
    let bad_codes = ["1", "1234567890123", "47a1", "12 34", "４７１１", "-12", "<12>"];
    for code in bad_codes {
        desk.refused("1000", "makeCall", json!({ "number": "1001", "accountCode": code }), NO_CODE).await;
    }
    let long = "1".repeat(33);
    let bad_digits = ["", "abc", "1 2", "１２", "1;2", "+1", "&", &long];
    for number in bad_digits.iter().filter(|number| **number != "+1") {
        desk.refused("1000", "makeCall", json!({ "number": number }), NO_NUMBER).await;
    }
    desk.done("1000", "makeCall", json!({ "number": "1001" })).await;
    let theirs = desk.leg("1001", "RECEIVED").await;
    for number in bad_digits.iter().filter(|number| **number != "+1") {
        desk.refused("1001", "redirectCall", json!({ "localCallId": theirs, "redirectDn": number }), NO_NUMBER).await;
    }
    desk.done("1001", "answerCall", json!({ "localCallId": theirs })).await;
    let ours = desk.leg("1000", "ESTABLISHED").await;
    for code in bad_codes.iter().chain(&[""]) {
        desk.refused("1000", "setAccountCode", json!({ "localCallId": ours, "accCode": code }), NO_CODE).await;
    }
    for digits in bad_digits {
        desk.refused("1000", "outPulseDigits", json!({ "localCallId": ours, "digits": digits }), NO_NUMBER).await;
    }
    for number in bad_digits.iter().filter(|number| **number != "+1") {
        desk.refused("1000", "consultationCall", json!({ "localCallId": ours, "number": number }), NO_NUMBER).await;
        desk.refused("1002", "pickupCall", json!({ "ringDn": number }), NO_NUMBER).await;
    }
    desk.done("1000", "clearCall", json!({ "localCallId": ours })).await;
}

async fn everything_bad_over<T: Transport>(transport: impl Fn(&Lab) -> T) {
    let lab = Lab::start().await;
    ready(&lab).await;
    let desk = Desk::begin(transport(&lab), &lab).await;
    let kept = async {
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            desk.transport.reset(desk.session_id).await;
        }
    };
    let all = async {
        forwards(&desk).await;
        campon(&desk).await;
        hot_desks(&desk).await;
        codes_and_digits(&desk).await;
    };
    tokio::select! {
        () = all => {}
        () = kept => {}
    }
    desk.transport.logout(desk.session_id).await;
}

#[tokio::test]
async fn bad_input_changes_nothing_over_soap() {
    everything_bad_over(|lab| Soap::new(&lab.url, Version::V1_1)).await;
}

#[tokio::test]
async fn bad_input_changes_nothing_over_rest() {
    everything_bad_over(|lab| Rest::new(&lab.url)).await;
}
