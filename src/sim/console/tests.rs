//! The hub: what a page is told, which pages have a place, and who is let go.

use std::pin::pin;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _};
use schemas::domain::{Ceid, Pin};
use serde_json::{Value, json};
use tokio::time::advance;

use super::*;
use crate::sim::core::{Deed, Hand};
use crate::sim::faults::Fault;
use crate::sim::node::{Env, SimNode};
use crate::sim::plan::Plan;
use crate::sim::switch::Line;
use crate::sim::view::NodeView;

fn node() -> SimNodeHandle {
    SimNode::spawn(Plan::lab(Ceid::new(1).expect("a CEID")), Env::system())
}

async fn view(node: &SimNodeHandle) -> NodeView {
    node.view(0).await.expect("alive")
}

fn of(dn: &str, deed: Deed) -> Hand {
    Hand { line: Line::prime(dn.parse().expect("a DN")), deed }
}

/// The next event of a page: its name and its data.
async fn told<E>(page: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) -> Option<(String, Value)> {
    let bytes = page.next().await?.ok()?;
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let (event, data) = text.strip_prefix("event: ")?.split_once("\ndata: ")?;
    Some((event.to_owned(), serde_json::from_str(data.strip_suffix("\n\n")?).expect("JSON")))
}

#[tokio::test]
async fn a_page_is_told_the_whole_first_and_then_only_what_changed() {
    let (hub, node) = (Arc::new(Hub::new()), node());
    hub.update(view(&node).await);
    let mut page = pin!(Arc::clone(&hub).look().expect("a place"));
    let (event, whole) = told(&mut page).await.expect("the state");
    let phones = whole["nodes"][0]["phones"].as_array().expect("phones").len();
    assert_eq!((event.as_str(), phones, &whole["records"]), ("state", 20, &json!([])));

    node.hand(of("1000", Deed::Dial("1001".into()))).await.expect("dialled");
    let now = node.view(0).await.expect("alive");
    hub.update(now.clone());
    // The same once more is no news.
    hub.update(NodeView { truth: Vec::new(), at_ms: now.at_ms + 5, ..now });
    node.fault(Fault::Power { down_ms: 60_000 }).await.expect("broken");
    hub.update(node.view(4).await.expect("alive"));

    let (event, news) = told(&mut page).await.expect("the call");
    let changed: Vec<_> = news["node"]["phones"].as_array().expect("phones").iter().map(|p| p["dn"].clone()).collect();
    assert_eq!((event.as_str(), changed), ("news", vec![json!("1000"), json!("1001")]));
    assert_eq!(news["node"]["phones"][1]["lines"][0]["may"], json!(["pickup", "takeover", "answer", "redirect"]));
    assert_eq!(news["records"].as_array().map(Vec::len), Some(4));
    let (_, news) = told(&mut page).await.expect("the power");
    assert!(news["node"]["faults"]["powerless_until_ms"].is_i64());
    assert_eq!(news["node"]["phones"][0]["lines"][0], json!({ "line": 1, "may": [], "legs": [] }));
    assert_eq!(news["node"]["phones"].as_array().map(Vec::len), Some(20), "no phone takes anything");
    assert_eq!(news["records"][0]["cause"], "powerLost");
    hub.close();
    assert!(told(&mut page).await.is_none() && hub.look().is_none(), "the lab ends");
}

#[tokio::test]
async fn a_set_shows_the_lines_of_the_user_who_is_there() {
    let node = node();
    let pin = || Pin::new("1234").expect("a PIN");
    let user = "1900".parse().expect("a DN");
    node.hand(of("1010", Deed::LogIn { user, pin: pin(), outside: None })).await.expect("logged in");
    node.hand(of("1010", Deed::DoNotDisturb(true))).await.expect("done");
    node.hand(of("1010", Deed::Dial("1001".into()))).await.expect("dialled");
    let now = serde_json::to_value(view(&node).await).expect("JSON");
    let phone = now["phones"].as_array().expect("phones").iter().find(|p| p["dn"] == "1010").expect("the set");
    assert_eq!(
        (&phone["user"], &phone["dnd"], &phone["may"]),
        (&json!("1900"), &json!(true), &json!(["dnd", "autoanswer", "forward"]))
    );
    assert_eq!(phone["name"], "Nguyễn, Thị Hạnh", "the set keeps its name");
    let lines = phone["lines"].as_array().expect("lines");
    assert_eq!((lines.len(), &lines[0]["legs"][0]["other"]), (2, &json!("1001")), "as many keys as the user has");
    assert_eq!(lines[0]["may"], json!(["callback", "message", "hangup"]));
    let users = now["users"].as_array().expect("users");
    assert_eq!((users.len(), &users[0]["dn"], &users[0]["desk"]), (15, &json!("1900"), &json!("1010")));
    assert_eq!((&users[0]["external"], &users[0]["may"]), (&json!(false), &json!([])));
    assert_eq!((&users[10]["external"], &users[10]["may"]), (&json!(true), &json!(["login"])));
    assert!(!now.to_string().contains("1234"), "no PIN is shown");
    node.fault(Fault::Power { down_ms: 60_000 }).await.expect("broken");
    let dead = view(&node).await;
    assert!(dead.phones.iter().all(|p| p.may.is_empty()) && dead.users.iter().all(|u| u.may.is_empty()));
}

#[tokio::test]
async fn whatever_changes_at_a_node_is_told_by_who_watches_it() {
    let (hub, node) = (Arc::new(Hub::new()), node());
    hub.update(view(&node).await);
    let mut page = pin!(Arc::clone(&hub).look().expect("a place"));
    told(&mut page).await.expect("the state");
    let watching = tokio::spawn(hub::watch(node.clone(), Arc::clone(&hub)));
    node.hand(of("1003", Deed::DoNotDisturb(true))).await.expect("done");
    let (_, news) = told(&mut page).await.expect("what has no record");
    assert_eq!((&news["node"]["phones"][0]["dn"], &news["node"]["phones"][0]["dnd"]), (&json!("1003"), &json!(true)));
    // A fault whose time is over is news, too, though nobody did anything.
    node.fault(Fault::Power { down_ms: 300 }).await.expect("broken");
    let mut powerless = Vec::new();
    while powerless.last() != Some(&false) || powerless.len() < 2 {
        let (_, news) = told(&mut page).await.expect("the power");
        powerless.push(!news["node"]["faults"]["powerless_until_ms"].is_null());
    }
    assert!(powerless.contains(&true), "{powerless:?}");
    node.stop().await;
    watching.await.expect("it ends with its node");
}

#[tokio::test]
async fn a_page_that_does_not_read_is_let_go_and_delays_nobody() {
    let (hub, node) = (Arc::new(Hub::new()), node());
    let mut slow = pin!(Arc::clone(&hub).look().expect("a place"));
    told(&mut slow).await.expect("the state");
    let mut quick = pin!(Arc::clone(&hub).look().expect("a place"));
    told(&mut quick).await.expect("the state");
    for count in 0..=hub::WAITING {
        node.hand(of("1000", Deed::DoNotDisturb(count % 2 == 0))).await.expect("done");
        hub.update(view(&node).await);
        assert!(told(&mut quick).await.is_some());
    }
    assert!(told(&mut slow).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn pages_have_places_which_stalled_ones_lose() {
    let hub = Arc::new(Hub::new());
    let look = || Arc::clone(&hub).look().map(Box::pin);
    let mut pages: Vec<_> = (0..hub::PAGES).map(|_| look().expect("a place")).collect();
    assert!(look().is_none());
    pages.pop();
    assert_eq!(hub.pages(), hub::PAGES - 1, "a page that goes leaves its place");
    pages.push(look().expect("the place"));

    // One reads on, and hears that the lab is still there; the others do not.
    let (mut first, mut second) = (pages.remove(0), pages.remove(0));
    told(&mut first).await.expect("the state");
    let comment = first.next().await.expect("a comment").expect("no error");
    assert!(comment.starts_with(b":") && comment.ends_with(b"\n\n"));
    advance(Duration::from_secs(15)).await;
    assert!(look().is_none());
    assert!(first.next().await.is_some());
    advance(Duration::from_secs(16)).await;
    let newest = look().expect("a place of one that stalled");
    assert!(first.next().await.is_some() && second.next().await.is_none());
    assert_eq!(hub.pages(), 2);
    drop((first, newest));
    assert_eq!(hub.pages(), 0);
}
