//! The rows that a node's forms begin with, made of its plan. What the plan does not have is an empty form. Called by `store` when
//! somebody asks for the first time.

use std::collections::BTreeMap;

use schemas::data::{Form, Row, form};
use schemas::domain::Dn;
use serde_json::{Value as Json, json};

use super::AtSwitch;
use crate::sim::plan::{ClassOfService, PhonePlan, Plan, Sharing};
use crate::sim::trunks::Access;

/// What rows are made of.
struct Seed<'a> {
    plan: &'a Plan,
    /// What people have set at the switch since it began.
    switch: &'a AtSwitch,
}

/// The rows of a form, as JSON.
type Rows = fn(&Seed<'_>) -> Vec<Json>;

/// What each form begins with, in their order.
const SEEDS: &[(&str, Rows)] = &[
    ("phones", phones),
    ("line_appearances", line_appearances),
    ("classes_of_service", classes_of_service),
    ("personal_ring_groups", personal_ring_groups),
    ("personal_ring_group_members", personal_ring_group_members),
    ("ring_groups", nothing),
    ("ring_group_members", nothing),
    ("hunt_groups", nothing),
    ("hunt_group_members", nothing),
    ("acd_agents", nothing),
    ("acd_agent_groups", nothing),
    ("acd_group_members", nothing),
    ("acd_paths", nothing),
    ("trunks", trunks),
    ("network_elements", network_elements),
    ("telephone_directory", telephone_directory),
    ("hot_desk_users", hot_desk_users),
];

/// Highest numbers that sets, classes of service and trunks have in a form.
const LAST_SET: usize = 65_535;
const LAST_CLASS: u16 = 255;
const LAST_TRUNK: u16 = 9_999;
/// The button of a set's own number, and the highest that the form of keys has.
const PRIME: u8 = 1;
const LAST_KEY: u8 = 96;
/// Characters of a name, and of other texts.
const NAME: usize = 256;
const TEXT: usize = 40;

/// Gives every row of a node that has this plan.
pub(super) fn rows(plan: &Plan, switch: &AtSwitch, mut give: impl FnMut(&'static Form, Row)) {
    let seed = Seed { plan, switch };
    for (name, rows) in SEEDS {
        let Some(form) = form(name) else { continue };
        for row in rows(&seed) {
            match form.read(&row) {
                Ok(row) => give(form, row),
                Err(fault) => {
                    tracing::error!(form = form.name, %fault, "a plan has what its form cannot have");
                    debug_assert!(false, "{}: {fault}: {row}", form.name);
                }
            }
        }
    }
}

/// Neither the plan nor the switch has such things.
fn nothing(_: &Seed<'_>) -> Vec<Json> {
    Vec::new()
}

/// As much of a text as a form takes; nothing of an empty one.
fn fit(text: &str, most: usize) -> Option<String> {
    let fit: String = text.chars().filter(|c| !c.is_control()).take(most).collect();
    (!fit.is_empty()).then_some(fit)
}

/// A plan can have one class more than a form has numbers: the last two share one.
fn class(cos: ClassOfService) -> u16 {
    cos.number().min(LAST_CLASS)
}

fn phones(seed: &Seed<'_>) -> Vec<Json> {
    let Plan { ceid, name, hot_desk, .. } = seed.plan;
    let phone = |(at, phone): (usize, &PhonePlan)| {
        json!({
            "number": phone.dn.to_string(),
            "name": fit(&phone.name, NAME),
            "device_id": at % LAST_SET + 1,
            "device_type": if phone.buttons > 1 { "multiline" } else { "single_line" },
            "cos": class(phone.cos),
            "home_element": ceid.get(),
            "secondary_element": seed.plan.secondary(phone.dn).map(|node| node.get()),
            "hot_desk": hot_desk.sets.contains(&phone.dn),
            "location": fit(name, TEXT),
        })
    };
    seed.plan.phones.iter().enumerate().map(phone).collect()
}

fn line_appearances(seed: &Seed<'_>) -> Vec<Json> {
    let mut shared = BTreeMap::new();
    for (number, line) in &seed.plan.shared {
        shared.extend(line.appearances.iter().map(|place| (*place, (*number, line))));
    }
    let key = |phone: Dn, button: u8| {
        let (line_type, number, label) = match shared.get(&(phone, button)) {
            Some((number, line)) => {
                let kind = if line.sharing == Sharing::Key { "key_system" } else { "multicall" };
                (kind, *number, fit(&line.name, TEXT))
            }
            None if button == PRIME => ("prime", phone, None),
            None => ("multicall", phone, None),
        };
        json!({
            "phone": phone.to_string(),
            "button": button,
            "line_type": line_type,
            "number": number.to_string(),
            "ring": "ring",
            "label": label,
        })
    };
    let keys = |phone: &PhonePlan| {
        let dn = phone.dn;
        (1..=phone.buttons.min(LAST_KEY)).map(move |button| (dn, button))
    };
    seed.plan.phones.iter().flat_map(keys).map(|(phone, button)| key(phone, button)).collect()
}

/// Those that are in use. A set accepts hot desk users by itself here: the class says so when one of its sets does.
fn classes_of_service(seed: &Seed<'_>) -> Vec<Json> {
    let Plan { phones, hot_desk, no_answer_ms, .. } = seed.plan;
    let mut classes = BTreeMap::from([(class(ClassOfService::ALL), (ClassOfService::ALL, false))]);
    for phone in phones.iter().chain(hot_desk.users.values().map(|user| &user.phone)) {
        let (_, accepts) = classes.entry(class(phone.cos)).or_insert((phone.cos, false));
        *accepts |= hot_desk.sets.contains(&phone.dn);
    }
    let row = |(number, (cos, accepts)): (u16, (ClassOfService, bool))| {
        json!({
            "number": number,
            "call_control_allowed": cos.call_control,
            "monitor_allowed": cos.monitoring,
            "camp_on_allowed": cos.campon,
            "callback_allowed": cos.callback,
            "group_presence_control": cos.presence,
            "account_code_verified": cos.accounts.verified,
            "account_code_forced": cos.accounts.forced,
            "external_calls_allowed": cos.outside,
            "hot_desk_login_accept": accepts,
            "no_answer_timer_s": (*no_answer_ms / 1000).clamp(1, 125),
        })
    };
    classes.into_iter().map(row).collect()
}

fn personal_ring_groups(seed: &Seed<'_>) -> Vec<Json> {
    let name = |number: Dn| seed.plan.phones.iter().find(|phone| phone.dn == number).and_then(|p| fit(&p.name, NAME));
    let groups = seed.plan.personal_groups.iter().map(|(number, group)| {
        let one_busy = seed.switch.one_busy.get(number).copied().unwrap_or(group.one_busy_all_busy);
        json!({ "number": number.to_string(), "name": name(*number), "one_busy_all_busy": one_busy })
    });
    groups.collect()
}

fn personal_ring_group_members(seed: &Seed<'_>) -> Vec<Json> {
    let members = seed.plan.personal_groups.iter().flat_map(|(prime, group)| {
        let all = std::iter::once(prime).chain(&group.others);
        (1..).zip(all).map(|(position, member): (u8, &Dn)| {
            json!({
                "group_number": prime.to_string(),
                "position": position,
                "number": member.to_string(),
                "present": !seed.switch.absent.contains(&(*prime, *member)),
            })
        })
    });
    members.collect()
}

fn trunks(seed: &Seed<'_>) -> Vec<Json> {
    let trunk = |number: u16, kind: &str, peer: Option<String>| {
        let cos = class(ClassOfService::ALL);
        json!({ "number": number, "trunk_type": kind, "peer_name": peer, "cos": cos, "in_service": true })
    };
    match seed.plan.outside.as_ref().map(|outside| &outside.access) {
        Some(Access::Trunks(count)) => {
            (1..=(*count).min(LAST_TRUNK)).map(|number| trunk(number, "digital", None)).collect()
        }
        Some(Access::Peer { name, .. }) => vec![trunk(1, "sip_peer", fit(name, TEXT))],
        Some(Access::Through(_)) | None => Vec::new(),
    }
}

fn network_elements(seed: &Seed<'_>) -> Vec<Json> {
    let elements = seed.plan.elements.iter().map(|element| {
        json!({
            "name": fit(&element.name, TEXT).unwrap_or_else(|| element.address.to_string()),
            "element_type": if element.ceid.is_some() { "node" } else { "gateway" },
            "ceid": element.ceid.map(|ceid| ceid.get()),
            "address": element.address.to_string(),
            "zone": 1,
        })
    });
    elements.collect()
}

/// Whoever has a name.
fn telephone_directory(seed: &Seed<'_>) -> Vec<Json> {
    let Plan { phones, hot_desk, shared, name: node, .. } = seed.plan;
    let people = phones.iter().map(|phone| (phone.dn, &phone.name, fit(node, TEXT)));
    let users = hot_desk.users.values().map(|user| (user.phone.dn, &user.phone.name, None));
    let lines = shared.iter().map(|(number, line)| (*number, &line.name, None));
    let entries = people.chain(users).chain(lines).filter_map(|(number, name, location)| {
        let name = fit(name, NAME)?;
        Some(json!({ "name": name, "number": number.to_string(), "location": location, "privacy": false }))
    });
    entries.collect()
}

fn hot_desk_users(seed: &Seed<'_>) -> Vec<Json> {
    let users = seed.plan.hot_desk.users.values().map(|user| {
        json!({
            "number": user.phone.dn.to_string(),
            "name": fit(&user.phone.name, NAME),
            "cos": class(user.phone.cos),
            "home_element": seed.plan.ceid.get(),
            "external": user.outside.is_some(),
        })
    });
    users.collect()
}

#[cfg(test)]
mod tests {
    use schemas::data::FORMS;

    use super::*;

    #[test]
    fn every_form_says_what_it_begins_with() {
        let seeded: Vec<&str> = SEEDS.iter().map(|(name, _)| *name).collect();
        assert_eq!(seeded, FORMS.iter().map(|form| form.name).collect::<Vec<_>>());
    }

    #[test]
    fn a_text_is_cut_to_what_a_form_takes() {
        for (text, most, fits) in [("", 3, None), ("\n\t", 3, None), ("a\nb", 3, Some("ab")), ("éàüö", 3, Some("éàü"))]
        {
            assert_eq!(fit(text, most).as_deref(), fits, "{text:?}");
        }
    }
}
