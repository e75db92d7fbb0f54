//! The decisions of a monitor of presence: set, lost, restored; what differs from what was known is told.
//!
//! Pure: what happened goes in, what is to be done comes out. No actor, no clock.

use schemas::contract::cc::EventCauseType as Why;
use schemas::domain::{Dn, NodeRefusal, Presence, RefusalKind};

use super::Absent;
use crate::policy;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// The node can be asked.
    Arm,
    LinkLost,
    /// The monitor stands, with who is absent; or the node refused it.
    Monitored(Result<Vec<(Dn, Dn)>, NodeRefusal>),
    Changed(Presence),
    /// Time to look who is absent, to find what a live link lost.
    Audit,
    /// Who is absent, as asked for; or the node does not say.
    Looked(Result<Vec<(Dn, Dn)>, NodeRefusal>),
    /// The node ended the monitor by itself.
    Ended,
    /// Time to ask again.
    Rearm,
    /// Nobody watches any more.
    Retire,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Ask,
    Look,
    LetGo,
    /// To those who have heard nothing yet.
    Greet(Vec<Report>),
    /// To those who have.
    Tell(Report),
    RearmLater,
}

pub(crate) type Effects = Vec<Effect>;

/// Something that watchers hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    Set(Why),
    /// There will be a monitor when the node is back.
    Unavailable,
    Out,
    Failed(Why),
    Presence(Presence),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Down,
    Asking,
    Armed,
    Refused(Why),
}

#[derive(Debug)]
pub(crate) struct State {
    link: Link,
    /// As last told by the node; `None` when it never was.
    absent: Option<Absent>,
    look: Option<Look>,
}

/// It is being asked who is absent.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    /// A change was told since: the answer may be older.
    overtaken: bool,
    tries: u32,
}

impl State {
    /// With what a life before knew.
    pub(crate) fn new(absent: Option<Absent>) -> Self {
        Self { link: Link::Down, absent, look: None }
    }

    pub(crate) fn absent(&self) -> Option<&Absent> {
        self.absent.as_ref()
    }

    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.link, Link::Refused(_))
    }

    /// What somebody hears who begins to watch now; `None` while the node has not answered.
    pub(crate) fn greeting(&self) -> Option<Vec<Report>> {
        match self.link {
            Link::Down => Some(vec![Report::Unavailable, Report::Out]),
            Link::Asking => None,
            Link::Armed => Some(vec![Report::Set(Why::MonitorSet)]),
            Link::Refused(why) => Some(vec![Report::Failed(why)]),
        }
    }

    /// The present state, to who lost events.
    pub(crate) fn restated(&self) -> Vec<Report> {
        let absent = self.absent.iter().flatten();
        absent.map(|(group, member)| leaves(*group, *member)).collect()
    }

    pub(crate) fn on(&mut self, input: Input, out: &mut Effects) {
        match input {
            Input::Arm => self.ask(out),
            Input::Rearm => {
                if self.link != Link::Down && self.link != Link::Armed {
                    self.ask(out);
                }
            }
            Input::LinkLost => (self.link, self.look) = (Link::Down, None),
            Input::Audit => {
                if self.link == Link::Armed && self.look.is_none() {
                    self.look = Some(Look::default());
                    out.push(Effect::Look);
                }
            }
            Input::Looked(result) => self.looked(result, out),
            Input::Monitored(_) | Input::Changed(_) if matches!(self.link, Link::Down) => {}
            Input::Monitored(Ok(absent)) => self.monitored(absent, out),
            Input::Monitored(Err(refusal)) => match refusal.kind {
                // It passes: the node is asked again.
                RefusalKind::Resource | RefusalKind::NoAnswer => out.push(Effect::RearmLater),
                // The loss of the link is told by whoever knows of it.
                RefusalKind::NotConnected => {}
                kind => {
                    let privilege = kind == RefusalKind::Privilege;
                    self.refused(if privilege { Why::PrivilegeViolation } else { Why::DestinationUnavailable }, out);
                }
            },
            Input::Changed(change) => {
                if let Some(look) = &mut self.look {
                    look.overtaken = true;
                }
                let absent = self.absent.get_or_insert_default();
                let pair = (change.group, change.member);
                if if change.present { absent.remove(&pair) } else { absent.insert(pair) } {
                    out.push(Effect::Tell(Report::Presence(change)));
                }
            }
            Input::Ended => {
                if self.link != Link::Down {
                    self.refused(Why::DestinationUnavailable, out);
                }
            }
            Input::Retire => out.push(Effect::LetGo),
        }
    }

    /// What differs from what is known was missed. Of a node that does not say, what is known must do.
    fn looked(&mut self, result: Result<Vec<(Dn, Dn)>, NodeRefusal>, out: &mut Effects) {
        let Some(look) = self.look.take() else { return };
        if look.overtaken && look.tries < policy::AUDITS_OVERTAKEN {
            self.look = Some(Look { overtaken: false, tries: look.tries + 1 });
            return out.push(Effect::Look);
        }
        if let Ok(absent) = result {
            self.compare(absent, out);
        }
    }

    fn compare(&mut self, absent: Vec<(Dn, Dn)>, out: &mut Effects) {
        let absent: Absent = absent.into_iter().collect();
        if let Some(known) = self.absent.replace(absent.clone()) {
            let left = absent.difference(&known).map(|(group, member)| leaves(*group, *member));
            let joined = known
                .difference(&absent)
                .map(|(group, member)| Report::Presence(Presence { group: *group, member: *member, present: true }));
            out.extend(left.chain(joined).map(Effect::Tell));
        }
    }

    fn ask(&mut self, out: &mut Effects) {
        (self.link, self.look) = (Link::Asking, None);
        out.push(Effect::Ask);
    }

    fn refused(&mut self, why: Why, out: &mut Effects) {
        (self.link, self.look) = (Link::Refused(why), None);
        out.extend([Effect::Tell(Report::Failed(why)), Effect::Greet(vec![Report::Failed(why)])]);
    }

    /// Who heard of it before hears that it is restored, and what was missed meanwhile.
    fn monitored(&mut self, absent: Vec<(Dn, Dn)>, out: &mut Effects) {
        self.link = Link::Armed;
        out.push(Effect::Tell(Report::Set(Why::ControllerCommsRestored)));
        self.compare(absent, out);
        out.push(Effect::Greet(vec![Report::Set(Why::MonitorSet)]));
    }
}

fn leaves(group: Dn, member: Dn) -> Report {
    Report::Presence(Presence { group, member, present: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().expect("a DN")
    }

    fn pair(member: &str) -> (Dn, Dn) {
        (dn("1005"), dn(member))
    }

    fn presence(member: &str, present: bool) -> Presence {
        Presence { group: dn("1005"), member: dn(member), present }
    }

    fn refusal(kind: RefusalKind) -> Input {
        Input::Monitored(Err(NodeRefusal { kind, text: String::new() }))
    }

    fn on(state: &mut State, input: Input) -> Effects {
        let mut out = Effects::new();
        state.on(input, &mut out);
        out
    }

    fn armed(absent: &[&str]) -> State {
        let mut state = State::new(None);
        assert_eq!(on(&mut state, Input::Arm), [Effect::Ask]);
        assert_eq!(state.greeting(), None);
        let told = on(&mut state, Input::Monitored(Ok(absent.iter().map(|m| pair(m)).collect())));
        let set = |why| Report::Set(why);
        assert_eq!(
            told,
            [Effect::Tell(set(Why::ControllerCommsRestored)), Effect::Greet(vec![set(Why::MonitorSet)])],
            "who is absent at first has not left"
        );
        state
    }

    #[test]
    fn a_change_is_told_once() {
        let mut state = armed(&["1015"]);
        assert_eq!(state.greeting(), Some(vec![Report::Set(Why::MonitorSet)]));
        for (member, present, told) in
            [("1015", false, false), ("1015", true, true), ("1015", true, false), ("1016", false, true)]
        {
            let change = presence(member, present);
            let expected: Effects = told.then_some(Effect::Tell(Report::Presence(change))).into_iter().collect();
            assert_eq!(on(&mut state, Input::Changed(change)), expected, "{change:?}");
        }
        assert_eq!(state.restated(), [Report::Presence(presence("1016", false))]);
    }

    #[test]
    fn what_changed_while_the_link_was_lost_is_told_when_it_is_back() {
        let mut state = armed(&["1015", "1016"]);
        assert_eq!(on(&mut state, Input::LinkLost), []);
        assert_eq!(state.greeting(), Some(vec![Report::Unavailable, Report::Out]));
        assert_eq!(on(&mut state, Input::Changed(presence("1017", false))), [], "of a connection that is gone");
        assert_eq!(on(&mut state, Input::Arm), [Effect::Ask]);
        let told = on(&mut state, Input::Monitored(Ok(vec![pair("1016"), pair("1017")])));
        let tell = |member, present| Effect::Tell(Report::Presence(presence(member, present)));
        assert_eq!(
            told,
            [
                Effect::Tell(Report::Set(Why::ControllerCommsRestored)),
                tell("1017", false),
                tell("1015", true),
                Effect::Greet(vec![Report::Set(Why::MonitorSet)])
            ]
        );
        // So does the next life of the actor.
        let mut next = State::new(state.absent().cloned());
        on(&mut next, Input::Arm);
        let told = on(&mut next, Input::Monitored(Ok(vec![pair("1016")])));
        assert!(told.contains(&tell("1017", true)), "{told:?}");
    }

    #[test]
    fn what_was_missed_is_found_by_the_next_audit() {
        let mut state = armed(&["1015", "1016"]);
        let tell = |member, present| Effect::Tell(Report::Presence(presence(member, present)));
        assert_eq!(on(&mut state, Input::Audit), [Effect::Look]);
        assert_eq!(on(&mut state, Input::Audit), [], "one is under way");
        let looked = |absent: &[&str]| Input::Looked(Ok(absent.iter().map(|m| pair(m)).collect()));
        assert_eq!(on(&mut state, looked(&["1016", "1017"])), [tell("1017", false), tell("1015", true)]);
        assert_eq!(on(&mut state, looked(&[])), [], "nobody asked");
        // An answer that may be older than what was told meanwhile; so often, and no more.
        on(&mut state, Input::Audit);
        for _ in 0..policy::AUDITS_OVERTAKEN {
            on(&mut state, Input::Changed(presence("1018", false)));
            on(&mut state, Input::Changed(presence("1018", true)));
            assert_eq!(on(&mut state, looked(&["1018"])), [Effect::Look]);
        }
        assert_eq!(on(&mut state, looked(&["1016", "1017"])), []);
        // Who does not say, or is asked no more, changes nothing.
        on(&mut state, Input::Audit);
        let no = NodeRefusal { kind: RefusalKind::NotSupported, text: String::new() };
        assert_eq!(on(&mut state, Input::Looked(Err(no))), []);
        on(&mut state, Input::Audit);
        on(&mut state, Input::LinkLost);
        assert_eq!(on(&mut state, looked(&[])), []);
        assert_eq!(on(&mut state, Input::Audit), [], "there is nobody to ask");
    }

    #[test]
    fn a_refusal_that_lasts_is_told_and_one_that_passes_is_tried_again() {
        use RefusalKind::{NoAnswer, NotConnected, NotSupported, Privilege, Resource};
        for (kind, why) in [
            (Privilege, Some(Why::PrivilegeViolation)),
            (NotSupported, Some(Why::DestinationUnavailable)),
            (Resource, None),
            (NoAnswer, None),
            (NotConnected, None),
        ] {
            let mut state = State::new(None);
            on(&mut state, Input::Arm);
            let out = on(&mut state, refusal(kind));
            match why {
                Some(why) => {
                    let failed = Report::Failed(why);
                    assert_eq!(out, [Effect::Tell(failed), Effect::Greet(vec![failed])], "{kind:?}");
                    assert!(state.is_refused());
                    assert_eq!(state.greeting(), Some(vec![failed]));
                }
                None => {
                    assert_eq!(out.contains(&Effect::RearmLater), kind != NotConnected, "{kind:?}");
                    assert_eq!(state.greeting(), None);
                }
            }
            assert_eq!(on(&mut state, Input::Rearm), [Effect::Ask]);
        }
        assert_eq!(on(&mut armed(&[]), Input::Rearm), [], "it stands already");
        assert_eq!(on(&mut State::new(None), Input::Rearm), [], "there is nobody to ask");
    }

    #[test]
    fn a_monitor_that_the_node_ends_has_failed_and_the_last_watcher_lets_it_go() {
        let mut state = armed(&[]);
        let failed = Report::Failed(Why::DestinationUnavailable);
        assert_eq!(on(&mut state, Input::Ended), [Effect::Tell(failed), Effect::Greet(vec![failed])]);
        assert_eq!(on(&mut armed(&[]), Input::Retire), [Effect::LetGo]);
    }
}
