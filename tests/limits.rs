//! What one application may use, and what goes to a node first.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use schemas::contract::cc::{CallEventType as Type, EventCauseType as Why};
use schemas::csta::message::Request;
use schemas::domain::{Ceid, LocalState, ObjectId};

use crate::common::app::App;
use crate::common::cluster::{Gateway, Node, With};
use crate::common::scripted::{Fate, Script, Switch, listen};
use crate::common::{eventually, http};

#[actix_web::test]
async fn an_application_that_uses_all_it_may_is_told_so_and_others_are_not_disturbed() {
    let node = Node::start(1).await;
    let with = With { application: "{ monitors = 2, commands_per_second = 1, log_mib = 1 }", ..With::default() };
    let gateway = Gateway::start_with(&[&node], with).await;
    let address = node.address.to_string();
    let (app, same) = (App::login(&gateway.url).await, App::login(&gateway.url).await);
    let other = App::login_other(&gateway.url).await;
    let first = app.watch(&address, "1000").await;
    same.watch(&address, "1001").await;
    let icp = app.icp(&address).await;
    let third = app.phone_id(icp, "1002").await.expect("the node has the phone");
    let full = "The application has reached its limit of 2 monitors in all its sessions.";
    assert_eq!(app.monitor_object(third).await, Err(full.into()));
    app.monitor_object(first).await.expect("it has that one");
    other.watch(&address, "1002").await;
    app.stop(first).await.expect("monitored");
    app.monitor_object(third).await.expect("there is room again");

    let busy = "The application has reached its limit of 1 commands a second.";
    let mut refused = 0;
    // How fast they come is the machine's: some of so many come within a second.
    for _ in 0..50 {
        refused += usize::from(app.make(third, "1003").await == Err(busy.into()));
    }
    assert!(refused > 0, "each had a second of its own");
    let metrics = http::get(&gateway.url, "/metrics", &[]).await.body;
    assert!(metrics.contains(r#"oig_quota_reached_total{quota="monitors"} 1"#), "{metrics}");
    assert!(metrics.contains(&format!(r#"oig_quota_reached_total{{quota="commands"}} {refused}"#)), "{metrics}");
}

#[actix_web::test]
async fn an_answer_overtakes_ten_thousand_monitors_that_are_asked_for_at_the_same_node() {
    const BULK: u32 = 10_000;
    let switch = Switch::default();
    switch.inside().poor = true; // no directory: every number is believed
    let node = listen(1, &switch).await;
    let gateway = Gateway::start_at(&[node], With::default()).await;
    let app = App::login(&gateway.url).await;
    let phone = app.watch(&node.1.to_string(), "1000").await;
    let calls = vec![("c1".to_owned(), LocalState::Alerting, LocalState::Connected)];
    switch.inside().calls.insert("1000".into(), calls.clone());
    switch.ring("1000", "c1");
    let ringing = app.hear(phone, Type::CallReceived, Why::NewCall).await;
    switch.inside().scripts.push_back(Script { fate: Fate::Answered(Duration::ZERO), first: None, dn: "1000", calls });

    // From here on the node takes requests about lines and monitors and answers none.
    switch.inside().slow = true;
    let object = |n: u32| {
        let dn = (20_000 + n).to_string().parse().expect("a DN");
        ObjectId::line(Ceid::new(1).expect("a CEID"), dn).as_long()
    };
    let bulk = App::login_other(&gateway.url).await;
    let accepted = stream::iter(0..BULK).map(|n| bulk.monitor_object(object(n))).buffer_unordered(16);
    assert_eq!(accepted.filter(|accepted| std::future::ready(accepted.is_ok())).count().await, BULK as usize);
    app.answer(phone, ringing.local_call_id).await.expect("answered by a node that answers no monitor");

    let before = {
        let inside = switch.inside();
        let answered = inside.asked.iter().position(|r| matches!(r, Request::AnswerCall { .. })).expect("asked");
        inside.asked[..answered].iter().filter(|r| matches!(r, Request::MonitorStart { .. })).count()
    };
    // Some more go each five seconds, when the first are not waited for any more; most of them waited.
    assert!((2..BULK as usize / 4).contains(&before), "{before} monitors went to the node first");

    switch.inside().slow = false;
    eventually("every monitor stands", async || (switch.inside().monitors.len() > BULK as usize).then_some(())).await;
}
