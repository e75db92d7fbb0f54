//! What breaks a copy of the forms: counts that are lost, streams and pages that break off, a node that is down or stops, and a reader
//! that does not read.

use super::*;

#[tokio::test]
async fn a_count_that_is_lost_ends_streams_and_another_begins() {
    let asker = Asker::start().await;
    let before = asker.stand().await;
    asker.set("phones", phone("1099", "A")).await;
    let mut lines = asker.stream(&before.epoch, 0).await;
    assert_eq!(lines.change().await.seq, 1);
    asker.fault(json!({ "epoch": true })).await;
    assert_eq!(lines.rest().await, (vec![], End::Over));
    let after = asker.stand().await;
    assert!(after.epoch != before.epoch && after.seq == 0 && asker.broken().await == 0);
    assert_eq!(asker.get(&format!("/sync/changes?epoch={}&since=0", before.epoch)).await.0, 410);
    assert_eq!(asker.set("phones", phone("1098", "A")).await, 1);
    assert_eq!(asker.stream(&after.epoch, 0).await.change().await.seq, 1);
    asker.node.stop().await;
}

#[tokio::test]
async fn streams_and_pages_break_off_and_say_what_is_wrong() {
    let asker = Asker::start().await;
    let epoch = asker.stand().await.epoch;
    asker.fault(json!({ "drop_change": true })).await;
    assert_eq!(asker.set("phones", phone("1090", "A")).await, 0, "nobody counts it");
    let digest = asker.stand().await.forms[0].1;
    assert_eq!(digest.rows, 21);

    asker.fault(json!({ "double": true })).await;
    for n in 1..=5 {
        assert_eq!(asker.set("phones", phone("1099", &n.to_string())).await, n);
    }
    asker.fault(json!({ "cut_after": 3 })).await;
    assert_eq!(asker.broken().await, 1);
    assert_eq!(asker.stream(&epoch, 0).await.rest().await, (vec![1, 1, 2], End::Cut));
    asker.fault(json!({ "cut_after": 1 })).await;
    let mut lines = asker.stream(&epoch, 5).await;
    assert_eq!(lines.next().await, Ok(Line::Alive(5)));
    asker.set("phones", phone("1099", "6")).await;
    assert_eq!(lines.next().await, Err(End::Cut));

    asker.fault(json!({ "cut_page_after": 2 })).await;
    let mut answer = asker.http.get(asker.url("/sync/forms/phones")).send().await.expect("an answer");
    let mut text = Vec::new();
    while let Ok(Some(bytes)) = answer.chunk().await {
        text.extend_from_slice(&bytes);
    }
    assert_eq!((text.iter().filter(|byte| **byte == b'\n').count(), text.last() == Some(&b'\n')), (3, false));

    asker.fault(json!({ "wrong_type": true })).await;
    let (_, body) = asker.get("/sync/forms/phones").await;
    let lines: Vec<&str> = body.lines().collect();
    let read: Vec<bool> = lines[1..].iter().map(|line| read_page_line(of("phones"), line.as_bytes()).is_ok()).collect();
    assert!(!read[0] && read[1..].iter().all(|read| *read), "{body}");

    asker.fault(json!({ "many_rows": 1_500 })).await;
    let (_, rows, end) = asker.page(of("line_appearances"), "").await;
    assert_eq!((rows.len(), end.more), (1_000, true));
    let after = percent(&write_key(&of("line_appearances").key(&rows[999])));
    let (_, rows, end) = asker.page(of("line_appearances"), &format!("?after={after}")).await;
    assert_eq!((rows.len(), end.more), (560, false));
    asker.node.node().heal().await.expect("alive");
    assert_eq!((asker.page(of("line_appearances"), "").await.1.len(), asker.broken().await), (60, 0));
    asker.node.stop().await;
}

#[tokio::test]
async fn an_answer_comes_late_and_the_change_is_told_before() {
    let asker = Asker::start().await;
    let mut lines = asker.stream(&asker.stand().await.epoch, 0).await;
    asker.fault(json!({ "late_ms": 20_000 })).await;
    let body = wanted("insert", None, Some(phone("1099", "A")));
    let answer = asker.post("/sync/forms/phones", body);
    tokio::select! {
        answer = answer => panic!("it is late: {answer:?}"),
        change = lines.change() => assert_eq!(change.seq, 1),
    }
    asker.node.stop().await;
}

#[tokio::test]
async fn a_node_without_power_is_not_asked_and_has_its_forms_when_it_is_back() {
    let asker = Asker::start().await;
    let epoch = asker.stand().await.epoch;
    asker.set("phones", phone("1099", "A")).await;
    let mut lines = asker.stream(&epoch, 0).await;
    assert_eq!(lines.change().await.seq, 1);
    assert_eq!(asker.hands("/faults/power", json!({ "down_ms": 3_600_000 })).await.0, 200);
    assert_eq!(lines.rest().await, (vec![], End::Over));
    assert_eq!(asker.get("/sync").await.0, 503);
    assert_eq!(asker.get("/sync/forms/phones").await.0, 503);
    asker.node.node().heal().await.expect("alive");
    while asker.get("/sync").await.0 == 503 {
        tokio::task::yield_now().await;
    }
    let stand = asker.stand().await;
    assert_eq!((stand.epoch, stand.seq), (epoch, 1));
    asker.node.stop().await;
}

#[tokio::test]
async fn a_node_that_stops_ends_its_streams() {
    let asker = Asker::start().await;
    let mut lines = asker.stream(&asker.stand().await.epoch, 0).await;
    assert_eq!(lines.next().await, Ok(Line::Alive(0)));
    let sync = asker.node.addresses().sync;
    asker.node.stop().await;
    assert_eq!(lines.rest().await, (vec![], End::Over));
    assert!(tokio::net::TcpStream::connect(sync).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn who_does_not_read_is_let_go_when_it_has_missed_too_much() {
    let asker = Asker::start().await;
    let mut lines = asker.stream(&asker.stand().await.epoch, 0).await;
    assert_eq!(lines.next().await, Ok(Line::Alive(0)));
    let forms = asker.node.node().forms();
    // Far more than sockets hold.
    let changes = 4 * KEPT as u64;
    for n in 1..=changes {
        let row = of("phones").read(&phone("1099", &format!("{n:0>256}"))).expect("a row");
        assert_eq!(forms.change(of("phones"), Asked::Set(row)), Ok(n));
    }
    let (said, end) = lines.rest().await;
    assert!(said.iter().copied().eq(1..=said.len() as u64) && (said.len() as u64) < changes, "{}", said.len());
    assert_eq!(end, End::Over);
    asker.node.stop().await;
}
