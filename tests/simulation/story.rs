//! One run: what is done in it by chance, and what became of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use actors::planted::Fault as PlantedFault;
use oig::sim::truth::TruthRecord;

use super::chance::Chance;
use super::forms::other_ways;
use super::oracle::{self, Circumstances, Excuse, Findings, Known};
use super::outside::OUTSIDE;
use super::places::{AWAY, EXTERNAL, GROUP, MEMBER, SETS, SHARED, USERS, phones};
use super::world::World;

const STEPS: usize = 140;
const SOCKET_STEPS: usize = 40;
/// How far switch and gateway may be apart in real time, on a busy machine.
pub const SOCKET_SLACK_MS: i64 = 400;
/// Longer than the longest time a device that is not busy goes unlooked at.
const QUIET_MS: u64 = 680_000;

/// What may break in a run, by its seed: most runs break something, some nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    Fair,
    Links,
    Frames,
    Everything,
    /// Nothing but frames that are lost on the way.
    Drops,
}

/// What became of a run.
pub struct Run {
    pub violations: Vec<String>,
    pub compared: usize,
    pub excused: usize,
    pub turned: usize,
    /// What was compared at least once.
    pub reached: BTreeSet<(&'static str, &'static str)>,
    pub hung_up: usize,
    /// Everything that was heard and true, for comparing two runs.
    pub story: String,
}

pub fn run(seed: u64, planted: Option<PlantedFault>) -> Run {
    paused(Story::new(seed, planted))
}

/// A run in which nothing breaks but that frames are lost.
pub fn run_with_drops(seed: u64, planted: Option<PlantedFault>) -> Run {
    paused(Story { weather: Weather::Drops, ..Story::new(seed, planted) })
}

fn paused(story: Story) -> Run {
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
    });
    system.block_on(story.tell())
}

pub fn run_on_sockets(seed: u64) -> Run {
    actix::System::new().block_on(Story { real: true, ..Story::new(seed, None) }.tell())
}

pub struct Story {
    seed: u64,
    /// Over sockets, in real time.
    pub real: bool,
    planted: Option<PlantedFault>,
    pub chance: Chance,
    pub weather: Weather,
    pub excuses: Vec<Excuse>,
    pub violations: Vec<String>,
    pub deeds: String,
}

impl Story {
    fn new(seed: u64, planted: Option<PlantedFault>) -> Self {
        let weather = match seed % 4 {
            _ if planted.is_some() => Weather::Fair,
            0 => Weather::Fair,
            1 => Weather::Links,
            2 => Weather::Frames,
            _ => Weather::Everything,
        };
        Self {
            seed,
            real: false,
            planted,
            chance: Chance::new(seed),
            weather,
            excuses: Vec::new(),
            violations: Vec::new(),
            deeds: String::new(),
        }
    }

    async fn tell(mut self) -> Run {
        let world = match self.real {
            true => World::begin_on_sockets(self.seed).await,
            false => World::begin(self.seed, self.planted).await,
        };
        for _ in 0..if self.real { SOCKET_STEPS } else { STEPS } {
            match self.chance.below(100) {
                0..=37 => self.hand(&world).await,
                38..=42 => self.outside(&world).await,
                43 | 44 => self.desk_by_hand(&world).await,
                45..=89 => self.command(&world).await,
                90..=93 => self.break_something(&world).await,
                _ => self.pass(&world, 25_000).await,
            }
            world.settle().await;
            self.pass(&world, 900).await;
        }
        for node in &world.nodes {
            node.heal().await.expect("alive");
        }
        let quiet_ms = if self.excuses.is_empty() { 90_000 } else { QUIET_MS };
        if !self.real {
            world.pass(quiet_ms).await; // nobody answers any more; what rings ends, what is wrong is found
        }
        self.end(world).await
    }

    /// Lets some time go by; in real time, a little.
    async fn pass(&mut self, world: &World, up_to_ms: usize) {
        let ms = 2 + self.chance.below(up_to_ms);
        let ms = if self.real { 20 + ms % 100 } else { ms };
        world.pass(u64::try_from(ms).expect("small")).await;
    }

    /// What the oracle finds, and the truth that it found it against.
    async fn findings(&self, world: &World) -> (Vec<Findings>, Vec<Vec<TruthRecord>>) {
        let (mut truth, mut known) = (Vec::new(), Known::default());
        for node in &world.nodes {
            let records = node.records(0).await.expect("alive");
            known.add(records.clone());
            truth.push(records);
        }
        let slack_ms = if self.real { SOCKET_SLACK_MS } else { 0 };
        let run = Circumstances { excuses: &self.excuses, end_ms: world.clock.now(), slack_ms, late_ms: slack_ms };
        let findings = world.applications.iter().map(|application| oracle::compare(application, &known, &run));
        (findings.collect(), truth)
    }

    async fn end(mut self, world: World) -> Run {
        let (mut findings, mut truth) = self.findings(&world).await;
        // In real time the last events may still be on their way.
        for _ in 0..if self.real { 600 } else { 0 } {
            if findings.iter().all(|f| f.violations.is_empty()) {
                break;
            }
            world.pass(50).await;
            (findings, truth) = self.findings(&world).await;
        }
        self.both_ends_agree(&world).await;
        for node in &world.nodes {
            let now = node.truth_now().await.expect("alive");
            if now.broken != 0 {
                self.violations.push(format!("the switch of node {} broke its own invariants", now.node));
            }
        }
        let (mut compared, mut excused, mut turned) = (0, 0, 0);
        let mut reached = BTreeSet::new();
        let mut story = format!("seed {} {:?}\n{}", self.seed, self.weather, self.deeds);
        for (i, (application, found)) in world.applications.iter().zip(findings).enumerate() {
            let numbered = world.numbered(application).await;
            let heard = application.heard.borrow().clone();
            self.violations.extend(found.violations.iter().map(|v| format!("application {i}: {v}")));
            compared += found.compared;
            excused += found.excused;
            turned += found.turned;
            reached.extend(found.reached);
            self.violations
                .extend(other_ways(application, &numbered).into_iter().map(|v| format!("application {i}: {v}")));
            for h in &heard {
                let _ = writeln!(story, "{i} {} {:?}", h.at_ms, h.event);
            }
            for (number, event) in &numbered {
                let at = usize::try_from(*number - 1).expect("numbered from 1");
                if !heard.get(at).is_some_and(|h| event.is(&h.event)) {
                    let fault = format!("application {i}: number {number} is not the event that was read as such");
                    self.violations.push(fault);
                    break;
                }
            }
            if heard.len() <= 1_000 && numbered.len() != heard.len() {
                let fault = format!("application {i}: {} events, {} of them numbered", heard.len(), numbered.len());
                self.violations.push(fault);
            }
        }
        for record in truth.iter().flatten() {
            let _ = writeln!(story, "{record:?}");
        }
        let hung_up = world.hung_up.get();
        world.end().await;
        Run { violations: self.violations, compared, excused, turned, reached, hung_up, story }
    }

    pub fn phone(&mut self) -> (usize, String) {
        let node = self.chance.below(2);
        (node, self.chance.pick(&phones(node)).clone())
    }

    /// An extension that may ring or have a call.
    pub fn extension(&mut self) -> String {
        match self.chance.below(100) {
            0..=9 => self.member().into(),
            10..=17 => self.shared().into(),
            _ => self.phone().1,
        }
    }

    /// Somebody of the personal ring group.
    pub fn member(&mut self) -> &'static str {
        if self.chance.below(3) < 2 { GROUP } else { MEMBER }
    }

    /// A number that shows at several sets.
    pub fn shared(&mut self) -> &'static str {
        self.chance.pick(&SHARED).0
    }

    /// What a call is charged to.
    pub fn code(&mut self) -> String {
        (*self.chance.pick(&["24", "1357", "000000000000"])).into()
    }

    pub fn number(&mut self) -> String {
        match self.chance.below(28) {
            0 => "7777".into(),
            1 => "1019".into(),
            2 => "123456789".into(),
            3 | 4 => (*self.chance.pick(&OUTSIDE)).into(),
            5 => (*self.chance.pick(&[SETS.as_slice(), &AWAY, &USERS, &[EXTERNAL]].concat())).into(),
            6 | 7 => self.member().into(),
            8 | 9 => self.shared().into(),
            _ => self.phone().1,
        }
    }
}
