//! Changes of rows: what is refused, what is told, and what is left of it.

use schemas::data::sync::{Change, Line, PageEnd, PageHead, Wanted, read_page_line};
use schemas::data::{Digest, FORMS};
use schemas::domain::Ceid;
use serde_json::{Value as Json, json};

use super::*;

fn forms(node: u16) -> Forms {
    Forms::new(&Plan::lab(Ceid::new(node).expect("a CEID")), &AtSwitch::default(), 1_000)
}

fn of(name: &str) -> &'static Form {
    form(name).unwrap_or_else(|| panic!("{name}"))
}

fn row(form: &'static Form, row: Json) -> Row {
    form.read(&row).unwrap_or_else(|fault| panic!("{row}: {fault}"))
}

fn set(forms: &mut Forms, name: &str, of_it: Json) -> Result<u64, NotDone> {
    let form = of(name);
    forms.change(form, Asked::Set(row(form, of_it)), 2_000)
}

fn remove(forms: &mut Forms, name: &str, key: &[Value]) -> Result<u64, NotDone> {
    forms.change(of(name), Asked::Remove(key.to_vec()), 2_000)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn phone(number: &str) -> Json {
    json!({ "number": number, "device_id": 7, "device_type": "multiline", "cos": 1, "home_element": 1, "hot_desk": false })
}

/// The lines after a change.
fn told(forms: &Forms, since: u64) -> Vec<Change> {
    match forms.news(&forms.epoch(), since, usize::MAX, usize::MAX) {
        News::Lines(lines, _) => lines
            .lines()
            .map(|line| match Line::read(line.as_bytes()) {
                Ok(Line::Change(change)) => change,
                other => panic!("{line}: {other:?}"),
            })
            .collect(),
        News::Nothing => Vec::new(),
        News::Lost => panic!("{since} is lost"),
    }
}

/// A page by its lines: rows that were read, and its end.
fn read(page: &Page, form: &'static Form) -> (Vec<Row>, PageEnd) {
    let mut lines = page.text.lines();
    PageHead::read(lines.next().expect("a head").as_bytes()).expect("a head");
    let mut rows = Vec::new();
    for line in lines {
        match read_page_line(form, line.as_bytes()).unwrap_or_else(|fault| panic!("{line}: {fault}")) {
            Ok(row) => rows.push(row),
            Err(end) => return (rows, end),
        }
    }
    panic!("no end: {}", page.text)
}

#[test]
fn every_row_that_a_lab_begins_with_is_one_and_keeps_the_rules() {
    for node in 1..=3 {
        let forms = forms(node);
        for form in FORMS {
            for row in forms.rows(form) {
                assert_eq!(form.read(&form.write(row)).as_ref(), Ok(row), "{}", form.name);
                // As if it came now: there is all that it names.
                let kept = rules::check(&forms, form, Some(row), Some(row));
                assert_eq!(kept, Ok(rules::Along::new()), "{}: {}", form.name, form.write(row));
            }
        }
        let counts = ["phones", "network_elements"].map(|name| forms.rows(of(name)).count());
        assert_eq!(counts, [20, 5], "{node}");
    }
}

#[test]
fn a_lab_begins_with_what_its_page_says() {
    let first = forms(1);
    for (name, key, columns) in [
        ("phones", vec![text("1005")], json!({ "cos": 1, "secondary_element": 2, "device_type": "multiline" })),
        ("phones", vec![text("1012")], json!({ "cos": 113, "hot_desk": true, "name": "Haddad, Rania" })),
        ("line_appearances", vec![text("1000"), Value::Integer(1)], json!({ "line_type": "prime", "number": "1000" })),
        ("line_appearances", vec![text("1000"), Value::Integer(3)], json!({ "line_type": "multicall" })),
        ("classes_of_service", vec![Value::Integer(2)], json!({ "monitor_allowed": false, "no_answer_timer_s": 20 })),
        ("personal_ring_groups", vec![text("1005")], json!({ "one_busy_all_busy": false })),
        (
            "personal_ring_group_members",
            vec![text("1005"), Value::Integer(2)],
            json!({ "number": "1015", "present": true }),
        ),
        ("hot_desk_users", vec![text("1950")], json!({ "external": true, "home_element": 1 })),
        ("trunks", vec![Value::Integer(8)], json!({ "trunk_type": "digital", "in_service": true })),
        ("network_elements", vec![text("Gateway")], json!({ "element_type": "gateway", "address": "127.0.0.1" })),
        ("network_elements", vec![text("Gateway (IPv6)")], json!({ "element_type": "gateway", "address": "::1" })),
        ("network_elements", vec![text("Contact centre")], json!({ "element_type": "node", "ceid": 3 })),
        ("telephone_directory", vec![text("王, 小明"), text("1006")], json!({ "privacy": false })),
    ] {
        let form = of(name);
        let row = first.row(form, &key).map(|row| form.write(row)).unwrap_or_else(|| panic!("{name} {key:?}"));
        for (column, value) in columns.as_object().expect("columns") {
            assert_eq!(row.get(column), Some(value), "{name} {row}");
        }
    }
    let peer = forms(3).rows(of("trunks")).map(|row| of("trunks").write(row)).collect::<Vec<_>>();
    assert_eq!((peer.len(), &peer[0]["trunk_type"], &peer[0]["peer_name"]), (1, &json!("sip_peer"), &json!("carrier")));
    assert_eq!(forms(2).rows(of("trunks")).count(), 0);
}

#[test]
fn numbers_that_show_at_several_buttons_are_keys_of_their_sets() {
    use crate::sim::plan::Sharing;

    let mut plan = Plan::lab(Ceid::new(1).expect("a CEID"));
    plan.share("1600=1012/3,1013/6".parse().expect("a line"), Sharing::Key).expect("free");
    plan.rename("1600".parse().expect("a DN"), "Sales");
    let forms = Forms::new(&plan, &AtSwitch::default(), 1_000);
    let key = |phone: &str, button| {
        let row = forms.row(of("line_appearances"), &vec![text(phone), Value::Integer(button)]);
        row.map(|row| of("line_appearances").write(row)).unwrap_or_default()
    };
    assert_eq!((&key("1012", 3)["line_type"], &key("1012", 3)["label"]), (&json!("key_system"), &json!("Sales")));
    assert_eq!((&key("1013", 6)["number"], &key("1013", 5)["number"]), (&json!("1600"), &json!("1013")));
}

#[test]
fn changes_count_and_are_told_with_the_row_before_and_after() {
    let mut forms = forms(1);
    let phones = of("phones");
    let stand = forms.stand();
    assert_eq!((stand.seq, stand.epoch.as_str(), stand.forms.len()), (0, "001-1000-1", FORMS.len()));
    assert_eq!(set(&mut forms, "phones", phone("1099")), Ok(1));
    let mut other = phone("1099");
    other["name"] = json!("Nobody, New");
    assert_eq!(set(&mut forms, "phones", other.clone()), Ok(2));
    assert_eq!(set(&mut forms, "phones", other.clone()), Ok(2), "it is so already");
    assert_eq!(remove(&mut forms, "phones", &[text("1099")]), Ok(3));
    let [first, second] = [phone("1099"), other].map(|of_it| Some(row(phones, of_it)));
    let change = |seq, before: &Option<Row>, after: &Option<Row>| {
        let (before, after) = (before.clone(), after.clone());
        Change { seq, form: phones, before, after, at_ms: 2_000 }
    };
    let all = [change(1, &None, &first), change(2, &first, &second), change(3, &second, &None)];
    assert_eq!(told(&forms, 0), all);
    assert_eq!(told(&forms, 2), all[2..]);
    assert_eq!(told(&forms, 3), []);
    assert_eq!(forms.stand().forms, stand.forms, "the digests are as before");
    assert_eq!(forms.news(&forms.epoch(), 0, 2, usize::MAX), forms.news(&forms.epoch(), 0, 2, 1_000_000));
    assert!(matches!(forms.news(&forms.epoch(), 0, usize::MAX, 1), News::Lines(_, 1)));
}

#[test]
fn a_change_is_made_only_of_the_row_that_was_read() {
    let mut forms = forms(1);
    let phones = of("phones");
    let is = |number: &str| Some(row(phones, phone(number)));
    let present = forms.row(phones, &vec![text("1000")]).cloned().expect("a phone");
    let mut renamed = phones.write(&present);
    renamed["name"] = json!("New, Name");
    let renamed = row(phones, renamed);
    let mut wanted = |before, after| forms.change(phones, Asked::Wanted(Wanted { before, after }), 2_000);
    assert_eq!(wanted(None, is("1000")), Err(NotDone::There(present.clone())));
    assert_eq!(wanted(is("1000"), Some(renamed.clone())), Err(NotDone::Changed(present.clone())));
    assert_eq!(wanted(is("1000"), None), Err(NotDone::Changed(present.clone())));
    assert_eq!(wanted(is("1098"), None), Err(NotDone::Gone));
    assert_eq!(wanted(is("1098"), is("1099")), Err(NotDone::Unfit(Unfit::Key)));
    assert_eq!(wanted(None, None), Err(NotDone::Unfit(Unfit::Key)));
    assert_eq!(wanted(Some(present), Some(renamed)), Ok(1));
    assert_eq!(wanted(None, is("1099")), Ok(2));
    assert_eq!(wanted(is("1099"), None), Ok(3));
}

#[test]
fn what_a_node_cannot_be_is_refused_and_changes_nothing() {
    let group = |number: &str| json!({ "number": number, "ringing": "ring_all", "cos": 1 });
    let of_class = |number: u16| {
        let mut row = phone("1000");
        row["cos"] = json!(number);
        row
    };
    let member = |group: &str, position: u8, number: &str, present: bool| json!({ "group_number": group, "position": position, "number": number, "present": present });
    let class = json!({ "number": 99, "call_control_allowed": true, "monitor_allowed": true, "camp_on_allowed": true,
        "callback_allowed": true, "group_presence_control": true, "account_code_verified": false,
        "account_code_forced": false, "external_calls_allowed": true, "hot_desk_login_accept": false });
    const MEMBERS: &str = "personal_ring_group_members";
    for (name, row, why) in [
        ("classes_of_service", class, Unfit::Fixed),
        ("phones", phone("1900"), Unfit::Given("hot_desk_users")),
        ("ring_groups", group("1000"), Unfit::Given("phones")),
        ("phones", of_class(99), Unfit::Unknown("cos", "classes_of_service")),
        (MEMBERS, member("1005", 3, "1999", true), Unfit::Unknown("number", "phones")),
        (MEMBERS, member("1006", 2, "1016", true), Unfit::Unknown("group_number", "personal_ring_groups")),
        (MEMBERS, member("1005", 1, "1005", false), Unfit::Prime),
        (MEMBERS, member("1005", 1, "1015", true), Unfit::Prime),
        ("ring_group_members", member("1800", 1, "1016", true), Unfit::Unknown("group_number", "ring_groups")),
    ] {
        let mut forms = forms(1);
        let stand = forms.stand();
        assert_eq!(set(&mut forms, name, row.clone()), Err(NotDone::Unfit(why)), "{name} {row}");
        assert_eq!(forms.stand(), stand, "{name} {row}");
    }
    for (name, key, why) in [
        ("classes_of_service", vec![Value::Integer(1)], NotDone::Unfit(Unfit::Fixed)),
        ("phones", vec![text("1005")], NotDone::Unfit(Unfit::Used("personal_ring_groups"))),
        ("phones", vec![text("1015")], NotDone::Unfit(Unfit::Used(MEMBERS))),
        (MEMBERS, vec![text("1005"), Value::Integer(1)], NotDone::Unfit(Unfit::Prime)),
        ("phones", vec![text("1098")], NotDone::Gone),
    ] {
        let mut forms = forms(1);
        let stand = forms.stand();
        assert_eq!(remove(&mut forms, name, &key), Err(why), "{name} {key:?}");
        assert_eq!(forms.stand(), stand, "{name} {key:?}");
    }
}

#[test]
fn what_names_a_row_goes_with_it_and_is_told_before() {
    let mut forms = forms(1);
    assert_eq!(remove(&mut forms, "phones", &[text("1000")]), Ok(4), "three keys, and the phone");
    let names: Vec<&str> = told(&forms, 0).iter().map(|change| change.form.name).collect();
    assert_eq!(names, ["line_appearances", "line_appearances", "line_appearances", "phones"]);
    assert_eq!(remove(&mut forms, "personal_ring_groups", &[text("1005")]), Ok(7), "two members, and the group");
    assert_eq!(remove(&mut forms, "phones", &[text("1015")]), Ok(11), "nothing holds it any more");
}

#[test]
fn only_so_many_changes_are_kept() {
    let mut forms = forms(1);
    let mut row = phone("1099");
    let changes = KEPT as u64 + 5;
    for n in 1..=changes {
        row["name"] = json!(format!("{n}"));
        assert_eq!(set(&mut forms, "phones", row.clone()), Ok(n));
    }
    let epoch = forms.epoch();
    for (since, kept) in [(0, false), (4, false), (5, true), (changes, true), (changes + 1, false)] {
        assert_eq!(forms.has_since(&epoch, since), kept, "{since}");
        assert_eq!(forms.news(&epoch, since, 1, 1) != News::Lost, kept, "{since}");
    }
    assert_eq!(told(&forms, 5).len(), KEPT);
    assert!(!forms.has_since("another", changes));
    let digests = forms.stand().forms;
    forms.lose_count();
    assert_eq!((forms.epoch().as_str(), forms.seq()), ("001-1000-2", 0));
    assert!(
        !forms.has_since(&epoch, changes) && forms.has_since(&forms.epoch(), 0) && !forms.has_since(&forms.epoch(), 1)
    );
    assert_eq!(forms.stand().forms, digests, "rows stay");
}

#[test]
fn pages_have_each_row_once_and_in_order() {
    let mut forms = forms(1);
    for form in FORMS {
        let all: Vec<Row> = forms.rows(form).cloned().collect();
        for limit in [1, 7, 1_000] {
            let (mut rows, mut after) = (Vec::new(), None);
            loop {
                let (more, end) = read(&forms.page(form, after.as_ref(), limit), form);
                assert_eq!(end.rows, more.len());
                rows.extend(more);
                after = rows.last().map(|row| form.key(row));
                if !end.more {
                    break;
                }
                assert_eq!(end.rows, limit);
            }
            assert_eq!(rows, all, "{} {limit}", form.name);
        }
    }
}

#[test]
fn a_page_ends_before_it_is_too_long() {
    let plan = Plan::sized(Ceid::new(7).expect("a CEID"), 10_000, 9_000);
    let mut forms = Forms::new(&plan, &AtSwitch::default(), 1_000);
    let page = forms.page(of("phones"), None, usize::MAX);
    let (rows, end) = read(&page, of("phones"));
    assert!(end.more && rows.len() < 9_000 && page.text.len() < 1_100_000, "{end:?} {}", page.text.len());
}

#[test]
fn faults_strike_once() {
    let mut forms = forms(1);
    let phones = of("phones");
    for fault in [FormsFault::DropChange, FormsFault::DoubleChange] {
        forms.broken.set(fault);
    }
    assert_eq!((forms.broken.count(), set(&mut forms, "phones", phone("1091"))), (2, Ok(0)), "it counts for nobody");
    assert_eq!(told(&forms, 0), []);
    assert_eq!(forms.rows(phones).count(), 21);
    assert_eq!(set(&mut forms, "phones", phone("1092")), Ok(1));
    assert_eq!(set(&mut forms, "phones", phone("1093")), Ok(2));
    assert_eq!(told(&forms, 0).iter().map(|change| change.seq).collect::<Vec<_>>(), [1, 1, 2]);
    let real: Digest = forms.rows(phones).fold(Digest::default(), |mut digest, row| {
        digest.add(phones, row);
        digest
    });
    assert_eq!(forms.stand().forms[0].1, real);

    forms.broken.set(FormsFault::WrongType);
    forms.broken.set(FormsFault::CutPage { after: 3 });
    let page = forms.page(phones, None, 10);
    let lines: Vec<&str> = page.text.lines().collect();
    assert!(page.cut && lines.len() == 5 && !page.text.ends_with('\n'), "{}", page.text);
    assert!(
        read_page_line(phones, lines[1].as_bytes()).is_err() && read_page_line(phones, lines[2].as_bytes()).is_ok()
    );
    assert!(read_page_line(phones, lines[4].as_bytes()).is_err());
    assert_eq!(read(&forms.page(phones, None, 10), phones).1, PageEnd { rows: 10, more: true });
    assert_eq!(forms.broken.count(), 0);
}

#[test]
fn a_copy_has_many_rows_more_once() {
    let mut forms = forms(1);
    let keys = of("line_appearances");
    forms.broken.set(FormsFault::ManyRows { rows: 2_500 });
    for (copy, expected) in [("the next", 2_560), ("the one after it", 60)] {
        let (mut rows, mut after) = (0, None);
        loop {
            let (page, end) = read(&forms.page(keys, after.as_ref(), 1_000), keys);
            let named: Vec<Key> = page.iter().map(|row| keys.key(row)).collect();
            assert!(named.is_sorted() && after < named.first().cloned());
            rows += page.len();
            after = named.last().cloned();
            if !end.more {
                break;
            }
        }
        assert_eq!(rows, expected, "{copy}");
    }
    assert_eq!(forms.stand().forms[1].1.rows, 60);
}

#[test]
fn rows_are_made_when_somebody_asks_and_are_as_people_have_set_them_meanwhile() {
    let plan = Arc::new(Plan::lab(Ceid::new(1).expect("a CEID")));
    let handle = FormsHandle::new(plan, Arc::new(|| 3_000));
    let made = || handle.0.state.lock().expect("no panic").forms.is_some();
    let (group, member) = ("1005".parse().expect("a DN"), "1015".parse().expect("a DN"));
    let presence = |present| Told::Presence(Presence { group, member, present });
    let present = || handle.row(of(MEMBERS), &vec![text("1005"), Value::Integer(2)]).map(|row| row.0[3].clone());
    handle.told(presence(true));
    handle.told(presence(false));
    handle.told(Told::OneBusyAllBusy { group, on: true });
    assert!(!made() && handle.broken() == 0);
    assert_eq!((present(), handle.stand().seq), (Some(Value::Boolean(false)), 0));
    let group_row = handle.row(of(GROUPS), &vec![text("1005")]).expect("a group");
    assert_eq!(value(of(GROUPS), &group_row, "one_busy_all_busy"), &Value::Boolean(true));
    assert!(made());
    let newest = handle.newest();
    handle.told(presence(true));
    handle.told(presence(true));
    assert_eq!((present(), handle.stand().seq, *newest.borrow()), (Some(Value::Boolean(true)), 1, 1));
}

#[test]
fn gateways_are_known_by_their_addresses_among_the_network_elements() {
    let plan = Arc::new(Plan::lab(Ceid::new(1).expect("a CEID")));
    let handle = FormsHandle::new(plan, Arc::new(|| 3_000));
    let admits = |address: &str| handle.admits(address.parse().expect("an address"));
    for (address, admitted) in
        [("127.0.0.1", true), ("::ffff:127.0.0.1", true), ("::1", true), ("127.0.0.12", false), ("10.0.0.1", false)]
    {
        assert_eq!(admits(address), admitted, "{address}");
    }
    let elements = of("network_elements");
    let more = json!({ "name": "Site B", "element_type": "gateway", "address": "10.0.0.1", "zone": 2 });
    handle.change(elements, Asked::Set(row(elements, more))).expect("changed");
    handle.change(elements, Asked::Remove(vec![text("Gateway")])).expect("changed");
    assert_eq!(["10.0.0.1", "127.0.0.1", "::1"].map(admits), [true, false, true]);
}
