//! Key lines and multicall groups: numbers that show at buttons of several sets, as applications know them.

use schemas::contract::cc::{
    CallEventMsg, CallEventType as Type, CallState, Device, DeviceAttributeNames as Of, DeviceName,
    EventCauseType as Why,
};
use schemas::contract::ops_call_control_standard::{GetDeviceConfiguration, GetLineAppearanceId, RemoteRetrieveCall};
use schemas::contract::std::{GetDeviceConfigurationRequest, GetLineAppearanceIdRequest};
use serde_json::json;

use crate::common::app::App;
use crate::common::cluster::{Gateway, Node, own_address};
use crate::common::eventually;
use crate::common::process::oig;

struct Scene {
    node: Node,
    _gateway: Gateway,
    app: App,
    icp: i64,
}

impl Scene {
    /// Key line 1600 at button 3 of 1002 and 1003, multicall group 1601 at button 2 of 1004 and a further one of 1005.
    async fn begin() -> Self {
        let shared =
            ["--key-line", "1600=1002/3,1003/3", "--multicall-line", "1601=1004/2,1005/9", "--name", "1601=Sales"];
        let node = Node::start_as(1, "server-first", own_address(), &[], &shared).await;
        let gateway = Gateway::start(&[&node]).await;
        let app = App::login(&gateway.url).await;
        let icp = app.icp(&node.address.to_string()).await;
        // A shared number is no prime line, once the directory is there.
        eventually("the directory", async || app.phone_id(icp, "1600").await.is_err().then_some(())).await;
        Self { node, _gateway: gateway, app, icp }
    }

    async fn button(&self, set: &str, button_num: i32) -> Result<i64, String> {
        let request = GetLineAppearanceIdRequest {
            session_id: self.app.session_id,
            icp_id: self.icp,
            prime_dn: set.into(),
            button_num,
        };
        let reply = self.app.call(&GetLineAppearanceId { request }).await;
        if reply.result { Ok(reply.object_id) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    async fn watch(&self, object: i64) {
        self.app.monitor_object(object).await.expect("accepted");
        self.app.hear(object, Type::MonitorSet, Why::MonitorSet).await;
    }

    async fn take_back(&self, object_id: i64, number: &str) -> Result<(), String> {
        let request = RemoteRetrieveCall { session_id: self.app.session_id, object_id, remote_dn: Some(number.into()) };
        let outcome = self.app.call(&request).await;
        if outcome.result { Ok(()) } else { Err(outcome.error_description.unwrap_or_default()) }
    }
}

fn of(device: &Device, name: Of) -> Option<&str> {
    device.device_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.as_deref()
}

/// Number, type, button and name of the device in a role.
fn told(event: &CallEventMsg, role: DeviceName) -> [Option<&str>; 4] {
    let device = event.device.iter().find(|device| device.device_name == Some(role)).expect("somebody is in the role");
    [Of::Number, Of::DeviceType, Of::LineAppearance, Of::Name].map(|name| of(device, name))
}

#[tokio::test]
async fn a_key_line_is_one_line_at_the_buttons_of_several_sets() {
    let scene = Scene::begin().await;
    let app = &scene.app;
    let [one, two] = [scene.button("1002", 3).await.expect("an id"), scene.button("1003", 3).await.expect("an id")];
    assert!(one != two && scene.button("1002", 4).await.is_err());
    let caller = app.phone_id(scene.icp, "1001").await.expect("an id");
    for object in [one, two, caller] {
        scene.watch(object).await;
    }
    app.make(caller, "1600").await.expect("accepted");
    app.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await;
    let delivered = app.hear(caller, Type::CallDelivered, Why::Delivered).await;
    assert_eq!(told(&delivered, DeviceName::CalledDevice)[..2], [Some("1600"), Some("KEYLINE")]);
    let rings = app.hear(one, Type::CallReceived, Why::NewCall).await;
    assert_eq!(told(&rings, DeviceName::CalledDevice)[..3], [Some("1600"), Some("KEYLINE"), Some("3")]);
    let other = app.hear(two, Type::CallReceived, Why::NewCall).await;
    app.answer(one, rings.local_call_id).await.expect("accepted");
    let talks = app.hear(one, Type::CallEstablished, Why::AnsweredInvoked).await;
    let gone = app.hear(two, Type::CallClear, Why::MemberAnswered).await;
    assert_eq!(gone.local_call_id, other.local_call_id);
    let used = app.hear(two, Type::ExtensionInUse, Why::ExtensionInUse).await;
    assert_eq!(told(&used, DeviceName::UsingDevice)[..3], [Some("1600"), Some("KEYLINE"), Some("3")]);
    assert_eq!(app.status(two).await.call_state, Some(CallState::ExtensionInUse));
    // Who begins to watch while the line is in use hears it, too.
    app.stop(two).await.expect("stopped");
    scene.watch(two).await;
    app.hear(two, Type::ExtensionInUse, Why::ExtensionInUse).await;
    assert!(app.make(two, "1005").await.is_err() && scene.take_back(two, "1600").await.is_err());
    app.hold(one, talks.local_call_id).await.expect("accepted");
    app.hear(one, Type::CallHeld, Why::HardHoldInvoked).await;
    scene.take_back(two, "1600").await.expect("accepted");
    app.hear(two, Type::CallClear, Why::Cleared).await;
    let back = app.hear(two, Type::CallEstablished, Why::PickupInvoked).await;
    app.hear(one, Type::CallDiverted, Why::DivertedPickupAway).await;
    app.hear(one, Type::ExtensionInUse, Why::ExtensionInUse).await;
    app.clear(two, back.local_call_id).await.expect("accepted");
    app.hear(two, Type::CallClear, Why::ClearInvoked).await;
    app.hear(one, Type::CallClear, Why::Cleared).await;
    for object in [one, two] {
        assert_eq!(app.status(object).await.call_state, Some(CallState::Idle));
    }
}

#[tokio::test]
async fn a_multicall_group_shows_its_number_to_whom_its_members_call() {
    let scene = Scene::begin().await;
    let app = &scene.app;
    let [one, two] = [scene.button("1004", 2).await.expect("an id"), scene.button("1005", 9).await.expect("an id")];
    let called = app.phone_id(scene.icp, "1001").await.expect("an id");
    for object in [one, two, called] {
        scene.watch(object).await;
    }
    app.make(one, "1001").await.expect("accepted");
    let rings = app.hear(called, Type::CallReceived, Why::NewCall).await;
    let calling = told(&rings, DeviceName::CallingDevice);
    assert_eq!(calling, [Some("1601"), Some("MULTICALL_GROUP"), Some("2"), Some("Sales")]);
    // The other has a call of its own at the same time, and nothing is told of the first there.
    scene.node.hands.does_with("1003", "dial", json!({ "number": "1601" })).await;
    let second = app.hear(two, Type::CallReceived, Why::NewCall).await;
    let own = told(&second, DeviceName::CalledDevice);
    assert_eq!(own, [Some("1601"), Some("MULTICALL_GROUP"), Some("9"), Some("Sales")]);
    let leg = app.hear(one, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
    app.hear(one, Type::CallDelivered, Why::Delivered).await;
    app.clear(one, leg).await.expect("accepted");
    app.hear(one, Type::CallClear, Why::ClearInvoked).await;
    scene.node.hands.does("1003", "hangup").await;
    app.hear(two, Type::CallClear, Why::OtherDeviceCleared).await;
}

#[tokio::test]
async fn a_sets_configuration_names_what_its_buttons_show_and_features_are_the_sets_alone() {
    let scene = Scene::begin().await;
    let app = &scene.app;
    let request =
        GetDeviceConfigurationRequest { session_id: app.session_id, icp_id: scene.icp, prime_dn: "1005".into() };
    let reply = app.call(&GetDeviceConfiguration { request }).await;
    let lines: Vec<_> = reply.line.iter().map(|l| (l.button_number, l.ext_number.as_deref(), l.object_id)).collect();
    assert_eq!(lines.len(), 9);
    assert_eq!(lines[8], (9, Some("1601"), scene.button("1005", 9).await.expect("an id")));
    assert_eq!((lines[7].1, lines[0].1), (Some("1005"), Some("1005")));
    let shared = scene.button("1005", 9).await.expect("an id");
    scene.watch(shared).await;
    app.set_dnd(shared, true).await.expect_err("do not disturb is of a set's number");
    assert!(!scene.node.hands.phone("1005").await.dnd);
    let phone = scene.node.hands.phone("1005").await;
    assert_eq!(phone.shared.get(&9).map(|shared| shared.number.as_str()), Some("1601"));
}

#[test]
fn a_node_that_cannot_have_such_lines_says_why_and_does_not_start() {
    for (options, says) in [
        (&["node", "--key-line", "1600"][..], "is not of the form"),
        (&["node", "--key-line", "1600=1012/1"], "button 1 of 1012 cannot show another number"),
        (&["node", "--key-line", "1600=1012/3,1012/3"], "button 3 of 1012 shows a shared number already"),
        (&["node", "--key-line", "1600=1012/3", "--multicall-line", "1601=1012/3"], "--multicall-line 1601=1012/3"),
        (&["node", "--multicall-line", "1601=4000/2"], "the node has no set 4000"),
        (&["node", "--multicall-line", "1012=1013/2"], "1012 is somebody's number already"),
        (&["node", "--multicall-line", "2600=1013/2"], "2600 is a number of another node"),
        (&["node", "--name", "1600=Sales"], "the node has no phone 1600"),
        (&["lab", "--key-line", "4600=1012/3"], "no node has such numbers"),
        (&["lab", "--key-line", "2600=1012/3"], "the node has no set 1012"),
    ] {
        let free = ["--csta-port", "0", "--sync-port", "0", "--hands-port", "0", "--peer-port", "0"];
        let output = oig().args(options).args(free).output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(says), "{options:?} says {said}");
    }
}
