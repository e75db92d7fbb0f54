//! What is known of the features that are set at the device: asked of the node, kept by its events,
//! and what differs from what was known is told.
//!
//! Somebody who watches features hears nothing first. While nobody does, nothing is asked.

use schemas::domain::{DeviceFeature, FeatureGroup, NodeRefusal, Presence, RefusalKind, Setting};

use super::{Effect, Effects, Link, State};
use crate::node::messages::{Question, Ticket};
use crate::policy;
use crate::refusal::Refused;

#[derive(Debug, Default)]
pub(super) struct Settings {
    /// As last told by the node; what it never told is not there.
    known: Vec<Setting>,
    /// Somebody wants to hear of changes.
    watched: bool,
    look: Option<Box<Look>>,
    /// Who asked while a look was under way: it may have begun before what they want to see.
    later: Vec<Ticket>,
    /// Another look is wanted.
    again: bool,
    /// The node said on this link in which groups the device is present, so that it can be asked again.
    tells_groups: bool,
}

/// Every group is being asked for.
#[derive(Debug, Default)]
struct Look {
    askers: Vec<Ticket>,
    asked: Vec<Asked>,
    /// A group was answered.
    answered: bool,
    /// The node has no such feature; the first that said so.
    lacks: Option<NodeRefusal>,
    /// The node did not say how a group is set.
    refused: Option<NodeRefusal>,
}

#[derive(Debug)]
struct Asked {
    group: FeatureGroup,
    /// A change was told since: whether the answer is older than it cannot be known of a node that
    /// answers late.
    overtaken: bool,
    tries: u32,
}

impl Settings {
    fn change(&mut self, setting: &Setting) -> Change {
        match self.known.iter_mut().find(|known| known.feature == setting.feature) {
            Some(known) if known == setting || (nobody(known) && nobody(setting)) => Change::None,
            Some(known) => {
                known.clone_from(setting);
                Change::Other
            }
            None => {
                if self.known.len() < policy::DEVICE_SETTINGS {
                    self.known.push(setting.clone());
                }
                Change::First
            }
        }
    }
}

/// No hot desk user is logged in, whoever it was who left.
fn nobody(setting: &Setting) -> bool {
    setting.feature == DeviceFeature::HotDeskUser && !setting.on
}

/// What a setting is beside the one that was known.
#[derive(PartialEq)]
enum Change {
    None,
    Other,
    First,
}

impl State {
    /// How the features are set, as far as known: for the next life, and for who lost events.
    pub(crate) fn settings(&self) -> &[Setting] {
        &self.settings.known
    }

    /// What a life before knew.
    pub(crate) fn remember_settings(&mut self, known: Vec<Setting>) {
        self.settings.known = known;
    }

    pub(crate) fn watches_features(&self) -> bool {
        self.settings.watched
    }

    pub(super) fn watch_features(&mut self, watched: bool, out: &mut Effects) {
        self.settings.watched = watched;
        self.look_if_watched(out);
    }

    /// Looks at the features where somebody watches them and the monitor stands.
    pub(super) fn look_if_watched(&mut self, out: &mut Effects) {
        if self.settings.watched && self.link == Link::Armed {
            self.look(None, out);
        }
    }

    /// Somebody asks how the features are set.
    pub(super) fn look_asked(&mut self, ticket: Ticket, out: &mut Effects) {
        if self.link == Link::Down {
            return out.push(Effect::Settings(ticket, Err(Refused::NotConnected)));
        }
        self.look(Some(ticket), out);
    }

    fn look(&mut self, asker: Option<Ticket>, out: &mut Effects) {
        if self.settings.look.is_some() {
            self.settings.again |= asker.is_none();
            return self.settings.later.extend(asker);
        }
        let asked = FeatureGroup::ALL.map(|group| Asked { group, overtaken: false, tries: 0 });
        let look = Look { askers: asker.into_iter().collect(), asked: asked.into(), ..Look::default() };
        self.settings.look = Some(Box::new(look));
        for group in FeatureGroup::ALL {
            out.push(Effect::Ask(Question::Features(self.device.clone(), group)));
        }
    }

    /// The node answered for one group.
    pub(super) fn settings_told(
        &mut self,
        group: FeatureGroup,
        result: Result<Vec<Setting>, NodeRefusal>,
        out: &mut Effects,
    ) {
        let Some(look) = &mut self.settings.look else { return };
        let Some(at) = look.asked.iter().position(|asked| asked.group == group) else { return };
        let asked = &mut look.asked[at];
        if asked.overtaken && asked.tries < policy::AUDITS_OVERTAKEN {
            (asked.overtaken, asked.tries) = (false, asked.tries + 1);
            return out.push(Effect::Ask(Question::Features(self.device.clone(), group)));
        }
        look.asked.swap_remove(at);
        match result {
            Ok(settings) => {
                look.answered = true;
                self.settings.tells_groups |= group == FeatureGroup::Presence;
                for setting in settings {
                    // What is seen for the first time has not changed.
                    if self.settings.change(&setting) == Change::Other {
                        out.push(Effect::TellSetting(setting));
                    }
                }
            }
            // Our private data alone: what a node says of the standard's services counts.
            Err(refusal) if refusal.kind == RefusalKind::NotSupported && group.is_private() => {}
            Err(refusal) if refusal.kind == RefusalKind::NotSupported => drop(look.lacks.get_or_insert(refusal)),
            Err(refusal) => drop(look.refused.get_or_insert(refusal)),
        }
        if self.settings.look.as_ref().is_some_and(|look| look.asked.is_empty()) {
            self.looked(out);
        }
    }

    fn looked(&mut self, out: &mut Effects) {
        let Some(look) = self.settings.look.take() else { return };
        let Look { askers, answered, lacks, refused, .. } = *look;
        if let Some(refusal) = &refused
            && self.settings.watched
            && matches!(refusal.kind, RefusalKind::Resource | RefusalKind::NoAnswer)
        {
            out.push(Effect::LookLater);
        }
        // A node that has some of them has told how those are set.
        let refusal = refused.or(lacks.filter(|_| !answered));
        for ticket in askers {
            let result = refusal.clone().map_or_else(|| Ok(self.settings.known.clone()), |no| Err(Refused::Node(no)));
            out.push(Effect::Settings(ticket, result));
        }
        let again = std::mem::take(&mut self.settings.again);
        let later = std::mem::take(&mut self.settings.later);
        if again || !later.is_empty() {
            self.look(None, out);
            if let Some(look) = &mut self.settings.look {
                look.askers = later;
            }
        }
    }

    /// The node says that features were set; nothing when it did not say which.
    pub(super) fn settings_changed(&mut self, settings: Vec<Setting>, out: &mut Effects) {
        if self.link != Link::Armed {
            return;
        }
        if settings.is_empty() {
            return self.look_if_watched(out);
        }
        for setting in settings {
            let group = FeatureGroup::of(setting.feature);
            if let Some(look) = &mut self.settings.look {
                look.asked.iter_mut().filter(|asked| asked.group == group).for_each(|asked| asked.overtaken = true);
            }
            if self.settings.change(&setting) != Change::None {
                out.push(Effect::TellSetting(setting));
            }
        }
    }

    /// The node says that a member joined a group or left it; of others the monitor of the whole node tells.
    pub(super) fn presence_changed(&mut self, change: Presence, out: &mut Effects) {
        if change.member.to_string() == self.device.number {
            self.settings_changed(vec![Setting::plain(DeviceFeature::Group(change.group), change.present)], out);
        }
    }

    /// What is known stays, to be held against what the node says when it is back; without anybody
    /// who watches it is let go.
    pub(super) fn settings_lost(&mut self, out: &mut Effects) {
        let asked = self.settings.look.take().map(|look| look.askers).unwrap_or_default();
        for ticket in asked.into_iter().chain(std::mem::take(&mut self.settings.later)) {
            out.push(Effect::Settings(ticket, Err(Refused::LinkLost)));
        }
        self.settings.again = false;
        if !self.settings.watched {
            self.settings.known = Vec::new();
        }
        // Where the node cannot be asked for it, nobody says what became of it meanwhile.
        if !std::mem::take(&mut self.settings.tells_groups) {
            self.settings.known.retain(|known| FeatureGroup::of(known.feature) != FeatureGroup::Presence);
        }
    }
}
