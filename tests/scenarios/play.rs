//! Plays one scenario in a lab over one transport: does each step, hears what is told, and holds
//! both against the file. No more and no fewer events than the file lists, for each line in its order.
//!
//! Nothing waits for a time: after the listed events a fence is put through every node (a monitor of
//! a phone that nobody uses, whose first event follows whatever the node said before).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use schemas::contract::record::{Ty, TypeRow};
use serde_json::{Value, json};

use super::file::{Answer, Does, Event, Nodes, Order, Outcome, Scenario, Side, Step, Told};
use super::told::{Cast, Heard, Whose};
use super::transport::{Transport, named};
use crate::common::app::NO_EVENT;
use crate::common::cluster::Lab;
use crate::common::eventually;

/// For what takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// Well below the ten seconds that a session lives without it.
const RESET: Duration = Duration::from_secs(3);
/// The phone of each node that no scenario uses.
const FENCE: usize = 17;
/// What stands before a phone's number in its direct-in number.
const DIRECT_IN: &str = "+1613555";
/// Nodes that have trunks or a peer of their own.
const WITH_A_WAY_OUT: [usize; 2] = [1, 3];

/// What came of it: what two transports must agree on, where a race ended alike.
#[derive(Debug, Default)]
pub struct Transcript {
    /// How the race of two ended, if there was one.
    pub outcome: String,
    /// What was told, event by event.
    pub told: Vec<String>,
}

/// Waits until a lab is whole: every node sees the gateway and the other two.
pub async fn ready(lab: &Lab) {
    for node in 1..=3 {
        eventually("the lab's nodes are connected", async || {
            let truth = lab.hands(node).truth().await;
            (truth.partners.len() == 2 && truth.associations == 1).then_some(())
        })
        .await;
    }
}

/// # Errors
/// What was expected and what came, as an engineer reads it.
pub async fn play<T: Transport>(
    scenario: &Scenario,
    nodes: Nodes,
    transport: &T,
    lab: &Lab,
) -> Result<Transcript, String> {
    let mut play = Play {
        scenario,
        nodes,
        lab,
        cast: Cast::of(scenario, nodes),
        apps: Vec::new(),
        down: BTreeSet::new(),
        outside: BTreeMap::new(),
        wait_follows: false,
        early: Vec::new(),
        transcript: Transcript::default(),
    };
    let races = |step: &Step| matches!(step.does, Does::Operation { race: true, .. } | Does::Race { .. });
    let races = scenario.steps.iter().any(races);
    for _ in 0..=usize::from(races) {
        play.apps.push(App { transport, session_id: transport.login().await });
        play.early.push(Vec::new());
    }
    let sessions: Vec<i64> = play.apps.iter().map(|app| app.session_id).collect();
    let kept = async {
        loop {
            tokio::time::sleep(RESET).await;
            for session in &sessions {
                transport.reset(*session).await;
            }
        }
    };
    let result = tokio::select! {
        result = play.whole() => result,
        () = kept => Ok(()),
    };
    for session in &sessions {
        transport.logout(*session).await;
    }
    let head = format!("{}.scenario, {nodes}, {}", scenario.name, transport.name());
    result.map(|()| play.transcript).map_err(|what| format!("{head}\n{what}"))
}

/// One application of a playing.
struct App<'a, T> {
    transport: &'a T,
    session_id: i64,
}

struct Play<'a, T> {
    scenario: &'a Scenario,
    nodes: Nodes,
    lab: &'a Lab,
    cast: Cast,
    apps: Vec<App<'a, T>>,
    /// Nodes whose link was told to be lost.
    down: BTreeSet<usize>,
    /// Who is outside, by the names of the file: node and id of each call.
    outside: BTreeMap<String, (usize, u64)>,
    /// The next step waits for what comes by itself.
    wait_follows: bool,
    /// What came of that already, by application.
    early: Vec<Vec<Heard>>,
    transcript: Transcript,
}

impl<T: Transport> App<'_, T> {
    async fn call(&self, operation: &str, mut request: Value) -> Result<Value, String> {
        let row = named(operation).ok_or(format!("the contract has no operation {operation}"))?;
        let fields = if row.request.fields.iter().any(|f| f.name == "request") { "/request" } else { "" };
        let fields = request.pointer_mut(fields).and_then(Value::as_object_mut).expect("fields of a request");
        fields.insert("sessionId".into(), json!(self.session_id.to_string()));
        self.transport.call(row, &request).await
    }

    /// The same, for what is never refused here.
    async fn done(&self, operation: &str, request: Value) -> Result<Value, String> {
        let reply = self.call(operation, request).await?;
        match refusal(&reply) {
            None => Ok(reply),
            Some(text) => Err(format!("{operation} is refused: {text}")),
        }
    }

    /// The next event within a time; what comes at once for none.
    async fn event(&self, within: Duration) -> Result<Option<Value>, String> {
        let timeout = i32::try_from(within.as_millis()).unwrap_or(i32::MAX).max(1);
        let reply = self.call("getEvent", json!({ "timeout": timeout })).await?;
        match refusal(&reply) {
            None => Ok(Some(reply)),
            Some(text) if text == NO_EVENT => Ok(None),
            Some(text) => Err(format!("getEvent is refused: {text}")),
        }
    }
}

/// The text of a refusal; `None` when the reply is an acceptance.
pub fn refusal(reply: &Value) -> Option<String> {
    let text = reply.get("errorDescription").and_then(Value::as_str);
    (reply.get("result") != Some(&json!(true))).then(|| text.unwrap_or("(no text)").to_owned())
}

/// Whether the answer is as wanted; what is wrong otherwise.
fn answers(wanted: &Answer, came: &Option<String>) -> Result<(), String> {
    match (wanted, came) {
        (Answer::Accepted, None) => Ok(()),
        (Answer::Accepted, Some(text)) => Err(format!("it is refused: {text:?}")),
        (Answer::Refused(_), None) => Err("it is accepted and should not be".to_owned()),
        (Answer::Refused(texts), Some(text)) if !texts.is_empty() && !texts.contains(text) => {
            Err(format!("it is refused with {text:?}"))
        }
        (Answer::Refused(_), Some(text)) if !text.ends_with('.') || text.contains("not supported") => {
            Err(format!("the refusal says nothing: {text:?}"))
        }
        (Answer::Refused(_), Some(_)) => Ok(()),
    }
}

fn said_of(step: &Step, what: &str) -> String {
    format!("line {}: {}\n  {what}", step.line, step.text)
}

fn object(id: i64) -> Value {
    json!({ "objectId": id.to_string() })
}

impl<T: Transport> Play<'_, T> {
    async fn whole(&mut self) -> Result<(), String> {
        self.begin().await?;
        for (i, step) in self.scenario.steps.iter().enumerate() {
            let next = self.scenario.steps.get(i + 1);
            self.wait_follows = next.is_some_and(|next| matches!(next.does, Does::Wait { .. }));
            if let Does::Race { sides, order, outcomes } = &step.does {
                let began = Instant::now();
                let outcome = self.raced(sides, *order, outcomes).await.map_err(|what| said_of(step, &what))?;
                self.transcript.outcome.clone_from(&outcome.text);
                for (i, step) in outcome.steps.iter().enumerate() {
                    self.step(step, if i == 0 { began } else { Instant::now() }).await?;
                }
            } else {
                self.step(step, Instant::now()).await?;
            }
        }
        self.ended().await
    }

    async fn step(&mut self, step: &Step, began: Instant) -> Result<(), String> {
        self.does(step).await.map_err(|what| said_of(step, &what))?;
        for app in 0..self.apps.len() {
            self.hears(app, step, began).await?;
        }
        Ok(())
    }

    /// Two applications ask; which of the outcomes came.
    async fn raced<'o>(&self, sides: &[Side; 2], order: Order, outcomes: &'o [Outcome]) -> Result<&'o Outcome, String> {
        let asks = async |side: usize| {
            let Side { at, operation, words } = &sides[side];
            let object = *self.cast.objects.get(at).ok_or(format!("{at} has no id here"))?;
            let request = self.request(object, operation, words)?;
            Ok::<_, String>(refusal(&self.apps[side].call(operation, request).await?))
        };
        let came = match order {
            Order::Together => {
                let (first, second) = futures_util::future::join(asks(0), asks(1)).await;
                [first?, second?]
            }
            Order::First => [asks(0).await?, asks(1).await?],
            Order::Second => {
                let second = asks(1).await?;
                [asks(0).await?, second]
            }
        };
        let alone = match order {
            Order::Together => None,
            Order::First => came[0].as_ref(),
            Order::Second => came[1].as_ref(),
        };
        if let Some(text) = alone {
            return Err(format!("who asks first is refused: {text:?}"));
        }
        let fits = |outcome: &&Outcome| outcome.answers.iter().zip(&came).all(|(a, came)| answers(a, came).is_ok());
        let said = || came.clone().map(|came| came.map_or("done".to_owned(), |text| format!("refused {text:?}")));
        outcomes.iter().find(fits).ok_or_else(|| format!("none of its outcomes: {}", said().join(" | ")))
    }

    /// Finds the phones, monitors those that are monitored, and hears that they are idle.
    async fn begin(&mut self) -> Result<(), String> {
        let phones = self.scenario.phones.iter().map(|p| super::file::Place { phone: p.name.clone(), button: 1 });
        let places: BTreeSet<_> = phones.chain(self.scenario.monitored.iter().cloned()).collect();
        for place in places {
            let node = self.cast.node(&place.phone);
            let dn = self.cast.number(&place.phone).to_owned();
            let id = if place.button == 1 {
                self.phone_id(node, &dn).await?
            } else {
                let request = json!({ "primeDn": dn, "icpId": node.to_string(), "buttonNum": place.button });
                id_of(&self.apps[0].done("getLineAppearanceId", json!({ "request": request })).await?)?
            };
            self.cast.objects.insert(place, id);
        }
        for app in 0..self.apps.len() {
            for place in &self.scenario.monitored {
                self.greeted(app, self.cast.objects[place]).await.map_err(|e| format!("monitoring {place}: {e}"))?;
            }
        }
        Ok(())
    }

    async fn phone_id(&self, node: usize, dn: &str) -> Result<i64, String> {
        let request = json!({ "primeDn": dn, "icpId": node.to_string() });
        id_of(&self.apps[0].done("getPhoneNumberId", json!({ "request": request })).await?)
    }

    /// Monitors an idle object; nothing else is told until it is greeted.
    async fn greeted(&self, app: usize, id: i64) -> Result<(), String> {
        self.apps[app].done("monitorObject", object(id)).await?;
        let event = self.apps[app].event(PATIENCE).await?.ok_or("MONITOR_SET does not come")?;
        let heard = Heard { after_ms: 0, event };
        match heard.what() {
            ["MONITOR_SET", "MONITOR_SET", "IDLE"] => Ok(()),
            _ => Err(format!("instead of MONITOR_SET came {}", heard.show(&self.cast))),
        }
    }

    async fn does(&mut self, step: &Step) -> Result<(), String> {
        match &step.does {
            Does::Operation { at, operation, words, answer, race } => {
                let object = *self.cast.objects.get(at).ok_or(format!("{at} has no id here"))?;
                let request = self.request(object, operation, words)?;
                let mut replies = Vec::new();
                if *race {
                    let asked = self.apps.iter().map(|app| app.call(operation, request.clone()));
                    for reply in futures_util::future::join_all(asked).await {
                        replies.push(refusal(&reply?));
                    }
                    replies.sort();
                    if replies.remove(0).is_some() {
                        return Err(format!("both are refused: {replies:?}"));
                    }
                } else {
                    replies.push(refusal(&self.apps[0].call(operation, request).await?));
                }
                let came = replies.pop().flatten();
                answers(answer, &came)
            }
            Does::Race { .. } | Does::Ended => Ok(()),
            Does::Hand { at, verb, body } => {
                let mut body = body.clone();
                for value in body.values_mut() {
                    if let Some(word) = value.as_str() {
                        *value = json!(self.cast.number(word));
                    }
                }
                if at.button != 1 {
                    body.insert("line".into(), json!(at.button));
                }
                let hands = self.lab.hands(self.cast.node(&at.phone));
                hands.try_does(self.cast.number(&at.phone), verb, &Value::Object(body)).await
            }
            Does::CallIn { who, phone, body } => {
                let (dn, mut body) = (self.cast.number(phone), body.clone());
                body.insert("to".into(), json!(format!("{DIRECT_IN}{dn}")));
                let over = body.remove("over").and_then(|node| node.as_u64()).and_then(|node| node.try_into().ok());
                let way = over.unwrap_or_else(|| self.cast.node(phone));
                let call = self.lab.hands(way).outside_call(Value::Object(body)).await?;
                self.outside.insert(who.clone(), (way, call));
                Ok(())
            }
            Does::Outside { who, verb } => {
                let (node, call) = match self.outside.get(who) {
                    Some(there) => *there,
                    None => self.called_outside(who).await?,
                };
                self.lab.hands(node).outside_does(call, verb).await;
                Ok(())
            }
            Does::Fault { phone, kind, body } => {
                let hands = self.lab.hands(self.cast.node(phone));
                hands.fault(kind, Value::Object(body.clone())).await;
                Ok(())
            }
            Does::Heal { phone } => {
                self.lab.hands(self.cast.node(phone)).heal().await;
                Ok(())
            }
            Does::Wait { .. } => Ok(()),
        }
    }

    /// The one who is called outside, and has no name yet: now this one.
    async fn called_outside(&mut self, who: &str) -> Result<(usize, u64), String> {
        let mut called = Vec::new();
        for node in WITH_A_WAY_OUT {
            let there = self.lab.hands(node).outside().await.into_iter().filter(|o| !o.incoming);
            called.extend(there.map(|o| (node, o.id)).filter(|there| !self.outside.values().any(|o| o == there)));
        }
        match called[..] {
            [one] => {
                self.outside.insert(who.to_owned(), one);
                Ok(one)
            }
            _ => Err(format!("{} people outside are called that have no name yet", called.len())),
        }
    }

    /// The fields of an operation's request: the words fill those after session and object in their order.
    fn request(&self, object: i64, operation: &str, words: &[String]) -> Result<Value, String> {
        let row = named(operation).ok_or(format!("the contract has no operation {operation}"))?;
        let mut words = words.iter();
        let request = self.fields(row.request, object, &mut words)?;
        match words.next() {
            None => Ok(request),
            Some(word) => Err(format!("{operation} has no field for {word}")),
        }
    }

    fn fields(&self, row: &TypeRow, object: i64, words: &mut std::slice::Iter<'_, String>) -> Result<Value, String> {
        let mut request = serde_json::Map::new();
        for field in row.fields {
            let value = match field.name {
                "sessionId" => continue,
                "objectId" | "objId" | "objIdOfDeviceWithMsg" => json!(object.to_string()),
                "localCallId" => {
                    let word = words.next().ok_or("the leg is not named")?;
                    let named = self.cast.leg(word).or_else(|| word.parse().ok());
                    json!(named.ok_or(format!("no leg is named {word}"))?.to_string())
                }
                _ => match (field.ty, words.as_slice().first()) {
                    (Ty::Record(row), _) => self.fields(row, object, words)?,
                    (_, None) => continue,
                    (ty, Some(word)) => {
                        words.next();
                        match (ty, word.as_str()) {
                            (Ty::Boolean, on @ ("on" | "off")) => json!(on == "on"),
                            (_, "none") => json!(""),
                            (_, word) => json!(self.cast.number(word)),
                        }
                    }
                },
            };
            request.insert(field.name.to_owned(), value);
        }
        Ok(Value::Object(request))
    }

    /// Hears what the step lists, and that there is nothing else.
    async fn hears(&mut self, app: usize, step: &Step, began: Instant) -> Result<(), String> {
        let patience = match step.does {
            Does::Wait { seconds } => Duration::from_secs(seconds),
            _ => PATIENCE,
        };
        let nodes = self.nodes;
        let wanted: Vec<&Told> = step.told.iter().filter(|told| told.only.is_none_or(|only| only == nodes)).collect();
        let mut left: BTreeMap<Whose, Vec<&Told>> = BTreeMap::new();
        for told in wanted.iter().rev() {
            left.entry(Whose::of(&told.event, &self.cast)).or_default().push(told);
        }
        let mut early = std::mem::take(&mut self.early[app]).into_iter();
        let mut heard: Vec<Heard> = Vec::new();
        let mut as_listed = true;
        while heard.len() < wanted.len() {
            let came = match early.next() {
                Some(came) => came,
                None => {
                    let rest = patience.saturating_sub(began.elapsed());
                    let Some(event) = self.apps[app].event(rest).await? else { break };
                    Heard { after_ms: began.elapsed().as_millis(), event }
                }
            };
            let next = left.get_mut(&came.whose(&self.cast)).and_then(Vec::pop);
            let fits = next.is_some_and(|next| fits(&next.event, &came));
            heard.push(came);
            if !fits {
                as_listed = false;
                break;
            }
        }
        heard.extend(early);
        for came in &heard {
            match came.system() {
                Some((_, "CONNECTED", node)) => drop(self.down.remove(&node)),
                Some((_, _, node)) => drop(self.down.insert(node)),
                None => {}
            }
        }
        self.fence(app, &mut heard, began).await.map_err(|what| said_of(step, &what))?;
        // What comes by itself may come while the player still listens; it belongs to the wait for it.
        if self.wait_follows && as_listed && heard.len() > wanted.len() {
            self.early[app] = heard.split_off(wanted.len());
        }
        self.compare(step, &wanted, heard)
    }

    /// Hears whatever the nodes and the gateway have said until now.
    async fn fence(&self, app: usize, heard: &mut Vec<Heard>, began: Instant) -> Result<(), String> {
        let asks = &self.apps[app];
        for node in (1..=3).filter(|node| !self.down.contains(node)) {
            let fence = self.phone_id(node, &(node * 1000 + FENCE).to_string()).await?;
            asks.done("monitorObject", object(fence)).await?;
            loop {
                let event = asks.event(PATIENCE).await?.ok_or("the fence's MONITOR_SET does not come")?;
                if event.pointer("/callEvent/objectId") == Some(&json!(fence.to_string())) {
                    break;
                }
                heard.push(Heard { after_ms: began.elapsed().as_millis(), event });
            }
            asks.done("stopMonitor", object(fence)).await?;
        }
        for place in &self.scenario.monitored {
            // The device answers after whatever it told before; a step may have stopped its monitor.
            asks.call("getCallStatus", object(self.cast.objects[place])).await?;
        }
        while let Some(event) = asks.event(Duration::ZERO).await? {
            heard.push(Heard { after_ms: began.elapsed().as_millis(), event });
        }
        Ok(())
    }

    fn compare(&mut self, step: &Step, wanted: &[&Told], heard: Vec<Heard>) -> Result<(), String> {
        let mut left: Vec<Option<Heard>> = heard.into_iter().map(Some).collect();
        let mut shown = String::new();
        let mut right = true;
        let mut news: Vec<(usize, usize)> = Vec::new();
        for told in wanted {
            let whose = Whose::of(&told.event, &self.cast);
            let at = left.iter().position(|h| h.as_ref().is_some_and(|h| h.whose(&self.cast) == whose));
            let Some((at, came)) = at.and_then(|at| Some((at, left[at].take()?))) else {
                right = false;
                let _ = writeln!(shown, "  - {:>8}  {}", "", told.text);
                continue;
            };
            let node = match &told.event {
                Event::System { phone, .. } => {
                    let node = self.cast.node(phone);
                    news.push((node, at));
                    node
                }
                Event::Feature(feature) => self.cast.node(&feature.at.phone),
                Event::Call(call) => self.cast.node(&call.at.phone),
            };
            let mut differs = came.differs(&told.event, &mut self.cast);
            if news.iter().any(|(of, news)| *of == node && *news > at) {
                differs.push("it came before the news of its node".to_owned());
            }
            if differs.is_empty() {
                let _ = writeln!(shown, "    {:>5} ms  {}", came.after_ms, told.text);
                self.transcript.told.push(came.neutral(&mut self.cast));
            } else {
                right = false;
                let _ = writeln!(shown, "  - {:>8}  {}", "", told.text);
                let _ = writeln!(shown, "  + {:>5} ms  {}", came.after_ms, came.show(&self.cast));
                let _ = writeln!(shown, "              ^ {}", differs.join("; "));
            }
        }
        for came in left.into_iter().flatten() {
            right = false;
            let _ = writeln!(shown, "  + {:>5} ms  {}", came.after_ms, came.show(&self.cast));
        }
        if right {
            return Ok(());
        }
        Err(format!("line {}: {}\n  (- expected, + came)\n{}", step.line, step.text, shown.trim_end()))
    }

    /// A scenario ends as it began: every phone idle, the switches sound.
    async fn ended(&self) -> Result<(), String> {
        for node in 1..=3 {
            let truth = self.lab.hands(node).truth().await;
            if truth.broken != 0 {
                return Err(format!("node {node} broke an invariant of its switch"));
            }
            if !truth.phones.is_empty() {
                return Err(format!("the scenario leaves phones in use at node {node}: {:?}", truth.phones));
            }
        }
        Ok(())
    }
}

/// Whether it goes on as listed, as far as can be seen before names are bound.
fn fits(expected: &Event, came: &Heard) -> bool {
    match expected {
        Event::System { .. } => came.system().is_some(),
        Event::Feature(_) => came.is_feature(),
        Event::Call(call) => came.what() == call.what,
    }
}

fn id_of(reply: &Value) -> Result<i64, String> {
    let id = reply.get("objectId").and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or("the reply has no object id".to_owned())
}
