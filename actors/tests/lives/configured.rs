//! Nodes that are configured while the gateway runs: added, removed, reached in another way.

use std::collections::BTreeSet;
use std::time::Duration;

use actors::cluster::{Association, LinkState, NodeSettings};
use actors::node_supervisor::Configure;
use actors::probe::{Probed, probe};
use schemas::domain::Ceid;

use crate::bench::{BACK, Bench, LOST, ceid, line, out_of_service, pass, restored, run, set, until};
use crate::switch::{Net, Switch};

/// Longer than the longest pause between two attempts.
const LONG: Duration = Duration::from_secs(30);

impl Bench {
    fn nodes(&self) -> Vec<NodeSettings> {
        self.tree.env.cluster.settings()
    }

    async fn configure(&self, nodes: &[NodeSettings], anew: &[u16]) {
        let anew = anew.iter().map(|number| ceid(*number)).collect::<BTreeSet<Ceid>>();
        self.tree.configure(Configure { nodes: nodes.to_vec(), anew }).await.expect("configured");
    }

    fn connections(&self, node: usize) -> usize {
        self.switches[node - 1].inside().connections
    }
}

#[test]
fn a_node_that_is_removed_is_lost_to_those_who_watch_it_and_is_back_when_it_is_added_again() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        let (nodes, before) = (bench.nodes(), bench.connections(1));
        bench.configure(&nodes[1..], &[]).await;
        assert_eq!((bench.tree.env.cluster.link(ceid(1)), bench.tree.env.cluster.connected()), (None, (1, 1)));
        assert_eq!(app.events(2).await, [LOST.to_owned(), out_of_service("1000")]);
        pass(LONG).await;
        assert_eq!(bench.connections(1), before, "nobody connects to it");
        app.silence().await;
        bench.configure(&nodes, &[]).await;
        assert_eq!(app.events(2).await, [BACK.to_owned(), restored("1000")]);
        assert_eq!(bench.connections(1), before + 1);
    });
}

#[test]
fn a_node_that_is_removed_and_added_again_before_anything_came_of_it_has_one_connection() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        let (nodes, before) = (bench.nodes(), bench.connections(1));
        bench.configure(&nodes[1..], &[]).await;
        bench.configure(&nodes, &[]).await;
        bench.link(1, LinkState::Connected).await;
        pass(LONG).await;
        assert_eq!(bench.connections(1), before + 1);
        // In the pause after a loss, too, which goes on.
        bench.switches[0].close();
        bench.link(1, LinkState::Failure).await;
        bench.configure(&nodes[1..], &[]).await;
        bench.configure(&nodes, &[]).await;
        bench.link(1, LinkState::Connected).await;
        pass(LONG).await;
        assert_eq!(bench.connections(1), before + 2);
        assert_eq!(bench.tree.env.cluster.connected(), (2, 2));
    });
}

#[test]
fn a_node_is_connected_to_anew_when_it_is_reached_in_another_way_and_not_for_its_name() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        let (mut nodes, first, second) = (bench.nodes(), bench.connections(1), bench.connections(2));
        nodes[0].name = "Another name".into();
        bench.configure(&nodes, &[]).await;
        app.silence().await;
        assert_eq!(bench.nodes()[0].name, "Another name");
        // Its certificates are others.
        bench.configure(&nodes, &[1]).await;
        assert_eq!(app.events(4).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")]);
        assert_eq!((bench.connections(1), bench.connections(2)), (first + 1, second));
        // The two change places.
        let (one, two) = (nodes[0].address, nodes[1].address);
        (nodes[0].address, nodes[1].address) = (two, one);
        bench.configure(&nodes, &[]).await;
        assert_eq!(app.events(4).await, [LOST.to_owned(), out_of_service("1000"), BACK.to_owned(), restored("1000")]);
        assert_eq!(bench.switches[1].monitors_of("1000"), 1);
        assert_eq!(bench.tree.env.cluster.at(two).map(|(ceid, _)| ceid), Some(ceid(1)));
        pass(LONG).await;
        assert_eq!((bench.connections(1), bench.connections(2)), (first + 2, second + 1));
    });
}

#[test]
fn a_node_that_was_not_there_at_the_start_serves_as_the_others_do() {
    run(async || {
        let bench = Bench::start(2, 10).await;
        let nodes = bench.nodes();
        bench.configure(&nodes[..1], &[]).await;
        bench.configure(&nodes, &[]).await;
        bench.link(2, LinkState::Connected).await;
        let app = bench.app().await;
        app.monitor(crate::bench::line_of(2, "1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
    });
}

#[test]
fn phones_come_up_where_they_do_from_now_on() {
    run(async || {
        let switches = vec![Switch::default(), Switch::default(), Switch::default()];
        for switch in &switches[1..] {
            switch.inside().elsewhere.insert("1000".into());
        }
        let bench = Bench::begin(switches, 10);
        for node in 1..=3 {
            bench.link(node, LinkState::Connected).await;
        }
        let monitors = |node: usize| bench.switches[node - 1].monitors_of("1000");
        let app = bench.app().await;
        app.monitor(line("1000")).await;
        assert_eq!(app.events(1).await, [set("1000")]);
        let mut nodes = bench.nodes();
        for (secondary, at) in [(Some(2), [1, 1, 0]), (Some(3), [1, 0, 1]), (None, [1, 0, 0])] {
            nodes[0].secondary = secondary.map(ceid);
            bench.configure(&nodes, &[]).await;
            until("the monitors", || [1, 2, 3].map(monitors) == at).await;
            for node in 1..=3 {
                bench.link(node, LinkState::Connected).await;
            }
        }
    });
}

#[test]
fn a_node_is_tried_beside_its_connection() {
    run(async || {
        let bench = Bench::start(1, 10).await;
        // What is tried is another connection: at the node it meets one who knows nothing of the first.
        let (node, switch) = (bench.nodes().remove(0), &Switch::default());
        let net = || std::sync::Arc::new(Net([(node.socket(), switch.clone())].into()));
        let listed = bench.tree.env.cluster.stand(node.ceid).and_then(|stand| stand.listed);
        assert!(listed.is_some_and(|listed| listed > 0));
        assert_eq!(probe(node.clone(), net()).await, Ok(Probed { listed }));
        assert_eq!(bench.tree.env.cluster.link(node.ceid), Some(LinkState::Connected));
        let why = async |node: &NodeSettings| probe(node.clone(), net()).await.expect_err("no connection").to_string();
        // A node of another kind, one that does not answer, one that is not there.
        let session = NodeSettings { association: Association::Session, ..node.clone() };
        assert_eq!(why(&session).await, "the node refused the application session");
        switch.inside().refuses = true;
        assert_eq!(why(&node).await, "connection refused");
        // What became of the connection that serves is on record.
        bench.switches[0].close();
        bench.link(1, LinkState::Failure).await;
        until("the fault", || bench.tree.env.cluster.stand(node.ceid).is_some_and(|s| s.last_fault.is_some())).await;
    });
}
