//! Presence in groups: members who are absent are not rung by the group's calls. The prime is always present.

use schemas::csta::presence::PresenceRefusal as No;
use schemas::domain::{Dn, Presence};

use super::command::Outcome;
use super::model::{By, Done, Line, Output};
use super::{Step, Switch};
use crate::sim::truth::TruthSetting;

impl Switch {
    /// A member joins a group or leaves it; to be what it is already changes nothing.
    pub(super) fn set_presence(
        &mut self,
        by: By,
        wanted: Presence,
        invoker: Option<Dn>,
        step: &mut Step<'_>,
    ) -> Outcome {
        let Presence { group, member, present } = wanted;
        let (_, own) = self.phone(Line::prime(member))?;
        let members = self.plan.personal_groups.get(&group).ok_or(No::UnknownGroup)?;
        let prime = member == group;
        if !prime && !members.others.contains(&member) {
            return Err(No::NotMember.into());
        }
        let cos = match invoker {
            Some(invoker) => self.state.phones.get(&invoker).ok_or(No::UnknownInvoker)?.plan.cos,
            None => own,
        };
        if by == By::Application && !(cos.presence && own.call_control) {
            return Err(No::NotPermitted.into());
        }
        if prime && !present {
            return Err(No::Prime.into());
        }
        let changed = if present {
            self.state.absent.remove(&(group, member))
        } else {
            self.state.absent.insert((group, member))
        };
        if changed {
            self.record_setting(member, TruthSetting::Presence { group: group.to_string(), on: present }, step);
            step.out.push(Output::Presence(wanted));
        }
        Ok(Done::default())
    }

    /// Group and member of everybody who is absent.
    pub fn absent(&self) -> impl Iterator<Item = (Dn, Dn)> {
        self.state.absent.iter().copied()
    }

    /// Of the groups in which a phone is a member: their numbers, and whether it is present.
    #[must_use]
    pub fn groups_of(&self, member: Dn) -> Vec<(Dn, bool)> {
        let groups = self.plan.personal_groups.iter();
        let of = groups.filter(|(prime, group)| **prime == member || group.others.contains(&member));
        of.map(|(prime, _)| (*prime, !self.state.absent.contains(&(*prime, member)))).collect()
    }

    pub(super) fn check_presence(&self) -> Result<(), String> {
        let stray = |(group, member): &&(Dn, Dn)| {
            !self.plan.personal_groups.get(group).is_some_and(|group| group.others.contains(member))
        };
        match self.state.absent.iter().find(stray) {
            Some((group, member)) => Err(format!("{member} is absent from {group}, where it may not be")),
            None => Ok(()),
        }
    }
}
