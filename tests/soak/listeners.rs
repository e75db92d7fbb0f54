//! The applications of a soak: those that read their events at once, one that reads in bursts, one that has an event
//! handler, and those that die.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oig::client::SoapClient;
use schemas::contract::Record;
use schemas::contract::ops_call_control_standard::{GetEvent, RegisterEventHandler};
use schemas::contract::ops_event_handlers::HandleEvent;
use schemas::soap::Envelope;

use super::pair::{self, Served};
use super::reader::{Pace, Reader};
use crate::common::app::{App, NO_EVENT, done};
use crate::common::clock::WallClock;
use crate::common::handler::Handler;
use crate::common::{PATIENCE, eventually};
use crate::simulation::chance::Chance;
use crate::simulation::places::{Watched, phones};
use crate::simulation::world::Application;

/// How one hears its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    AtOnce,
    /// So long not at all after each of many events: it reads in bursts.
    Slowly(Duration),
    ByHandler,
}

/// Events in one burst of a slow reader.
const BURST: usize = 400;
/// Between two tries of a reader whose gateway does not answer, and two looks at what a handler took.
const AGAIN: Duration = Duration::from_millis(20);

/// A live application, its session and what it heard.
pub struct Listener {
    pub app: App,
    pub heard: Application,
    /// Its resilient phones, which are watched besides.
    pub pair: Vec<Watched>,
    /// Where these were said to be before what it has heard since.
    pub served_before: RefCell<Served>,
    pub reader: Rc<RefCell<Reader>>,
    /// Why it hears no more.
    over: Rc<RefCell<Option<String>>>,
    handler: Rc<RefCell<Option<Handler>>>,
}

impl Listener {
    /// Logs in, monitors most phones, and hears of them from now on.
    pub async fn start(
        url: &str,
        addresses: &[String],
        hears: Hears,
        chance: &mut Chance,
        clock: Arc<WallClock>,
    ) -> Self {
        let app = App::login(url).await;
        let mut heard = Application {
            session_id: app.session_id,
            watched: Vec::new(),
            features: Rc::default(),
            presence: Rc::default(),
            heard: Rc::default(),
            heard_advanced: None,
            pushed: None,
        };
        let pace = if hears == Hears::AtOnce { Pace::AtOnce } else { Pace::Late };
        let reader = Rc::new(RefCell::new(Reader::new(&heard, pace, clock)));
        let over = Rc::<RefCell<Option<String>>>::default();
        let handler = Rc::<RefCell<Option<Handler>>>::default();
        let every = match hears {
            Hears::AtOnce | Hears::ByHandler => None,
            Hears::Slowly(pause) => Some(pause),
        };
        if hears == Hears::ByHandler {
            let host = Handler::start([]);
            let request = RegisterEventHandler { session_id: app.session_id, event_handler_url: host.url() };
            done(app.call(&request).await).expect("the handler's address is allowed");
            handler.replace(Some(host));
            actix::spawn(take(handler.clone(), reader.clone()));
        } else {
            actix::spawn(read(app.client.clone(), app.session_id, every, reader.clone(), over.clone()));
        }
        for (node, address) in addresses.iter().enumerate() {
            for dn in phones(node) {
                if chance.percent(70) {
                    let object = app.monitor(address, &dn).await;
                    heard.watched.push(Watched { node, dn, button: 1, object });
                }
            }
        }
        let mut pair = Vec::new();
        for dn in pair::PHONES {
            let object = app.monitor(&addresses[0], dn).await;
            pair.push(Watched { node: 0, dn: dn.to_owned(), button: 1, object });
        }
        let served_before = RefCell::default();
        let listener = Self { app, heard, pair, served_before, reader, over, handler };
        eventually("every monitor is set", async || {
            let monitors = listener.heard.watched.len() + listener.pair.len();
            (listener.heard.heard.borrow().len() >= monitors).then_some(())
        })
        .await;
        listener
    }

    /// Why it hears no more, if it does not: it should for ever.
    pub fn is_over(&self) -> Option<String> {
        self.over.borrow().clone()
    }

    /// Where its handler was, if it has one: gone from now on.
    pub async fn handler_dies(&self) -> Option<SocketAddr> {
        let handler = self.handler.take()?;
        let address = handler.address;
        for asked in handler.die().await {
            self.reader.borrow_mut().takes(event(&asked.body));
        }
        Some(address)
    }

    /// It is there again. What it answered last may not have reached the gateway.
    pub fn handler_returns(&self, address: SocketAddr) {
        self.reader.borrow_mut().begins_again();
        self.handler.replace(Some(Handler::start_at(address, None, [])));
    }
}

fn event(body: &str) -> schemas::contract::cc::StandardEventMsg {
    let envelope = Envelope::parse(body.as_bytes()).expect("the gateway sends SOAP");
    let asked = HandleEvent::read(envelope.body()).expect("it hands an event over");
    asked.event.expect("an event is in it")
}

/// What the handler took.
async fn take(handler: Rc<RefCell<Option<Handler>>>, reader: Rc<RefCell<Reader>>) {
    loop {
        let asked = handler.borrow().as_ref().map(Handler::take).unwrap_or_default();
        for asked in asked {
            reader.borrow_mut().takes(event(&asked.body));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn read(
    client: SoapClient,
    session_id: i64,
    pause: Option<Duration>,
    reader: Rc<RefCell<Reader>>,
    over: Rc<RefCell<Option<String>>>,
) {
    let (mut silent, mut nth) = (None, 0_usize);
    let why = loop {
        let event = match client.call(&GetEvent { session_id, timeout: 10_000 }).await {
            Ok(event) => event,
            // The gateway has died: another one comes.
            Err(_) if silent.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                reader.borrow_mut().begins_again();
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            Err(e) => break format!("no gateway: {e}"),
        };
        silent = None;
        if event.result {
            reader.borrow_mut().takes(event);
        } else if event.error_description.as_deref() != Some(NO_EVENT) {
            break event.error_description.unwrap_or_default();
        }
        nth += 1;
        if let Some(pause) = pause.filter(|_| nth.is_multiple_of(BURST)) {
            tokio::time::sleep(pause).await;
        }
    };
    over.replace(Some(why));
}

/// An application that monitors a phone and is never heard of again: its session ends by itself.
pub async fn dies(url: &str, address: &str, dn: &str) {
    let app = App::login_unkept(url).await;
    app.monitor(address, dn).await;
}
