//! What people do at their phones.

use std::fmt::Write as _;

use oig::sim::core::{Deed, Hand};
use oig::sim::switch::Line;
use oig::sim::truth::{TruthLeg, TruthState};
use schemas::domain::Forwarding;

use super::places::{AWAY, GROUP, KEY, KEY_BUTTON, MEMBER, SETS, SHARED, SHOWN_AT};
use super::story::Story;
use super::world::World;

impl Story {
    /// Somebody does something at a phone: mostly what suits its state, else anything; the phone
    /// may well refuse.
    pub async fn hand(&mut self, world: &World) {
        let (node, dn, button) = match self.chance.below(100) {
            0..=6 => {
                let node = usize::from(self.chance.percent(40));
                (node, (*self.chance.pick(&[SETS, AWAY][node])).to_owned(), 1)
            }
            7..=14 => (0, self.member().to_owned(), 1),
            15..=22 => (0, (*self.chance.pick(&SHOWN_AT)).to_owned(), self.chance.pick(&SHARED).2),
            _ => self.phone_in_use(world).await,
        };
        let button = if node == 0 && button == 1 && self.chance.percent(10) { 2 } else { button };
        let line = Line { dn: dn.parse().expect("a DN"), button };
        let mut phone = world.nodes[node].phone(line.dn).await.expect("alive");
        // At a set where a user is the lines are the user's.
        if let Some(user) = phone.as_ref().and_then(|phone| phone.user.as_ref()) {
            phone = world.nodes[0].phone(user.parse().expect("a DN")).await.expect("alive");
        }
        let answers = phone.as_ref().is_some_and(|phone| phone.auto_answer);
        let legs: Vec<TruthLeg> = phone.into_iter().flat_map(|p| p.legs).filter(|l| l.line == button).collect();
        let deed = match self.chance.below(100) {
            0..=29 if button == KEY_BUTTON && legs.is_empty() => self.key(),
            0..=29 if [GROUP, MEMBER].contains(&dn.as_str()) => Deed::HandOff,
            0..=69 => self.sensible(&legs),
            70..=84 if answers => Deed::AutoAnswer(false),
            _ => self.any(answers),
        };
        let done = world.nodes[node].hand(Hand { line, deed: deed.clone() }).await;
        let _ = writeln!(self.deeds, "{} hand {line} {deed:?} {done:?}", world.clock.now());
    }

    /// The receiver or the hold key at a key line.
    fn key(&mut self) -> Deed {
        match self.chance.below(3) {
            0 => Deed::OffHook,
            1 => Deed::Retrieve,
            _ => Deed::RetrieveFrom(KEY.parse().expect("a DN")),
        }
    }

    /// Mostly a phone at which something goes on that leads further: one that rings, one whose user
    /// consults or is in a conference.
    async fn phone_in_use(&mut self, world: &World) -> (usize, String, u8) {
        let mut rung = Vec::new();
        let mut deep = Vec::new();
        for (node, sim) in world.nodes.iter().enumerate() {
            for phone in sim.truth_now().await.expect("alive").phones {
                for button in std::iter::once(1).chain(phone.shared.keys().copied()) {
                    let legs: Vec<_> = phone.legs.iter().filter(|l| l.line == button).collect();
                    if legs.iter().any(|l| l.state == TruthState::Alerting) {
                        rung.push((node, phone.dn.clone(), button));
                    }
                    if legs.len() > 1 || legs.iter().any(|l| is_conference(l)) {
                        deep.push((node, phone.dn.clone(), button));
                    }
                }
            }
        }
        match self.chance.below(100) {
            0..=24 if !rung.is_empty() => self.chance.pick(&rung).clone(),
            25..=74 if !deep.is_empty() => self.chance.pick(&deep).clone(),
            _ => {
                let (node, dn) = self.phone();
                (node, dn, 1)
            }
        }
    }

    /// Over sockets nobody makes conferences: how many leave at once could not be told from the
    /// truth, whose records of two nodes are then some milliseconds apart.
    fn conference(&self) -> Deed {
        if self.real { Deed::Transfer } else { Deed::Conference }
    }

    /// What somebody does whose line is so.
    fn sensible(&mut self, legs: &[TruthLeg]) -> Deed {
        let is = |wanted: TruthState| legs.iter().any(|l| l.state == wanted);
        let (held, roll) = (is(TruthState::Held), self.chance.below(100));
        let waits = |s: &TruthState| matches!(s, TruthState::Held | TruthState::Alerting | TruthState::Queued);
        let active = legs.iter().map(|l| l.state).find(|s| !waits(s));
        // Who waits is active; what waits at a line that is busy is not.
        let active = active.or_else(|| is(TruthState::Queued).then_some(TruthState::Queued));
        match (active, held) {
            (None, _) if is(TruthState::Alerting) => match roll {
                0..=79 => Deed::Answer,
                _ => Deed::Redirect(self.number()),
            },
            (None, true) if roll < 60 => Deed::Retrieve,
            (None, _) => match roll {
                0..=79 => Deed::Dial(self.number()),
                80..=85 => Deed::PickUp(self.extension().parse().expect("a DN")),
                86..=92 => Deed::RetrieveFrom(self.extension().parse().expect("a DN")),
                _ => Deed::OffHook,
            },
            (Some(TruthState::Initiated), _) => match roll {
                0..=79 => Deed::Dial(self.number()),
                _ => Deed::Digits(self.number()),
            },
            (Some(TruthState::Connected), false) if is(TruthState::Queued) && roll < 50 => Deed::Trade,
            (Some(TruthState::Connected), true) => match roll {
                0..=14 => Deed::Transfer,
                15..=69 => self.conference(),
                70..=81 => Deed::Alternate,
                82..=87 => Deed::Cancel,
                _ => Deed::HangUp,
            },
            (Some(TruthState::Connected), false) if legs.iter().any(is_conference) => match roll {
                0..=44 => Deed::Consult(self.number()),
                45..=84 => Deed::Split,
                85..=92 => Deed::Hold,
                _ => Deed::HangUp,
            },
            (Some(TruthState::Connected), false) => match roll {
                0..=49 => Deed::Consult(self.number()),
                50..=64 => Deed::Hold,
                65..=67 => Deed::Digits(self.number()),
                68..=72 => Deed::Account(self.code()),
                73..=79 => Deed::Split,
                _ => Deed::HangUp,
            },
            (Some(TruthState::Failed), _) => match roll {
                0..=29 if held => Deed::Transfer,
                30..=59 if held => Deed::Cancel,
                0..=34 => Deed::HangUp,
                35..=54 => Deed::CampOn,
                55..=69 => Deed::CallBack,
                70..=79 => Deed::LeaveMessage,
                _ => Deed::NewCall,
            },
            (Some(_), true) => match roll {
                0..=59 => Deed::Transfer,
                60..=79 => Deed::Cancel,
                _ => Deed::HangUp,
            },
            (Some(_), false) => match roll {
                0..=14 => Deed::LeaveMessage,
                15..=29 => Deed::CallBack,
                _ => Deed::HangUp,
            },
        }
    }

    /// Anything, at a phone that answers by itself or does not.
    fn any(&mut self, answers: bool) -> Deed {
        match self.chance.below(24) {
            0 => Deed::OffHook,
            1..=3 => Deed::Dial(self.number()),
            4 => Deed::Answer,
            5 => Deed::HangUp,
            6 => Deed::Hold,
            7 => Deed::Retrieve,
            8 => Deed::Consult(self.number()),
            9 => Deed::Cancel,
            10 => Deed::Alternate,
            11 => Deed::Transfer,
            12 => self.conference(),
            13 => Deed::Split,
            14 => Deed::Redirect(self.number()),
            15 | 16 => Deed::PickUp(self.extension().parse().expect("a DN")),
            17 => Deed::NewCall,
            18 => Deed::Digits(self.number()),
            19 => match self.chance.below(6) {
                0 => Deed::LeaveMessage,
                1 => Deed::CampOn,
                2 => Deed::Trade,
                3 => Deed::CallBack,
                4 => Deed::Account(self.code()),
                _ => Deed::RetrieveFrom(self.extension().parse().expect("a DN")),
            },
            _ => self.feature(answers),
        }
    }

    /// Something that is set at a phone.
    fn feature(&mut self, answers: bool) -> Deed {
        match self.chance.below(10) {
            0..=2 => Deed::DoNotDisturb(self.chance.percent(35)),
            3 | 4 => Deed::AutoAnswer(answers == self.chance.percent(20)),
            _ => {
                let which = *self.chance.pick(&Forwarding::ALL);
                Deed::Forward(which, self.chance.percent(50).then(|| self.number()))
            }
        }
    }
}

/// Whether a leg has more than one other party.
fn is_conference(leg: &TruthLeg) -> bool {
    leg.other.as_ref().is_some_and(|other| other.trim_start_matches('+').contains('+'))
}
