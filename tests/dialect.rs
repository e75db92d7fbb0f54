//! A switch that shares no code with the gateway and speaks a dialect of its own (`tests/dialect/node.py`), and the
//! whole gateway against it, in each style of association.

use std::net::IpAddr;
use std::process::Command;

use schemas::contract::cc::{
    CallEventAttributeNames, CallEventMsg, CallEventType as Type, CallState, DeviceAttributeNames, DeviceName,
    EventCauseType as Why, FeaturesAllowed as Feature,
};
use serde_json::{Value, json};

use crate::common::app::{App, WRONG_STATE, attribute, global_call_id};
use crate::common::cluster::{Gateway, With, own_address};
use crate::common::hands::Hands;
use crate::common::process::Process;
use crate::nodes::{hear_loss, hear_return};

/// What the switch wants to know with an application session, as its maker would describe it.
const LOGIN: &str = "application_specific_info = '''<l:SessionLogin xmlns:l=\"urn:example:dialect\">\
                     <l:userName>cti</l:userName><l:password>open &amp; sesame</l:password></l:SessionLogin>'''";

const NO_SERVICE: &str = "The node does not have this service.";

struct Foreign {
    process: Process,
    hands: Hands,
    address: IpAddr,
    csta_port: u16,
    style: &'static str,
    arguments: Vec<String>,
}

impl Foreign {
    async fn start(style: &'static str) -> Self {
        Self::start_with(style, &[]).await
    }

    async fn start_with(style: &'static str, more: &[&str]) -> Self {
        let address = own_address();
        let mut arguments: Vec<String> = ["--style", style, "--address", &address.to_string()]
            .into_iter()
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect();
        let (process, csta_port, hands_port) = Self::run(&arguments).await;
        for (option, port) in [("--csta-port", csta_port), ("--hands-port", hands_port)] {
            arguments.extend([option.to_owned(), port.to_string()]);
        }
        let hands = Hands::new(&format!("http://{address}:{hands_port}"));
        Self { process, hands, address, csta_port, style, arguments }
    }

    async fn run(arguments: &[String]) -> (Process, u16, u16) {
        // Python is a must: without it this fails, and scripts/test installs it.
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialect/node.py")).args(arguments);
        let mut process = Process::of(command);
        let line = process.line_printed("csta=").await;
        let port = |name: &str| {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("{name} is not in {line:?}"))
        };
        (process, port("csta="), port("hands="))
    }

    /// The same switch again, at the same ports; it has forgotten everything.
    async fn restart(&mut self) {
        self.process.kill();
        self.process = Self::run(&self.arguments).await.0;
    }

    async fn gateway(&self) -> Gateway {
        let node = if self.style == "session" { LOGIN } else { "" }.to_owned();
        self.gateway_with(With { node, ..With::default() }).await
    }

    async fn gateway_with(&self, with: With) -> Gateway {
        Gateway::start_at(&[(1, self.address, self.csta_port, self.style)], with).await
    }

    /// How often a service was asked for, and the login of the last session.
    async fn seen(&self) -> Value {
        oig::push::use_ring();
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be made");
        let answer = http.get(format!("{}/seen", self.hands.base())).send().await.expect("the switch's hands answer");
        serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON")
    }
}

fn allows(event: &CallEventMsg, feature: Feature) {
    assert!(event.features_allowed.contains(&feature), "{feature:?} is not allowed by {event:?}");
}

async fn a_gateway_with_a_foreign_switch(style: &'static str) {
    let mut switch = Foreign::start(style).await;
    let gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let address = switch.address.to_string();
    let icp = app.icp(&address).await;
    let (anna, ben) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);

    // No directory: any number is believed, until the switch says that it does not know it.
    let nobody = app.phone_id(icp, "4711").await.expect("an id is given while no directory is known");
    app.monitor_object(nobody).await.expect("the monitor is accepted");
    app.hear(nobody, Type::MonitorFailedEvent, Why::DestinationUnavailable).await;

    // A switch without these services says so, and its monitors stay.
    app.monitor_features(anna).await.expect("the monitor is accepted");
    assert_eq!(app.set_dnd(anna, true).await, Err(NO_SERVICE.into()));
    assert_eq!(app.features(anna).await.expect_err("refused"), NO_SERVICE);
    app.heard_everything().await;

    // A call that the application makes, with every state of the basic call.
    app.make(anna, "1001").await.expect("makeCall is accepted");
    let ours = app.hear(anna, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    allows(&app.hear(anna, Type::CallDelivered, Why::Delivered).await, Feature::ClearCall);
    let received = app.hear(ben, Type::CallReceived, Why::NewCall).await;
    allows(&received, Feature::AnswerCall);
    let theirs = received.local_call_id;
    assert_eq!(app.hold(ben, theirs).await, Err(WRONG_STATE.into()), "it rings");
    app.answer(ben, theirs).await.expect("answerCall is accepted");
    allows(&app.hear(ben, Type::CallEstablished, Why::AnsweredInvoked).await, Feature::HoldCall);
    app.hear(anna, Type::CallEstablished, Why::Answered).await;
    app.hold(ben, theirs).await.expect("holdCall is accepted");
    allows(&app.hear(ben, Type::CallHeld, Why::HardHoldInvoked).await, Feature::RetrieveCall);
    app.hear(anna, Type::CallHeld, Why::HardHold).await;
    app.retrieve(ben, theirs).await.expect("retrieveCall is accepted");
    app.hear(ben, Type::CallRetrieved, Why::RetrieveInvoked).await;
    app.hear(anna, Type::CallRetrieved, Why::Retrieve).await;
    app.clear(anna, ours).await.expect("clearCall is accepted");
    app.hear(anna, Type::CallClear, Why::ClearInvoked).await;
    app.hear(ben, Type::CallClear, Why::OtherDeviceCleared).await;

    // The other way round, by people at the phones.
    switch.hands.does_with("1001", "dial", json!({"number": "1000"})).await;
    let theirs = app.hear(ben, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(ben, Type::CallDelivered, Why::Delivered).await;
    let ours = app.hear(anna, Type::CallReceived, Why::NewCall).await.local_call_id;
    switch.hands.does("1000", "answer").await;
    app.hear(anna, Type::CallEstablished, Why::AnsweredInvoked).await;
    app.hear(ben, Type::CallEstablished, Why::Answered).await;
    switch.hands.does("1001", "hold").await;
    app.hear(ben, Type::CallHeld, Why::HardHoldInvoked).await;
    app.hear(anna, Type::CallHeld, Why::HardHold).await;
    app.heard_everything().await;

    // The switch dies in the middle of it, comes back, and has forgotten the call.
    switch.process.kill();
    hear_loss(&app, icp, &[anna, ben, nobody]).await;
    switch.restart().await;
    hear_return(&app, icp, &[anna, ben], CallState::Idle).await;
    for (object, leg) in [(anna, ours), (ben, theirs)] {
        assert_eq!(app.hear(object, Type::CallClear, Why::OtherDeviceCleared).await.local_call_id, leg);
    }
    app.forget().await; // that the unknown number is still unknown
    let (ours, _) = app.connect(anna, ben, "1001").await;
    app.clear(anna, ours).await.expect("clearCall is accepted");
    app.hear(anna, Type::CallClear, Why::ClearInvoked).await;
    app.hear(ben, Type::CallClear, Why::OtherDeviceCleared).await;
    app.heard_everything().await;

    let seen = switch.seen().await;
    // Only who speaks first has to guess the edition.
    let guessed = u64::from(style == "none");
    assert_eq!(seen["services"]["in another edition"].as_u64().unwrap_or(0), guessed, "{seen}");
    assert_eq!(seen["services"]["GetSwitchingFunctionDevices"], 1, "refused once, and not asked for again: {seen}");
    match style {
        "server-first" => assert_eq!(seen["services"]["SystemRegister"], 1, "{seen}"),
        "session" => {
            assert_eq!(seen["login"], json!(["cti", "open & sesame"]));
            // Granted for 4 s, so renewed each 2 s.
            crate::common::eventually("the session is renewed", async || {
                (switch.seen().await["services"]["ResetApplicationSessionTimer"].as_u64() >= Some(2)).then_some(())
            })
            .await;
        }
        _ => assert!(seen["services"]["SystemRegister"].is_null(), "{seen}"),
    }
    let logged = gateway.process.logged().join("\n");
    assert!(!logged.contains("sesame"), "a secret is in the log:\n{logged}");
}

#[tokio::test]
async fn a_foreign_switch_that_speaks_first_is_used_as_it_is() {
    a_gateway_with_a_foreign_switch("server-first").await;
}

#[tokio::test]
async fn a_foreign_switch_that_wants_a_session_and_a_login_is_used_as_it_is() {
    a_gateway_with_a_foreign_switch("session").await;
}

#[tokio::test]
async fn a_foreign_switch_that_waits_for_a_request_is_used_as_it_is() {
    a_gateway_with_a_foreign_switch("none").await;
}

#[tokio::test]
async fn calls_that_exist_are_found_by_their_state_in_one_word() {
    let switch = Foreign::start("none").await;
    let hands = &switch.hands;
    for (caller, callee) in [("1000", "1001"), ("1002", "1003"), ("1004", "1005")] {
        hands.does_with(caller, "dial", json!({"number": callee})).await;
    }
    for (phone, verb) in [("1003", "answer"), ("1005", "answer"), ("1005", "hold")] {
        hands.does(phone, verb).await;
    }
    let gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let address = switch.address.to_string();
    for (phone, state, feature) in [
        ("1000", CallState::Delivered, Feature::ClearCall),
        ("1001", CallState::Received, Feature::AnswerCall),
        ("1002", CallState::Established, Feature::HoldCall),
        ("1003", CallState::Established, Feature::HoldCall),
        ("1004", CallState::Established, Feature::ClearCall), // held by the other
        ("1005", CallState::Held, Feature::RetrieveCall),
    ] {
        let object = app.monitor(&address, phone).await;
        let set = app.hear(object, Type::MonitorSet, Why::MonitorSet).await;
        assert_eq!(set.call_state, Some(state), "{phone}: {set:?}");
        allows(&set, feature);
        if phone == "1005" {
            app.retrieve(object, set.local_call_id).await.expect("retrieveCall is accepted");
            app.hear(object, Type::CallRetrieved, Why::RetrieveInvoked).await;
        }
    }
}

/// Our simulated nodes say how it came that the other party is another. A switch that does not is told as it says.
#[tokio::test]
async fn a_switch_that_says_only_who_the_other_party_is_now_is_told_so() {
    let switch = Foreign::start("none").await;
    let gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let address = switch.address.to_string();
    let (anna, ben) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    let (leg, _) = app.connect(anna, ben, "1001").await;
    switch.hands.does_with("1000", "inform", json!({"number": "1005", "name": "A0010042"})).await;

    let event = app.hear(anna, Type::RemotePartyUpdate, Why::RemotePartyUpdated).await;
    assert_eq!((event.local_call_id, event.call_state), (leg, Some(CallState::Established)));
    let numbers = event.device.iter().flat_map(|d| &d.device_attribute);
    let numbers = numbers.filter(|a| a.attribute_name == Some(DeviceAttributeNames::Number));
    let numbers: Vec<_> = numbers.filter_map(|a| a.attribute_value.as_deref()).collect();
    assert_eq!(numbers, ["1000", "1005"]);
    let event = app.hear(anna, Type::InformationUpdateEvent, Why::GlobalCallidUpdated).await;
    assert_eq!((event.local_call_id, global_call_id(&event).as_str()), (leg, "A0010042"));

    // It is the same leg: it can be held and left.
    app.hold(anna, leg).await.expect("holdCall is accepted");
    let held = app.hear(anna, Type::CallHeld, Why::HardHoldInvoked).await;
    assert_eq!(global_call_id(&held), "A0010042");
    app.hear(ben, Type::CallHeld, Why::HardHold).await;
    app.heard_everything().await;
}

/// Roles and numbers of an event; `None` for somebody whose number is not told.
fn numbers(event: &CallEventMsg) -> Vec<(DeviceName, Option<&str>)> {
    let number = |device: &'_ schemas::contract::cc::Device| {
        device.device_attribute.iter().position(|a| a.attribute_name == Some(DeviceAttributeNames::Number))
    };
    let devices = event.device.iter().map(|d| {
        let number = number(d).and_then(|at| d.device_attribute[at].attribute_value.as_deref());
        (d.device_name.expect("a role"), number)
    });
    devices.collect()
}

/// What a switch does not say of a call, or does not want to be shown, is in none of its events; what it says of it is.
#[tokio::test]
async fn what_a_switch_does_not_say_of_a_call_is_left_out() {
    use DeviceName::{CalledDevice, CallingDevice, ConnectedDevice, HoldingDevice, UsingDevice};
    let switch = Foreign::start("none").await;
    let gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let address = switch.address.to_string();
    let (anna, ben) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    let less = async |say: Value| switch.hands.fault("less", json!({ "say": say })).await;
    let dial = async || switch.hands.does_with("1000", "dial", json!({"number": "1001"})).await;

    // Who calls is not known, and no event has a cause.
    less(json!({"callingDevice": "notKnown", "cause": null})).await;
    dial().await;
    let event = app.hear(anna, Type::CallOriginated, Why::NewCallInvoked).await;
    assert_eq!(attribute(&event, CallEventAttributeNames::DialedDigits), None, "nobody said what was dialled");
    assert_eq!(numbers(&event), [(CallingDevice, Some("1000"))]);
    app.hear(anna, Type::CallDelivered, Why::Delivered).await;
    let event = app.hear(ben, Type::CallReceived, Why::NewCall).await;
    assert_eq!(numbers(&event), [(CalledDevice, Some("1001"))]);
    let leg = event.local_call_id;
    switch.hands.does("1001", "answer").await;
    app.hear(anna, Type::CallEstablished, Why::Answered).await;
    let event = app.hear(ben, Type::CallEstablished, Why::AnsweredInvoked).await;
    assert_eq!(numbers(&event), [(CalledDevice, Some("1001")), (ConnectedDevice, Some("1001"))]);
    app.hold(ben, leg).await.expect("holdCall is accepted");
    app.hear(anna, Type::CallHeld, Why::HardHold).await;
    let event = app.hear(ben, Type::CallHeld, Why::HardHoldInvoked).await;
    assert_eq!(numbers(&event), [(HoldingDevice, Some("1001"))]);
    let status = app.status(ben).await;
    assert!(numbers(&status).iter().all(|(_, number)| *number == Some("1001")), "{status:?}");
    app.clear(ben, leg).await.expect("clearCall is accepted");
    app.hear(ben, Type::CallClear, Why::ClearInvoked).await;
    app.hear(anna, Type::CallClear, Why::OtherDeviceCleared).await;

    // Who calls is not to be shown, and who was called is left out.
    less(json!({"callingDevice": "restricted", "calledDevice": null})).await;
    dial().await;
    app.hear(anna, Type::CallOriginated, Why::NewCallInvoked).await;
    app.hear(anna, Type::CallDelivered, Why::Delivered).await;
    let event = app.hear(ben, Type::CallReceived, Why::NewCall).await;
    assert_eq!(numbers(&event), [(CallingDevice, None), (CalledDevice, Some("1001"))]);
    let hidden = event.device[0].device_attribute.iter();
    let hidden: Vec<_> = hidden.map(|a| (a.attribute_name.expect("a name"), a.attribute_value.as_deref())).collect();
    use DeviceAttributeNames::{NamePrivacy, NumberPrivacy};
    assert_eq!(hidden, [(NumberPrivacy, Some("true")), (NamePrivacy, Some("true"))]);
    let event = app.status(ben).await;
    assert!(!numbers(&event).contains(&(CallingDevice, Some("1000"))), "{event:?}");
    switch.hands.does("1000", "hangup").await;
    app.hear(anna, Type::CallClear, Why::ClearInvoked).await;
    app.hear(ben, Type::CallClear, Why::OtherDeviceCleared).await;

    // A call that fails without a word why is told so, and with one as that says.
    for (say, why) in [(json!({"cause": null}), Why::Unknown), (json!({}), Why::DestinationBusy)] {
        less(json!({})).await;
        dial().await;
        app.hear(anna, Type::CallOriginated, Why::NewCallInvoked).await;
        app.hear(anna, Type::CallDelivered, Why::Delivered).await;
        app.hear(ben, Type::CallReceived, Why::NewCall).await;
        less(say).await;
        switch.hands.does("1000", "fail").await;
        let event = app.hear(anna, Type::CallFailed, why).await;
        assert_eq!((event.call_state, numbers(&event)), (Some(CallState::Failed), vec![(UsingDevice, Some("1000"))]));
        app.hear(ben, Type::CallClear, Why::ClearInvoked).await;
        switch.hands.does("1000", "hangup").await;
        app.hear(anna, Type::CallClear, Why::ClearInvoked).await;
    }
    app.heard_everything().await;
}

/// Our nodes tell a transfer by what it is, and have no groups that are called. A switch that rings anew for either says
/// so with the cause.
#[tokio::test]
async fn a_switch_that_rings_anew_for_a_transfer_or_for_a_group_is_told_so() {
    let switch = Foreign::start("none").await;
    let gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let address = switch.address.to_string();
    let (anna, ben) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    for (cause, why) in [
        ("transfer", Why::TransferredCall),
        ("distributed", Why::CallDistributed),
        ("recall", Why::RecallHeldParty),
        ("causeOfAnotherEdition", Why::NewCall),
    ] {
        switch.hands.fault("less", json!({ "say": { "cause": cause } })).await;
        switch.hands.does_with("1000", "dial", json!({"number": "1001"})).await;
        let event = app.hear(ben, Type::CallReceived, why).await;
        assert_eq!(event.call_state, Some(CallState::Received), "{cause}");
        let leg = event.local_call_id;
        switch.hands.fault("less", json!({ "say": {} })).await;
        app.hear(anna, Type::CallOriginated, Why::NewCallInvoked).await;
        app.hear(anna, Type::CallDelivered, Why::Delivered).await;
        app.answer(ben, leg).await.expect("answerCall is accepted");
        app.hear(ben, Type::CallEstablished, Why::AnsweredInvoked).await;
        app.hear(anna, Type::CallEstablished, Why::Answered).await;
        app.clear(ben, leg).await.expect("clearCall is accepted");
        app.hear(ben, Type::CallClear, Why::ClearInvoked).await;
        app.hear(anna, Type::CallClear, Why::OtherDeviceCleared).await;
    }
    app.heard_everything().await;
}

#[tokio::test]
async fn what_a_foreign_switch_refuses_is_told_and_changes_nothing() {
    let switch = Foreign::start_with("none", &["--license-limit", "2"]).await;
    let gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let address = switch.address.to_string();
    let (anna, ben) = (app.watch(&address, "1000").await, app.watch(&address, "1001").await);
    // One licence for each monitor, and no more of them.
    let carla = app.monitor(&address, "1002").await;
    app.hear(carla, Type::MonitorFailedEvent, Why::DestinationUnavailable).await;
    let refusal = app.make(anna, "4711").await.expect_err("no such number");
    assert_eq!(refusal, "The node does not know this destination.");
    let (ours, _) = app.connect(anna, ben, "1001").await;
    let refusal = app.make(anna, "1002").await.expect_err("the phone is busy");
    assert_eq!(refusal, "A resource of the node is not available.");
    app.clear(anna, ours).await.expect("clearCall is accepted");
    app.hear(anna, Type::CallClear, Why::ClearInvoked).await;
    app.hear(ben, Type::CallClear, Why::OtherDeviceCleared).await;
}

#[tokio::test]
async fn what_a_switch_says_of_itself_is_logged_and_counted_and_changes_nothing() {
    let switch = Foreign::start("server-first").await;
    let mut gateway = switch.gateway().await;
    let app = App::login(&gateway.url).await;
    let anna = app.watch(&switch.address.to_string(), "1000").await;
    for status in ["overloadReached", "overloadReached", "partiallyDisabled"] {
        switch.hands.fault("status", json!({"value": status})).await;
    }
    gateway.process.line_logged("partiallyDisabled").await;
    let logged = gateway.process.logged();
    let overload = logged.iter().filter(|line| line.contains("overloadReached")).count();
    assert_eq!(overload, 1, "once for the change: {logged:?}");
    oig::push::use_ring();
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be made");
    let answer = http.get(format!("{}/metrics", gateway.url)).send().await.expect("the gateway answers");
    let metrics = answer.text().await.expect("a text");
    assert!(metrics.contains(r#"oig_node_status_total{status="overloadReached"} 1"#), "{metrics}");
    app.make(anna, "1001").await.expect("the switch is used all the same");
    app.hear(anna, Type::CallOriginated, Why::NewCallInvoked).await;
}

#[tokio::test]
async fn the_edition_of_the_first_frame_can_be_set() {
    let switch = Foreign::start("none").await;
    let gateway = switch.gateway_with(With { node: "edition = 'ed4'".into(), ..With::default() }).await;
    let app = App::login(&gateway.url).await;
    app.watch(&switch.address.to_string(), "1000").await;
    let seen = switch.seen().await;
    assert!(seen["services"]["in another edition"].is_null(), "{seen}");
}

#[tokio::test]
async fn a_wrong_login_is_refused_and_the_log_says_so_without_it() {
    let switch = Foreign::start("session").await;
    let node = LOGIN.replace("open &amp; sesame", "guessed");
    let mut gateway = switch.gateway_with(With { node, ..With::default() }).await;
    gateway.process.line_logged("the node does not accept the login of the application session").await;
    let logged = gateway.process.logged().join("\n");
    assert!(!logged.contains("guessed"), "a secret is in the log:\n{logged}");
}
