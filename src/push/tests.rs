//! Which URLs are accepted, and what a handler is sent.

use actors::event::{Event, Forms};
use schemas::contract::cc::{EventType, SystemEventMsg, SystemEventType};

use super::*;

fn push(allowed: &[&str]) -> HttpPush {
    let networks = Networks::new(allowed.iter().map(|n| n.parse().expect("a network")).collect());
    HttpPush::new(networks, None, Arc::new(SystemLookUp)).expect("a client")
}

#[test]
fn a_url_is_http_without_credentials_bounded_and_to_an_allowed_address() {
    let push = push(&["127.0.0.0/8", "0.0.0.0/0"]);
    for fit in
        ["http://127.0.0.1:9/x", "https://handler.example/axis2?a=b", "HTTP://localhost", "http://[::ffff:127.0.0.1]/"]
    {
        assert_eq!(push.check(fit), Ok(()), "{fit}");
    }
    let long = format!("http://localhost/{}", "x".repeat(LONGEST_URL));
    for (unfit, why) in [
        ("ftp://127.0.0.1/", UnfitUrl::NotHttp),
        ("file:///etc/passwd", UnfitUrl::NotHttp),
        ("127.0.0.1:80", UnfitUrl::NotHttp),
        ("http://", UnfitUrl::NotHttp),
        ("http://user@127.0.0.1/", UnfitUrl::Credentials),
        ("http://:secret@127.0.0.1/", UnfitUrl::Credentials),
        (long.as_str(), UnfitUrl::TooLong(LONGEST_URL)),
        ("http://169.254.169.254/latest", UnfitUrl::Forbidden),
        // The same address as browsers spell it, too.
        ("http://2852039166/", UnfitUrl::Forbidden),
        ("http://0xa9.0xfea9fe/", UnfitUrl::Forbidden),
        ("http://[::ffff:169.254.169.254]/", UnfitUrl::Forbidden),
        ("http://[fd00:ec2::254]/", UnfitUrl::Forbidden),
        ("http://[2001:db8::1]/", UnfitUrl::Forbidden),
        ("http://0.0.0.0/", UnfitUrl::Forbidden),
    ] {
        assert_eq!(push.check(unfit), Err(why), "{unfit}");
    }
}

#[test]
fn a_loss_is_told_as_a_poll_is_told() {
    for (form, prefix) in [(Form::Standard, "cc"), (Form::Advanced, "adv")] {
        let (_, body) = envelope(form, &Word::Discarded(17, 42));
        let text = format!("<{prefix}:errorDescription>Events 17 to 42 were discarded.</{prefix}:errorDescription>");
        assert!(body.contains(&text) && body.contains("result=\"false\""), "{body}");
    }
}

#[test]
fn an_event_goes_out_in_the_form_of_its_handler() {
    let message = StandardEventMsg {
        event_type: Some(EventType::SystemEvent),
        system_event: Some(SystemEventMsg {
            event_type: Some(SystemEventType::OigShutdown),
            ..SystemEventMsg::default()
        }),
        result: true,
        ..StandardEventMsg::default()
    };
    let event = Arc::new(Event::new(None, message, Forms::ALL));
    for (form, wrapper, prefix) in [(Form::Standard, "handleEvent", "cc"), (Form::Advanced, "advHandleEvent", "adv")] {
        let (_, body) = envelope(form, &Word::Event(1, event.clone()));
        assert!(body.contains(&format!("<svc:{wrapper} ")), "{body}");
        assert!(body.contains(&format!("<{prefix}:eventType>SYSTEM_EVENT</{prefix}:eventType>")), "{body}");
    }
}
