//! Hot desk users against the whole gateway: who is where, what is told, wrong PINs, and that no PIN is seen.

use std::time::{Duration, Instant};

use schemas::contract::cc::{FeatureEventAttributeNames as Name, FeatureEventMsg, FeatureEventType};
use schemas::contract::ops_call_control_standard::{
    GetHotDeskUserDn, GetHotDeskUserLoginDevice, LoginExtHotDeskUser, LoginHotDeskUser, LogoutExtHotDeskUser,
    LogoutHotDeskUser, VerifyHotDeskUserPin,
};
use schemas::contract::record::Secret;
use schemas::contract::std::{LoginExtHotDeskUserRequest, LoginHotDeskUserRequest};
use serde_json::json;

use crate::common::app::App;
use crate::common::cluster::Lab;
use crate::common::rest::RestClient;
use crate::scenarios::ready;

const WRONG: &str = "The PIN is wrong.";

fn done(result: bool, text: Option<String>) -> Result<(), String> {
    if result { Ok(()) } else { Err(text.unwrap_or_default()) }
}

impl App {
    async fn desk_login(&self, set: i64, user: &str, pin: &str) -> Result<(), String> {
        let request = LoginHotDeskUserRequest {
            pin: Secret(pin.into()),
            hot_desk_user_dn: user.into(),
            session_id: self.session_id,
            object_id: set,
        };
        let reply = self.call(&LoginHotDeskUser { request }).await;
        done(reply.result, reply.error_description)
    }

    async fn desk_logout(&self, set: i64) -> Result<(), String> {
        let reply = self.call(&LogoutHotDeskUser { session_id: self.session_id, object_id: set }).await;
        done(reply.result, reply.error_description)
    }

    async fn verify_pin(&self, object_id: i64, user: &str, pin: &str) -> Result<(), String> {
        let (session_id, hot_desk_user_dn) = (self.session_id, user.to_owned());
        let asked = VerifyHotDeskUserPin { session_id, object_id, hot_desk_user_dn, pin: Secret(pin.into()) };
        let reply = self.call(&asked).await;
        done(reply.result, reply.error_description)
    }

    async fn user_at(&self, set: i64) -> Option<String> {
        let asked = GetHotDeskUserDn { session_id: self.session_id, hot_desk_device_object_id: set };
        let reply = self.call(&asked).await;
        assert!(reply.result, "{:?}", reply.error_description);
        assert_eq!(reply.hot_desk_device_object_id, set);
        reply.user_dn
    }

    async fn place_of(&self, user: i64) -> Option<String> {
        let asked = GetHotDeskUserLoginDevice { session_id: self.session_id, hot_desk_user_object_id: user };
        let reply = self.call(&asked).await;
        assert!(reply.result, "{:?}", reply.error_description);
        assert_eq!(reply.hot_desk_user_object_id, user);
        reply.hot_desk_device_dn
    }
}

fn attribute(event: &FeatureEventMsg, name: Name) -> Option<&str> {
    event.feature_event_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.as_deref()
}

async fn told(app: &App, object: i64, device: &str, on: &str) {
    told_of("1", app, object, device, on).await;
}

async fn told_of(icp: &str, app: &App, object: i64, device: &str, on: &str) {
    let event = app.hear_feature(object, FeatureEventType::HotDeskUser).await;
    assert_eq!(attribute(&event, Name::UserDn), Some("1900"));
    assert_eq!(attribute(&event, Name::DeviceNumber), Some(device));
    assert_eq!(attribute(&event, Name::FeatureEventState), Some(on));
    assert_eq!(attribute(&event, Name::IcpId), Some(icp));
    assert_eq!(event.feature_event_attribute.len(), 4, "{event:?}");
}

#[tokio::test]
async fn a_login_is_told_at_the_set_and_at_the_user_and_is_found_by_both() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let set = app.phone_id(icp, "1010").await.expect("the node has the set");
    let user = app.phone_id(icp, "1900").await.expect("a user's number is in the directory");
    // None of it needs a monitor.
    assert_eq!((app.user_at(set).await, app.place_of(user).await), (None, None));
    for object in [set, user] {
        app.monitor_features(object).await.expect("accepted");
    }
    assert_eq!(app.features(set).await.expect("listed").hot_desk_user_logged_in_dn, None);

    app.desk_login(set, "1900", "1234").await.expect("logged in");
    told(&app, set, "1010", "true").await;
    told(&app, user, "1900", "true").await;
    assert_eq!((app.user_at(set).await.as_deref(), app.place_of(user).await.as_deref()), (Some("1900"), Some("1010")));
    assert_eq!(app.features(set).await.expect("listed").hot_desk_user_logged_in_dn.as_deref(), Some("1900"));
    assert_eq!(app.features(user).await.expect("listed").hot_desk_user_logged_in_dn.as_deref(), Some("1900"));
    let rest = RestClient::login(&lab.url).await;
    let asked = json!({ "hotDeskDeviceObjectId": set.to_string() });
    assert_eq!(rest.call("getHotDeskUserDn", asked).await.accepted()["userDn"], "1900");

    app.desk_logout(set).await.expect("logged out");
    told(&app, set, "1010", "false").await;
    told(&app, user, "1900", "false").await;
    assert_eq!((app.user_at(set).await, app.place_of(user).await), (None, None));
    assert_eq!(app.features(set).await.expect("listed").hot_desk_user_logged_in_dn, None);
    app.heard_everything().await;
}

#[tokio::test]
async fn a_user_is_found_at_a_set_of_another_node_and_stays_a_number_of_the_own() {
    let lab = Lab::start().await;
    ready(&lab).await;
    let app = App::login(&lab.url).await;
    let (home, away) = (app.icp(&lab.address(1)).await, app.icp(&lab.address(2)).await);
    let set = app.phone_id(away, "2001").await.expect("the node has the set");
    let user = app.phone_id(home, "1900").await.expect("a user's number is in the directory of its own node");
    app.phone_id(away, "1900").await.expect_err("and in no other");
    for object in [set, user] {
        app.monitor_features(object).await.expect("accepted");
    }
    app.verify_pin(set, "1900", "1234").await.expect("right");
    assert_eq!(app.verify_pin(set, "1900", "4321").await.expect_err("wrong"), WRONG);
    assert_eq!(app.desk_login(set, "1900", "4321").await.expect_err("wrong"), WRONG);
    assert_eq!((app.user_at(set).await, app.place_of(user).await), (None, None));

    app.desk_login(set, "1900", "1234").await.expect("logged in");
    told_of("2", &app, set, "2001", "true").await;
    told(&app, user, "1900", "true").await;
    assert_eq!((app.user_at(set).await.as_deref(), app.place_of(user).await.as_deref()), (Some("1900"), Some("2001")));
    for object in [set, user] {
        let features = app.features(object).await.expect("listed");
        assert_eq!(features.hot_desk_user_logged_in_dn.as_deref(), Some("1900"));
    }
    // What a person does at the set is done at home; what home refuses is refused there.
    let hands = lab.hands(2);
    assert_eq!(hands.phone("2001").await.user.as_deref(), Some("1900"));
    hands.does_with("2001", "dial", json!({ "number": "2002" })).await;
    assert_eq!(lab.hands(1).phone("1900").await.legs.len(), 1);
    let refused = hands.try_does("2001", "transfer", &json!({})).await.expect_err("there is nothing to transfer");
    assert!(refused.contains("no held call"), "{refused}");
    let refused = hands.try_does("2001", "offhook", &json!({ "line": 3 })).await.expect_err("the user has two keys");
    assert!(refused.contains("no such phone or button"), "{refused}");
    let refused = hands.try_does("2001", "logout", &json!({})).await.expect_err("there is a call");
    assert!(refused.contains("has a call"), "{refused}");
    hands.does("2001", "hangup").await;

    app.desk_logout(set).await.expect("logged out");
    told_of("2", &app, set, "2001", "false").await;
    told(&app, user, "1900", "false").await;
    assert_eq!((app.user_at(set).await, app.place_of(user).await), (None, None));
    app.heard_everything().await;
}

#[tokio::test]
async fn wrong_pins_of_a_user_are_slowed_at_whichever_node_they_are_tried() {
    let lab = Lab::start().await;
    ready(&lab).await;
    let app = App::login(&lab.url).await;
    let (home, away) = (app.icp(&lab.address(1)).await, app.icp(&lab.address(2)).await);
    let here = app.phone_id(home, "1010").await.expect("the node has the set");
    let there = app.phone_id(away, "2001").await.expect("the node has the set");
    let began = Instant::now();
    for (i, set) in [here, there, here, there, here, there, there].into_iter().enumerate() {
        let refused = match i {
            3 => app.desk_login(set, "1900", "4321").await,
            _ => app.verify_pin(set, "1900", "4321").await,
        };
        assert_eq!(refused.expect_err("wrong"), WRONG);
    }
    assert!(began.elapsed() >= Duration::from_millis(1_500), "{:?}", began.elapsed());
    app.verify_pin(there, "1901", "1234").await.expect("right");
}

#[tokio::test]
async fn a_login_while_the_link_is_down_is_told_when_it_is_back() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let set = app.phone_id(icp, "1010").await.expect("the node has the set");
    app.monitor_features(set).await.expect("accepted");
    app.features(set).await.expect("listed, and known from now on");
    lab.hands(1).fault("link", json!({ "mode": "close", "for_ms": 1_000 })).await;
    lab.hands(1).does_with("1010", "login", json!({ "user": "1900", "pin": "1234" })).await;
    told(&app, set, "1010", "true").await;
}

#[tokio::test]
async fn an_external_user_is_at_an_outside_number() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let user = app.phone_id(icp, "1950").await.expect("in the directory");
    let log_in = async |pin: &str| {
        let (session_id, pin) = (app.session_id, Secret(pin.into()));
        let request = LoginExtHotDeskUserRequest { pin, session_id, object_id: user };
        let reply = app.call(&LoginExtHotDeskUser { request }).await;
        done(reply.result, reply.error_description)
    };
    assert_eq!(log_in("4321").await.expect_err("a wrong PIN"), WRONG);
    assert_eq!(app.place_of(user).await, None);
    log_in("1234").await.expect("logged in");
    assert_eq!(app.place_of(user).await.as_deref(), Some("95550150"));
    let reply = app.call(&LogoutExtHotDeskUser { session_id: app.session_id, object_id: user }).await;
    assert!(reply.result, "{:?}", reply.error_description);
    assert_eq!(app.place_of(user).await, None);
    // A person may give another number.
    let body = json!({ "pin": "1234", "number": "95551234" });
    lab.hands(1).does_with("1950", "login", body).await;
    assert_eq!(app.place_of(user).await.as_deref(), Some("95551234"));
}

#[tokio::test]
async fn wrong_pins_of_a_user_are_slowed_and_those_of_another_are_not() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let set = app.phone_id(icp, "1010").await.expect("the node has the set");
    let began = Instant::now();
    for _ in 0..7 {
        assert_eq!(app.verify_pin(set, "1900", "4321").await.expect_err("wrong"), WRONG);
    }
    assert!(began.elapsed() >= Duration::from_millis(1_500), "{:?}", began.elapsed());
    app.verify_pin(set, "1901", "1234").await.expect("right");
}

#[tokio::test]
async fn no_pin_is_in_logs_events_or_refusals() {
    let lab = Lab::start_logging("trace").await;
    let app = App::login(&lab.url).await;
    let icp = app.icp(&lab.address(1)).await;
    let set = app.phone_id(icp, "1010").await.expect("the node has the set");
    app.monitor_features(set).await.expect("accepted");
    ready(&lab).await;
    let away = app.icp(&lab.address(2)).await;
    let away = app.phone_id(away, "2001").await.expect("the node has the set");
    let mut seen = Vec::new();
    for pin in ["73519064", "73519064x", "735190640"] {
        seen.push(app.desk_login(set, "1900", pin).await.expect_err("refused"));
        seen.push(app.verify_pin(set, "1900", pin).await.expect_err("refused"));
        let body = json!({ "user": "1900", "pin": pin });
        seen.push(lab.hands(1).try_does("1010", "login", &body).await.expect_err("refused"));
        let body = json!({ "user": "1900", "pin": 73_519_064 });
        seen.push(lab.hands(1).try_does("1010", "login", &body).await.expect_err("refused"));
        seen.push(app.desk_login(away, "1900", pin).await.expect_err("refused"));
        let body = json!({ "user": "1901", "pin": pin });
        seen.push(lab.hands(2).try_does("2001", "login", &body).await.expect_err("refused"));
    }
    let rest = RestClient::login(&lab.url).await;
    let asked = json!({ "objectId": set.to_string(), "hotDeskUserDn": "1900", "pin": "73519064" });
    seen.push(format!("{:?}", rest.call("verifyHotDeskUserPin", asked).await));
    app.desk_login(set, "1900", "1234").await.expect("logged in");
    seen.push(format!("{:?}", app.hear_feature(set, FeatureEventType::HotDeskUser).await));
    seen.push(format!("{:?}", lab.hands(1).truth().await));
    seen.extend(lab.process.logged());
    assert!(seen.iter().any(|line| line.contains("a wrong PIN")), "the logs are there");
    let shown: Vec<_> = seen.iter().filter(|line| line.contains("73519")).collect();
    assert!(shown.is_empty(), "{shown:?}");
}
