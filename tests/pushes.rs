//! Advanced events and event handlers, over HTTP and HTTPS: what is told in which form, what
//! becomes of an event that a handler did not take, and where events never go.
//!
//! The gateway runs in the test's process, so that sessions may be Advanced and events come when
//! the test says so.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actors::event::{Deliver, Event, Form, Forms};
use actors::push::{Handover, NotTaken, Push as _, Word};
use actors::session::messages::{End, ResetTimer};
use actors::session_supervisor::{Door, FindSession, Open, SessionRef};
use actors::standing::Service;
use oig::app::Running;
use oig::push::{HttpPush, LookUp, Networks};
use oig::settings::{Http, Limits, Push, Settings};
use schemas::contract::cc::{EventType, StandardEventMsg, SystemEventMsg, SystemEventType};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::common::app::NO_EVENT;
use crate::common::handler::{Does, Handler};
use crate::common::http::{Answer, call};
use crate::common::{Folder, eventually};

/// Runs a test in an actix system, as the gateway itself runs.
fn run(test: impl AsyncFnOnce()) {
    actix_web::rt::System::new().block_on(test());
}

struct Gateway {
    running: Running,
    url: String,
}

impl Gateway {
    fn start() -> Self {
        Self::start_with(Push::default())
    }

    fn start_with(push: Push) -> Self {
        let settings = Settings {
            http: Http { listen: ([127, 0, 0, 1], 0).into(), workers: 1, ..Http::default() },
            limits: Limits { arbiters: 1, ..Limits::default() },
            push,
            ..Settings::default()
        };
        let running = oig::app::start(&settings).expect("a free port");
        let url = format!("http://{}", running.address);
        Self { running, url }
    }

    /// A session that is kept alive as long as the test runs.
    async fn session(&self, service: Service) -> App<'_> {
        let open = Open { application: "Company / App".into(), service, door: Door::Soap, user: None };
        let id = self.running.gateway.tree.session_supervisor.send(open).await.expect("lives").expect("admitted");
        let session = self.running.gateway.tree.sessions.find(id).expect("just begun");
        let addr = session.addr.clone();
        actix_web::rt::spawn(async move {
            while addr.send(ResetTimer).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        });
        App { gateway: self, session }
    }
}

struct App<'a> {
    gateway: &'a Gateway,
    session: SessionRef,
}

fn message(number: i64) -> StandardEventMsg {
    StandardEventMsg {
        event_type: Some(EventType::SystemEvent),
        system_event: Some(SystemEventMsg {
            event_type: Some(SystemEventType::OigShutdown),
            icp_id: number,
            ..SystemEventMsg::default()
        }),
        result: true,
        ..StandardEventMsg::default()
    }
}

fn event(number: i64) -> Arc<Event> {
    Arc::new(Event::new(None, message(number), Forms::ALL))
}

impl App<'_> {
    fn tell(&self, number: i64) {
        self.session.addr.do_send(Deliver::One(event(number)));
    }

    async fn call(&self, operation: &str, children: &[(&str, &str)]) -> Answer {
        let id = self.session.id.as_long().to_string();
        call(&self.gateway.url, operation, &[&[("sessionId", id.as_str())], children].concat()).await
    }

    async fn register(&self, url: &str) {
        self.call("registerEventHandler", &[("eventHandlerURL", url)]).await.accepted();
    }
}

async fn heard(handler: &Handler, numbers: &[i64]) {
    eventually("the events", async || (handler.numbers().len() >= numbers.len()).then_some(())).await;
    assert_eq!(handler.numbers(), numbers);
}

/// Fails unless every message is valid by the schema of its service.
fn valid(messages: impl IntoIterator<Item = String>) {
    let folder = Folder::new();
    let mut command = Command::new("python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/contract-check")).arg("--messages");
    let mut count = 0;
    for message in messages {
        count += 1;
        let file = folder.path().join(format!("{count}.xml"));
        std::fs::write(&file, message).expect("the test's folder can be written");
        command.arg(file);
    }
    let done = command.output().expect("python3 and xmllint are installed by scripts/test");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(said.trim(), format!("contract-check: {count} messages are valid"));
}

#[test]
fn advanced_and_standard_polls_run_side_by_side_in_their_own_forms() {
    run(async || {
        let gateway = Gateway::start();
        let app = gateway.session(Service::Advanced).await;
        app.tell(1);
        let only = Event::advanced_only(None, &message(2).into());
        app.session.addr.do_send(Deliver::One(Arc::new(only)));
        app.tell(3);
        let mut replies = Vec::new();
        for (operation, numbers) in [("getEvent", vec![1, 3]), ("advGetEvent", vec![1, 2, 3])] {
            for number in numbers {
                let reply = app.call(operation, &[("timeout", "1000")]).await;
                reply.accepted();
                assert!(reply.body.contains(&format!("icpId=\"{number}\"")), "{operation} {number}: {}", reply.body);
                replies.push(reply.body);
            }
            app.call(operation, &[("timeout", "1")]).await.refused(NO_EVENT);
        }
        for number in ["1", "2", "3"] {
            let reply = app.call("getNumberedEvent", &[("timeout", "1"), ("eventNumber", number)]).await;
            reply.accepted();
            assert_eq!((reply.attribute("advanced"), reply.attribute("eventNumber")), (Some("true"), Some(number)));
            assert_eq!(reply.text("advEventType"), Some("SYSTEM_EVENT"));
            replies.push(reply.body);
        }
        valid(replies);
    });
}

#[test]
fn a_standard_session_has_no_advanced_forms() {
    run(async || {
        let gateway = Gateway::start();
        let app = gateway.session(Service::Standard).await;
        app.session.addr.do_send(Deliver::One(Arc::new(Event::advanced_only(None, &message(1).into()))));
        app.tell(2);
        app.call("advGetEvent", &[("timeout", "1000")]).await.refused("advGetEvent needs Advanced service.");
        app.call("advGetCallStatus", &[("objectId", "1")]).await.refused("advGetCallStatus needs Advanced service.");
        let numbered = async |number| app.call("getNumberedEvent", &[("timeout", "1"), ("eventNumber", number)]).await;
        numbered("1").await.refused("The event of this number has no form for this session.");
        let second = numbered("2").await;
        assert_eq!((second.result(), second.attribute("advanced")), (Some(true), Some("false")), "{}", second.body);
        let next = app.call("getEvent", &[("timeout", "1000")]).await;
        assert!(next.body.contains("icpId=\"2\""), "the first is passed over: {}", next.body);
    });
}

#[test]
fn a_handler_hears_events_in_its_form_from_the_next_one_on_beside_polls() {
    run(async || {
        let gateway = Gateway::start();
        let mut messages = Vec::new();
        for (service, operation) in [(Service::Standard, "handleEvent"), (Service::Advanced, "advHandleEvent")] {
            let app = gateway.session(service).await;
            let handler = Handler::start([]);
            app.tell(1);
            app.register(&handler.url()).await;
            for number in 2..=5 {
                app.tell(number);
            }
            heard(&handler, &[2, 3, 4, 5]).await;
            for asked in handler.asked() {
                assert!(
                    asked.head.starts_with("post /axis2/services/eventhandlerccservice http/1.1"),
                    "{}",
                    asked.head
                );
                let action = format!("soapaction: \"urn:{}\"", operation.to_ascii_lowercase());
                assert!(asked.head.contains(&action), "{}", asked.head);
                assert!(asked.head.contains("content-type: text/xml; charset=utf-8"), "{}", asked.head);
                messages.push(asked.body);
            }
            assert_eq!(handler.connections(), 1, "the connection is kept");
            for number in 1..=5 {
                let reply = app.call("getEvent", &[("timeout", "1000")]).await;
                assert!(reply.body.contains(&format!("icpId=\"{number}\"")), "{}", reply.body);
            }
            // A new registration replaces the old one; an empty one ends it.
            let other = Handler::start([]);
            app.register(&other.url()).await;
            app.tell(6);
            heard(&other, &[6]).await;
            app.register("").await;
            app.tell(7);
            let reply = app.call("getNumberedEvent", &[("timeout", "1000"), ("eventNumber", "7")]).await;
            reply.accepted();
            heard(&handler, &[2, 3, 4, 5]).await;
            heard(&other, &[6]).await;
        }
        valid(messages);
    });
}

#[test]
fn an_event_that_was_not_taken_comes_again_alone_and_the_rest_follow_in_order() {
    run(async || {
        let gateway = Gateway::start();
        let elsewhere = Handler::start([]);
        let misdeeds = [
            Does::Decline,
            Does::Fault,
            Does::Garbage,
            Does::Status(500),
            Does::Status(404),
            Does::Redirect(elsewhere.url()),
            Does::Hang,
            Does::Close,
            Does::HalfAnAnswer,
            Does::Huge,
            // Longer than the gateway waits.
            Does::TakeAfter(Duration::from_secs(8)),
        ];
        let mut cases = Vec::new();
        for does in misdeeds {
            let app = gateway.session(Service::Standard).await;
            let handler = Handler::start([Does::Take, does.clone()]);
            app.register(&handler.url()).await;
            for number in 1..=4 {
                app.tell(number);
            }
            cases.push((does, app, handler));
        }
        for (does, _, handler) in &cases {
            eventually(&format!("{does:?}"), async || (handler.numbers().len() >= 5).then_some(())).await;
            assert_eq!(handler.numbers(), [1, 2, 2, 3, 4], "{does:?}");
        }
        assert_eq!(elsewhere.connections(), 0, "no redirect is followed");
        let (_, _, huge) = cases.iter().find(|(does, ..)| matches!(does, Does::Huge)).expect("it is there");
        assert!(huge.poured() < 64 << 20, "{} bytes of a gigabyte were taken", huge.poured());
    });
}

#[test]
fn a_slow_handler_hears_everything_once() {
    run(async || {
        let gateway = Gateway::start();
        let app = gateway.session(Service::Standard).await;
        let slow = Does::TakeAfter(Duration::from_millis(700));
        let handler = Handler::start([slow.clone(), slow.clone(), slow]);
        app.register(&handler.url()).await;
        (1..=4).for_each(|number| app.tell(number));
        heard(&handler, &[1, 2, 3, 4]).await;
    });
}

#[test]
fn a_handler_that_dies_and_comes_back_has_lost_nothing() {
    run(async || {
        let gateway = Gateway::start();
        let app = gateway.session(Service::Standard).await;
        let handler = Handler::start([Does::Take, Does::Hang]);
        let (address, url) = (handler.address, handler.url());
        app.register(&url).await;
        app.tell(1);
        app.tell(2);
        heard(&handler, &[1, 2]).await;
        handler.die().await; // with the second unanswered
        for number in 3..=20 {
            app.tell(number);
        }
        let again = Handler::start_at(address, None, []);
        heard(&again, &(2..=20).collect::<Vec<_>>()).await;
    });
}

#[test]
fn a_dead_handler_delays_no_other_session_and_ends_with_its_own() {
    run(async || {
        let gateway = Gateway::start();
        let (dead, lives) = (gateway.session(Service::Standard).await, gateway.session(Service::Standard).await);
        let (hangs, hears) = (Handler::start([Does::Hang]), Handler::start([]));
        dead.register(&hangs.url()).await;
        lives.register(&hears.url()).await;
        dead.tell(1);
        heard(&hangs, &[1]).await;
        let began = Instant::now();
        (1..=50).for_each(|number| lives.tell(number));
        heard(&hears, &(1..=50).collect::<Vec<_>>()).await;
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        dead.session.addr.send(End).await.expect("lives");
        let gone = dead.call("registerEventHandler", &[("eventHandlerURL", "")]).await;
        gone.refused("The session is not known or has ended.");
        assert_eq!(hangs.numbers(), [1]);
    });
}

#[test]
fn urls_outside_the_list_are_refused_and_change_nothing() {
    run(async || {
        let gateway = Gateway::start();
        let app = gateway.session(Service::Standard).await;
        let handler = Handler::start([]);
        app.register(&handler.url()).await;
        let forbidden = "The address of the event handler is not among those that events may be sent to.";
        let not_http = "The URL of the event handler must begin with http:// or https:// and name a host.";
        let long = format!("http://localhost/{}", "x".repeat(2048));
        for (url, text) in [
            ("http://192.0.2.1/", forbidden),
            ("http://169.254.169.254/latest/meta-data", forbidden),
            ("http://[::ffff:a9fe:a9fe]/", forbidden),
            ("ftp://127.0.0.1/", not_http),
            ("http://user:pass@127.0.0.1/", "The URL of the event handler must not hold a user or password."),
            (long.as_str(), "The URL of the event handler is longer than 2048 bytes."),
        ] {
            app.call("registerEventHandler", &[("eventHandlerURL", url)]).await.refused(text);
        }
        app.tell(1);
        heard(&handler, &[1]).await;
    });
}

/// A name whose address changes at each look.
struct Changing(AtomicUsize, Vec<SocketAddr>);

impl LookUp for Changing {
    fn look_up(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed).min(self.1.len() - 1);
        Box::pin(std::future::ready(Ok(vec![self.1[turn]])))
    }
}

#[test]
fn a_name_is_judged_by_the_address_that_is_connected_to_each_time() {
    run(async || {
        // Everything is allowed but what never is: the second answer is the metadata address.
        let all = || Networks::new(vec!["0.0.0.0/0".parse().expect("a network")]);
        let answers =
            vec!["127.0.0.1:0".parse().expect("an address"), "169.254.169.254:0".parse().expect("an address")];
        let push = HttpPush::new(all(), None, Arc::new(Changing(AtomicUsize::new(0), answers))).expect("a client");
        let handler = Handler::start([Does::Status(500), Does::Close]);
        let url: Arc<str> = format!("http://rebind.example:{}/", handler.address.port()).into();
        push.check(&url).expect("a name is not looked up yet");
        let carry = || push.carry(Handover { url: url.clone(), form: Form::Standard, word: Word::Event(1, event(1)) });
        assert_eq!(carry().await, Err(NotTaken::Status(500)));
        // Over the connection that was judged; it is closed, and the next one is judged anew.
        assert_eq!(carry().await, Err(NotTaken::Broken));
        assert_eq!(carry().await, Err(NotTaken::Forbidden));
        assert_eq!((handler.connections(), handler.asked().len()), (1, 2));
    });
}

#[test]
fn a_name_that_leads_to_a_forbidden_address_is_never_connected_to() {
    run(async || {
        let networks = Networks::new(vec!["192.0.2.0/24".parse().expect("a network")]);
        let push = HttpPush::new(networks, None, Arc::new(oig::push::SystemLookUp)).expect("a client");
        let handler = Handler::start([]);
        let url = format!("http://localhost:{}/", handler.address.port()).into();
        let handover = Handover { url, form: Form::Standard, word: Word::Event(1, event(1)) };
        assert_eq!(push.carry(handover).await, Err(NotTaken::Forbidden));
        assert_eq!(handler.connections(), 0);
    });
}

/// A certificate for localhost that vouches for itself, as PEM, and a server that shows it.
fn certified() -> (String, TlsAcceptor) {
    oig::push::use_ring();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("it fits");
    (made.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

#[test]
fn over_https_only_a_handler_whose_authority_is_known_hears_events() {
    run(async || {
        let (pem, tls) = certified();
        let folder = Folder::new();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, pem).expect("the test's folder can be written");
        let gateway = Gateway::start_with(Push { ca: Some(ca), ..Push::default() });
        let app = gateway.session(Service::Advanced).await;
        let known = Handler::start_at(([127, 0, 0, 1], 0).into(), Some(tls), [Does::Take, Does::Hang]);
        app.register(&format!("https://localhost:{}/x", known.address.port())).await;
        (1..=3).for_each(|number| app.tell(number));
        heard(&known, &[1, 2]).await;
        eventually("the second again", async || (known.numbers().len() >= 4).then_some(())).await;
        assert_eq!(known.numbers(), [1, 2, 2, 3]);

        let (_, stranger) = certified();
        let stranger = Handler::start_at(([127, 0, 0, 1], 0).into(), Some(stranger), []);
        let other = gateway.session(Service::Standard).await;
        other.register(&format!("https://localhost:{}/x", stranger.address.port())).await;
        other.tell(9);
        eventually("it is tried more than once", async || (stranger.connections() >= 2).then_some(())).await;
        assert_eq!(stranger.asked().len(), 0);
    });
}
