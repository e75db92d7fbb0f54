//! What a person can do at a line now, in the verbs of the hands: the same questions that the
//! commands ask, so that the two cannot disagree. Changes nothing.

use schemas::domain::{Dn, Feature, Features};

use super::Switch;
use super::model::{LegState, Line};

/// What is done with a leg.
const VERBS: [(Feature, &str); 18] = [
    (Feature::AnswerCall, "answer"),
    (Feature::RedirectCall, "redirect"),
    (Feature::HoldCall, "hold"),
    (Feature::RetrieveCall, "retrieve"),
    (Feature::ConsultationCall, "consult"),
    (Feature::AlternateCall, "alternate"),
    (Feature::TransferCall, "transfer"),
    (Feature::ConferenceCall, "conference"),
    (Feature::SplitConferenceCall, "split"),
    (Feature::CancelConsultationCall, "cancel"),
    (Feature::OutPulseDigits, "digits"),
    (Feature::NewCall, "newcall"),
    (Feature::CamponCall, "campon"),
    (Feature::SetCallMeBack, "callback"),
    (Feature::SendCallbackMessage, "message"),
    (Feature::TradeCall, "trade"),
    (Feature::SetAccountCode, "account"),
    (Feature::ClearCall, "hangup"),
];

impl Switch {
    /// Verbs that a line takes now. A number may still lead nowhere, and what is picked up must ring, what is taken over be held.
    #[must_use]
    pub fn choices(&self, line: Line) -> Vec<&'static str> {
        let legs = self.state.by_line.get(&line).map_or(&[][..], Vec::as_slice);
        let states: Vec<LegState> = legs.iter().filter_map(|l| Some(self.state.legs.get(l)?.state)).collect();
        let possible = legs.iter().fold(Features::NONE, |all, leg| all.or(self.possible(line, *leg)));
        let free = !states.iter().any(|s| s.is_active());
        let rung = states.contains(&LegState::Alerting);
        let toned = states.contains(&LegState::Initiated);
        // A key line that has a call takes no other; what it holds can be taken back at any appearance.
        let taken = self.is_taken(line);
        let taken_back = self.may_retrieve_key(line);
        let mut verbs = Vec::new();
        if free && !rung && (!taken || taken_back) {
            verbs.push("offhook");
        }
        if toned || (free && !rung && !taken) {
            verbs.push("dial");
        }
        if free && (!taken || rung) {
            verbs.push("pickup");
        }
        if free && !taken {
            verbs.push("takeover");
        }
        if taken_back && legs.is_empty() {
            verbs.push("retrieve");
        }
        if self.may_hand_off(line) {
            verbs.push("handoff");
        }
        verbs.extend(VERBS.iter().filter(|(feature, _)| possible.has(*feature)).map(|(_, verb)| *verb));
        verbs
    }

    /// Verbs that a set takes now, whichever of its lines is in use.
    #[must_use]
    pub fn set_choices(&self, set: Dn) -> Vec<&'static str> {
        let user = self.state.desks.by_set.get(&set);
        let mut verbs = vec!["dnd", "autoanswer", "forward"];
        // The prime is always there.
        if user.is_none() && self.groups_of(set).iter().any(|(group, _)| *group != set) {
            verbs.push("presence");
        }
        match user {
            Some(user) if !self.has_call(*user) => verbs.push("logout"),
            // Also while a home node is asked about one: what refuses it says so to whoever tries.
            None if self.plan.hot_desk.sets.contains(&set) && !self.has_call(set) => verbs.push("login"),
            _ => {}
        }
        verbs
    }

    /// Verbs that the set of a user takes now, at whichever node it is.
    #[must_use]
    pub fn away_choices(&self, user: Dn) -> Vec<&'static str> {
        let mut verbs = vec!["dnd", "forward"];
        if !self.has_call(user) {
            verbs.push("logout");
        }
        verbs
    }

    /// Verbs that the number of a hot desk user takes now, wherever the user is.
    #[must_use]
    pub fn user_choices(&self, user: Dn) -> Vec<&'static str> {
        if self.has_call(user) {
            return Vec::new();
        }
        let external = self.plan.hot_desk.users.get(&user).is_some_and(|plan| plan.outside.is_some());
        let logged_in = self.state.desks.by_user.contains_key(&user);
        [("login", external), ("logout", logged_in)].into_iter().filter(|(_, may)| *may).map(|(verb, _)| verb).collect()
    }
}
