//! How a node's telephones dial, as applications are told it: getIcpConfig, getDialableNumber,
//! getIncomingPhoneNumber, by SOAP and by REST. Every form of a number is in the tables of
//! `schemas/src/domain/dial_plan.rs`.

use schemas::contract::ops_call_control_standard::{GetDialableNumber, GetIcpConfig, GetIncomingPhoneNumber};
use schemas::contract::std::{IcpConfigResult, NetworkElementType};
use serde_json::json;

use crate::common::app::App;
use crate::common::cluster::{Gateway, Lab, Node};
use crate::common::eventually;
use crate::common::rest::RestClient;

const NO_NODE: &str = "The node is not configured in this gateway.";
const NO_PLAN: &str = "No dial plan is set for the node in this gateway.";

impl App {
    async fn dialable(&self, icp_id: i64, number: Option<&str>) -> Result<String, String> {
        let e164_str = number.map(str::to_owned);
        let reply = self.call(&GetDialableNumber { session_id: self.session_id, icp_id, e164_str }).await;
        assert_eq!(reply.result, reply.error_description.is_none());
        reply.dialable_number.ok_or_else(|| reply.error_description.expect("a refusal has a text"))
    }

    async fn stands_for(&self, icp_id: i64, digits: &str, incoming_call: bool) -> Result<Vec<String>, String> {
        let digit_str = Some(digits.to_owned());
        let request = GetIncomingPhoneNumber { session_id: self.session_id, icp_id, digit_str, incoming_call };
        let reply = self.call(&request).await;
        assert_eq!(reply.result, !reply.incoming_number.is_empty());
        if reply.result { Ok(reply.incoming_number) } else { Err(reply.error_description.expect("a text")) }
    }

    async fn icp_config(&self, icp_id: i64) -> IcpConfigResult {
        self.call(&GetIcpConfig { session_id: self.session_id, icp_id }).await
    }
}

#[tokio::test]
async fn numbers_are_converted_by_the_plan_of_their_node() {
    let lab = Lab::start().await;
    let app = App::login(&lab.url).await;
    for node in 1..=3 {
        // The settings are enough: no link has to be up.
        let config = app.icp_config(node).await;
        let some = |text: &str| Some(text.to_owned());
        let expected = IcpConfigResult {
            error_description: None,
            max_ext_length: some("4"),
            trunk_prefix: some("9"),
            long_distance_prefix: some("1"),
            international_prefix: some("011"),
            local_area_codes: some("613"),
            outside_prefix: some("9"),
            local_country_code: some("1"),
            ne_type: Some(NetworkElementType::MiVb),
            ip_addr: Some(lab.address(usize::try_from(node).expect("a small number"))),
            result: true,
        };
        assert_eq!(config, expected);
        for (number, dialled) in
            [("+16135551234", "95551234"), ("+14165551234", "914165551234"), ("+496912345", "9011496912345")]
        {
            assert_eq!(app.dialable(node, Some(number)).await, Ok(dialled.to_owned()));
            assert_eq!(app.stands_for(node, dialled, false).await, Ok(vec![number.to_owned()]));
        }
        assert_eq!(app.stands_for(node, "(613) 555-1234", true).await, Ok(vec!["+16135551234".to_owned()]));
        assert_eq!(app.stands_for(node, "1001", true).await, Ok(vec!["1001".to_owned()]));
    }
    const EMPTY: &str = "The number is missing or empty.";
    assert_eq!(app.dialable(1, None).await, Err(EMPTY.into()));
    assert_eq!(app.dialable(1, Some(" ")).await, Err(EMPTY.into()));
    let refused = app.stands_for(1, "anonymous", true).await.expect_err("letters are no number");
    assert!(refused.starts_with("The number may hold only digits") && !refused.contains("anonymous"), "{refused}");
    for icp_id in [0, 4, 999, 1000, -1, i64::MAX] {
        assert_eq!(app.dialable(icp_id, Some("+16135551234")).await, Err(NO_NODE.into()));
        assert_eq!(app.stands_for(icp_id, "95551234", false).await, Err(NO_NODE.into()));
        assert_eq!(app.icp_config(icp_id).await.error_description.as_deref(), Some(NO_NODE));
    }

    let rest = RestClient::login(&lab.url).await;
    let told = rest.call("getDialableNumber", json!({ "icpId": 1, "e164Str": "+16135551234" })).await.accepted();
    assert_eq!(told, json!({ "result": true, "dialableNumber": "95551234" }));
    let asked = json!({ "icpId": "1", "digitStr": "6135551234", "incomingCall": true });
    let told = rest.call("getIncomingPhoneNumber", asked).await.accepted();
    assert_eq!(told, json!({ "result": true, "incomingNumber": ["+16135551234"] }));
    assert_eq!(rest.call("getIcpConfig", json!({ "icpId": 1 })).await.accepted()["neType"], "MI_VB");
    rest.call("getDialableNumber", json!({ "icpId": 1, "e164Str": "" })).await.refused(400, EMPTY);
    rest.call("getIcpConfig", json!({ "icpId": 4 })).await.refused(404, NO_NODE);
}

#[tokio::test]
async fn without_a_plan_nothing_is_guessed() {
    let node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    let app = App::login(&gateway.url).await;
    assert_eq!(app.dialable(1, Some("+16135551234")).await, Err(NO_PLAN.into()));
    assert_eq!(app.stands_for(1, "95551234", false).await, Err(NO_PLAN.into()));
    let config = app.icp_config(1).await;
    assert!(config.result);
    assert_eq!((config.ip_addr, config.ne_type), (Some(node.address.to_string()), None));
    assert_eq!((config.outside_prefix, config.max_ext_length), (None, None));
    let rest = RestClient::login(&gateway.url).await;
    let asked = json!({ "icpId": 1, "e164Str": "+16135551234" });
    rest.call("getDialableNumber", asked).await.refused(501, NO_PLAN);
}

#[tokio::test]
async fn what_kind_of_system_a_node_is_said_to_be_is_told_to_applications() {
    let node = Node::start(1).await;
    let gateway = Gateway::start(&[&node]).await;
    for (word, kind) in [
        ("MI_CC", NetworkElementType::MiCc),
        ("MX_ONE", NetworkElementType::MxOne),
        ("MI_400", NetworkElementType::Mi400),
        ("MI_VB", NetworkElementType::MiVb),
    ] {
        gateway.admin(&["change-node", "1", "--kind", word], "").expect("changed");
        let app = App::login(&gateway.url).await;
        let told = async || (app.icp_config(1).await.ne_type.as_ref() == Some(&kind)).then_some(());
        eventually("the kind is told", told).await;
    }
}
