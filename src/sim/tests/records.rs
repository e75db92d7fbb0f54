//! Call detail records as a gateway asks for them.

use schemas::csta::message::{CallRecord, Message, RecordsRequest, RecordsResponse, TransferMode};

use super::*;

const START: Request = Request::Records(RecordsRequest::Start { mode: TransferMode::OnRequest });

async fn called(node: &SimNodeHandle) {
    hand(node, "1000", Deed::Dial("1001".into())).await.expect("dials");
    hand(node, "1000", Deed::HangUp).await.expect("hangs up");
}

async fn started(gateway: &mut Gateway) -> String {
    match gateway.ask(START).await {
        Ok(Response::Records(RecordsResponse::Start { cross_ref, clock_ms: Some(_) })) => cross_ref,
        other => panic!("{other:?}"),
    }
}

fn send(cross_ref: &str) -> Request {
    Request::Records(RecordsRequest::Send { cross_ref: cross_ref.into(), period: None })
}

/// The next report: its invoke id, records, and whether it is the last.
async fn report(gateway: &mut Gateway, expected: &str) -> (u16, Vec<CallRecord>, bool) {
    match gateway.next().await.expect("a report") {
        (invoke, Message::Request(Request::Records(RecordsRequest::Report { cross_ref, records, last }))) => {
            assert_eq!(cross_ref, expected);
            (invoke, records, last)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn records_come_in_reports_each_after_the_one_before_was_taken() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let cross_ref = started(&mut gateway).await;
    assert_eq!(gateway.ask(send(&cross_ref)).await, Ok(Response::Records(RecordsResponse::Send)));
    let (invoke, records, last) = report(&mut gateway, &cross_ref).await;
    assert_eq!((records.len(), last), (0, true), "there was no call");
    gateway.send(invoke, &Message::Response(Response::Records(RecordsResponse::Report))).await;

    for _ in 0..45 {
        called(&node).await;
    }
    assert_eq!(gateway.ask(send(&cross_ref)).await, Ok(Response::Records(RecordsResponse::Send)));
    let mut sizes = Vec::new();
    let mut numbers = Vec::new();
    loop {
        let (invoke, records, last) = report(&mut gateway, &cross_ref).await;
        // The next one waits until this one was taken.
        assert!(gateway.is_quiet(100).await);
        sizes.push(records.len());
        numbers.extend(records.iter().filter_map(|record| record.number));
        if last {
            break;
        }
        gateway.send(invoke, &Message::Response(Response::Records(RecordsResponse::Report))).await;
    }
    assert_eq!(sizes, [20, 20, 5]);
    assert_eq!(numbers, (1..=45).collect::<Vec<_>>());
    let stop = || Request::Records(RecordsRequest::Stop { cross_ref: cross_ref.clone() });
    assert_eq!(gateway.ask(stop()).await, Ok(Response::Records(RecordsResponse::Stop)));
    let unknown = Err(Failure::operation("invalidCrossRefID"));
    assert_eq!(gateway.ask(stop()).await, unknown);
    assert_eq!(gateway.ask(send(&cross_ref)).await, unknown);
}

#[tokio::test(start_paused = true)]
async fn records_that_nobody_may_have_are_refused() {
    let node = node(1);
    let mut gateway = Gateway::associate(&node).await;
    let mode = TransferMode::AtEndOfCall;
    let answer = gateway.ask(Request::Records(RecordsRequest::Start { mode })).await;
    assert_eq!(answer, Err(Failure::operation("invalidParameterValue")));
    // Another gateway's are not one's own.
    let other = started(&mut Gateway::associate(&node).await).await;
    started(&mut gateway).await;
    assert_eq!(gateway.ask(send(&other)).await, Err(Failure::operation("invalidCrossRefID")));

    let none = SimNode::spawn(Plan { records: false, ..plan(1) }, env());
    let mut gateway = Gateway::associate(&none).await;
    assert_eq!(gateway.ask(START).await, Err(Failure::operation("serviceNotSupported")));
}
