//! A phone with two nodes: monitored at both, told by the one that serves it.

use schemas::domain::{Ceid, LegId, LocalState};

use crate::bench::{App, BACK, Bench, LOST, between, brief, line, out_of_service, restored, rings, run, set, until};
use crate::switch::Switch;
use actors::cluster::LinkState;
use actors::device::messages::Action;
use actors::refusal::Refused;
use actors::session::Outcome;

const SECOND_LOST: &str = "NODE 2 CONNECTION_FAILURE";
const SECOND_BACK: &str = "NODE 2 CONNECTED";
const COMES_UP: &str = "1000 IN_SERVICE DEVICE_IN_SERVICE IDLE";
const HOME: &str = "1000 RESILIENT_DEVICE CONTROLLER_COMMS_RESTORED IDLE";
const UNGUARDED: &str = "1000 RESILIENT_DEVICE SECONDARY_CONTROLLER_COMMS_FAILED IDLE";
const GUARDED: &str = "1000 RESILIENT_DEVICE SECONDARY_MONITOR_SET IDLE";

struct Pair {
    bench: Bench,
    app: App,
}

impl Pair {
    /// Monitored at both, served by the first, and told so.
    async fn start() -> Self {
        let switches = [Switch::default(), Switch::default()];
        switches[1].inside().elsewhere.insert("1000".into());
        let bench = Bench::begin_pair(switches);
        for node in [1, 2] {
            bench.link(node, LinkState::Connected).await;
        }
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        let pair = Self { bench, app };
        pair.is_armed(2).await;
        pair
    }

    fn switch(&self, node: usize) -> &Switch {
        &self.bench.switches[node - 1]
    }

    /// The gateway has asked for the calls there: the monitor stands.
    async fn is_armed(&self, node: usize) {
        use schemas::csta::message::Request;
        let snapshot = |request: &Request| matches!(request, Request::SnapshotDevice { .. });
        until("a monitor there", || self.switch(node).inside().asked.iter().any(snapshot)).await;
        crate::bench::pass(std::time::Duration::from_millis(100)).await;
    }

    fn lose(&self, node: usize) {
        self.switch(node).inside().refuses = true;
        self.switch(node).close();
    }

    fn returns(&self, node: usize) {
        self.switch(node).inside().asked.clear();
        self.switch(node).inside().refuses = false;
    }

    /// The next event in brief, and the node that spoke.
    async fn spoken(&self) -> (String, String) {
        let Outcome::Event(_, event) = self.app.poll(60_000).await else { panic!("no event came") };
        let event = event.standard().expect("a standard form").to_owned();
        let icp = event.split_once("<cc:attributeName>ICP_ID<").map(|(_, rest)| rest);
        let icp = icp.and_then(|rest| between(rest, "<cc:attributeValue>", "<")).unwrap_or("-").to_owned();
        (brief(&event), icp)
    }
}

fn spoken(event: impl Into<String>, icp: &str) -> (String, String) {
    (event.into(), icp.to_owned())
}

#[test]
fn a_phone_that_comes_up_at_its_secondary_is_told_and_controlled_there_until_it_is_home() {
    run(async || {
        let pair = Pair::start().await;
        pair.lose(1);
        assert_eq!(pair.app.events(1).await, [LOST]);
        assert_eq!(pair.spoken().await, spoken(out_of_service("1000"), "1"));
        pair.app.silence().await;
        pair.switch(2).serve("1000", true);
        assert_eq!(pair.spoken().await, spoken(COMES_UP, "2"));
        pair.switch(2).ring("1000", "c1");
        assert_eq!(pair.spoken().await, spoken(rings("1000"), "2"));
        let event = pair.app.monitors.status(line("1000")).await.expect("monitored");
        let leg = LegId::new(u64::try_from(event.local_call_id).expect("positive"));
        let refused = pair.app.monitors.perform(line("1000"), Action::Answer(leg)).await;
        assert!(matches!(refused, Err(Refused::Node(_))), "the second node was asked: {refused:?}");

        // The first is back, and the phone is still at the second.
        pair.switch(1).inside().elsewhere.insert("1000".into());
        pair.returns(1);
        assert_eq!(pair.app.events(1).await, [BACK]);
        pair.is_armed(1).await;
        pair.switch(1).ring("1000", "of nobody");
        pair.app.silence().await;
        let calls = vec![];
        pair.switch(2).inside().calls.insert("1000".into(), calls);
        pair.switch(2).serve("1000", false);
        pair.switch(1).serve("1000", true);
        assert_eq!(pair.spoken().await, spoken(HOME, "1"));
        assert_eq!(pair.app.events(1).await, ["1000 CALL_CLEAR OTHER_DEVICE_CLEARED IDLE"]);
        pair.switch(2).ring("1000", "of nobody");
        pair.switch(1).ring("1000", "c2");
        assert_eq!(pair.spoken().await, spoken(rings("1000"), "1"));
        pair.app.silence().await;
    });
}

#[test]
fn a_phone_that_one_node_lets_go_is_out_of_service_when_the_other_does_not_take_it() {
    run(async || {
        let pair = Pair::start().await;
        pair.switch(1).serve("1000", false);
        assert_eq!(pair.app.events(1).await, ["1000 OUT_OF_SERVICE DEVICE_OUT_OF_SERVICE OUT_OF_SERVICE"]);
        pair.switch(1).serve("1000", true);
        assert_eq!(pair.spoken().await, spoken(COMES_UP, "1"));
        // Back at once: nobody needs to hear of it. Taken at once: that alone is told.
        pair.switch(1).serve("1000", false);
        pair.switch(1).serve("1000", true);
        pair.app.silence().await;
        pair.switch(1).serve("1000", false);
        pair.switch(2).serve("1000", true);
        assert_eq!(pair.spoken().await, spoken(COMES_UP, "2"));
        pair.app.silence().await;
        // The newest word counts, when both say that it is theirs.
        pair.switch(1).serve("1000", true);
        assert_eq!(pair.spoken().await, spoken(HOME, "1"));
    });
}

#[test]
fn the_monitor_at_the_secondary_is_told_when_it_is_lost_and_when_it_stands_again() {
    run(async || {
        let pair = Pair::start().await;
        pair.lose(2);
        assert_eq!(pair.app.events(1).await, [SECOND_LOST]);
        assert_eq!(pair.spoken().await, spoken(UNGUARDED, "2"));
        pair.returns(2);
        assert_eq!(pair.app.events(1).await, [SECOND_BACK]);
        assert_eq!(pair.spoken().await, spoken(GUARDED, "2"));
        pair.app.stop_monitor(line("1000")).await;
        until("no monitor is left", || [1, 2].iter().all(|node| pair.switch(*node).monitors_of("1000") == 0)).await;
    });
}

#[test]
fn both_nodes_lost_and_whichever_comes_first() {
    run(async || {
        let pair = Pair::start().await;
        pair.lose(1);
        assert_eq!(pair.app.events(2).await, [LOST.to_owned(), out_of_service("1000")]);
        pair.switch(2).serve("1000", true);
        assert_eq!(pair.app.events(1).await, [COMES_UP]);
        pair.lose(2);
        assert_eq!(pair.app.events(1).await, [SECOND_LOST]);
        assert_eq!(pair.spoken().await, spoken(out_of_service("1000"), "2"));
        let refused = pair.app.monitors.perform(line("1000"), Action::DoNotDisturb(true)).await;
        assert_eq!(refused, Err(Refused::NotConnected));
        // The second first: the phone is there still.
        pair.returns(2);
        assert_eq!(pair.app.events(1).await, [SECOND_BACK]);
        assert_eq!(pair.app.events(1).await, ["1000 RESILIENT_DEVICE SECONDARY_MONITOR_SET UNAVAILABLE"]);
        assert_eq!(pair.spoken().await, spoken(COMES_UP, "2"));
        pair.lose(2);
        assert_eq!(pair.app.events(2).await, [SECOND_LOST.to_owned(), out_of_service("1000")]);
        // The first first.
        pair.returns(1);
        assert_eq!(pair.app.events(1).await, [BACK]);
        assert_eq!(pair.spoken().await, spoken(restored("1000"), "1"));
        pair.app.silence().await;
    });
}

#[test]
fn a_phone_that_is_not_the_secondarys_is_monitored_at_its_own_node_alone() {
    run(async || {
        let switches = [Switch::default(), Switch::default()];
        let refusal = schemas::csta::message::Failure::operation("invalidDeviceID");
        switches[1].inside().refuses_monitors = Some(refusal);
        let bench = Bench::begin_pair(switches);
        for node in [1, 2] {
            bench.link(node, LinkState::Connected).await;
        }
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        bench.switches[1].close();
        app.silence().await;
        bench.switches[0].close();
        assert_eq!(app.events(4).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")]);
        let calls = vec![("c1".to_owned(), LocalState::Connected, LocalState::Connected)];
        bench.switches[0].inside().calls.insert("1000".into(), calls);
        assert_eq!(bench.tree.env.cluster.secondary(Ceid::new(2).expect("a CEID")), None);
    });
}

#[test]
fn a_phone_whose_own_node_is_down_from_the_first_is_found_at_the_other() {
    run(async || {
        let switches = [Switch::default(), Switch::default()];
        switches[0].inside().refuses = true;
        let bench = Bench::begin_pair(switches);
        bench.link(2, LinkState::Connected).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        let first = ["1000 MONITOR_SET MONITOR_SET UNAVAILABLE".to_owned(), out_of_service("1000")];
        assert_eq!(app.events(2).await, first);
        assert_eq!(app.events(1).await, [COMES_UP]);
    });
}
