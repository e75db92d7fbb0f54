//! What `oig admin` prints, wherever it is from.

use std::net::SocketAddr;

use actors::user::Integration;
use anyhow::{bail, ensure};
use serde_json::json;

use crate::admin::api::OwnToken;
use crate::admin::work::accounts::Account;
use crate::admin::work::applications::Application;
use crate::admin::work::certificates::Certificate;
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::nodes::{Connection, LastFault, Node, NodeTest};
use crate::admin::work::record::Record;
use crate::admin::work::sessions::Session;
use crate::admin::work::settings::{Setting, SettingSource, SettingValid};
use crate::admin::work::status::Status;
use crate::admin::work::texts::UiLanguage;
use crate::admin::work::tokens::Token;
use crate::admin::work::users::User;
use crate::licence::Counts;
use crate::storage::change::now_ms;
use crate::web::{when, when_exactly};

pub(super) fn applications(mut all: Vec<Application>) {
    all.sort_by(|a, b| (&a.company, &a.name).cmp(&(&b.company, &b.name)));
    for application in all {
        let revoked = if application.revoked { "revoked" } else { "may enter" };
        let next = application.old_password_until_ms.map_or("", |_| "  local password is being replaced");
        println!("{revoked:<11}{:?}  {}{next}", application.service, application.label());
    }
}

pub(super) fn application(application: &Application) {
    let Application { service, state, old_password_until_ms, limits, changed_at_ms, changed_by, .. } = application;
    println!("application {}", application.label());
    println!("{service:?}, {}", state.words());
    if let Some(until_ms) = old_password_until_ms {
        println!("the local password of before is accepted until {}", when(*until_ms));
    }
    let most = limits.monitors.map(|most| ("monitors", most.to_string()));
    let commands = limits.commands_per_second.map(|most| ("commands a second", most.to_string()));
    let log = limits.log_mib.map(|most| ("MiB of events", most.to_string()));
    for (what, most) in [most, commands, log].into_iter().flatten() {
        println!("{what} at most {most}");
    }
    println!("changed last by {changed_by}, {}", when(*changed_at_ms));
}

pub(super) fn list(list: &AccessControlList, entries: &[ListEntry]) -> anyhow::Result<()> {
    ensure!(list.used, "acl.ca is not set");
    let Some(version) = list.version else {
        bail!("there is no list yet: {}", list.fault.as_deref().unwrap_or("it was never fetched"));
    };
    println!("version {version}, signed {} minutes ago", list.minutes(now_ms()));
    for entry in entries {
        let revoked = if entry.revoked { "revoked" } else { "registered" };
        let service = if entry.advanced { "advanced" } else { "standard" };
        println!("{revoked:<11}{service}  {} / {}", entry.company, entry.application);
    }
    Ok(())
}

pub(super) fn licence(state: &LicenceState) {
    println!("gateway {}", state.gateway_id);
    if !state.used {
        println!("licence.ca is not set: nothing is counted");
        return;
    }
    let Some(licence) = &state.licence else {
        println!("NOT LICENSED: there is no licence yet: {}", state.fault.as_deref().unwrap_or("it was never fetched"));
        return;
    };
    match &state.not_licensed {
        Some(why) => println!("NOT LICENSED: {why}"),
        None => println!("licensed"),
    }
    let Counts { standard, advanced, data_access, salesforce, google } = licence.sessions;
    println!("{}, version {}, signed at {} ms", licence.kind.word(), licence.version, licence.issued_at_ms);
    println!(
        "standard {standard}, advanced {advanced}, data access {data_access}, Salesforce {salesforce}, Google {google}"
    );
    if let Some(until_ms) = licence.valid_until_ms {
        println!("ends in {} days", (until_ms - now_ms()).div_euclid(86_400_000));
    }
}

pub(super) fn accounts(mut all: Vec<Account>) {
    all.sort_by(|a, b| a.name.cmp(&b.name));
    for account in all {
        println!("{:<15}{}  {}", account.role, account.name, account.email.unwrap_or_default());
    }
}

pub(super) fn account(account: &Account) {
    let Account { name, email, role, locked_until_ms, created_at_ms, .. } = account;
    println!("account {name}, {role}");
    if let Some(email) = email {
        println!("e-mail {email}");
    }
    if let Some(until_ms) = locked_until_ms {
        println!("locked until {}", when(*until_ms));
    }
    println!("made {}", when(*created_at_ms));
}

pub(super) fn languages(all: &[UiLanguage]) {
    for UiLanguage { language, translated, texts, changed_at_ms, changed_by, .. } in all {
        println!("{language:<12}{translated} of {texts} translated; changed {} by {changed_by}", when(changed_at_ms));
    }
}

pub(super) fn tokens(all: Vec<Token>) {
    for token in all {
        let state = match token.expires_at_ms {
            None => "does not expire".into(),
            Some(_) if token.has_expired(now_ms()) => "EXPIRED".into(),
            Some(at_ms) => format!("until {}", when(at_ms)),
        };
        let used = token.last_used_ms.map_or_else(|| "never used".into(), |at_ms| format!("last used {}", when(at_ms)));
        println!("{} of {}: {}; {state}, {used}", token.name, token.account, token.scopes.join(","));
    }
}

pub(super) fn token(token: &OwnToken) {
    let until = token.expires_at_ms.map_or_else(|| "does not expire".into(), |at_ms| format!("until {}", when(at_ms)));
    println!("{} of {}, {}; {until}", token.name, token.account, token.role);
    println!("may do {}", token.scopes.join(","));
}

pub(super) fn log(lines: &[LogLine]) {
    let fields = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
    for line in lines {
        let (before, after) = (fields(&line.before), fields(&line.after));
        println!("{} {} ({}) {} {} {before} -> {after}", line.at_ms, line.who, line.origin, line.action, line.object);
    }
}

pub(super) fn sessions(all: &[Session]) {
    for session in all {
        let unread = session.unread.map_or_else(|| "-".into(), |unread| unread.to_string());
        println!(
            "{}  {}, {}, {}, since {}: monitors {}, events not read {unread}",
            session.handle,
            session.application,
            session.service.words(),
            session.door.words(),
            when(session.since_ms),
            session.monitors,
        );
    }
}

pub(super) fn status(status: &Status) {
    println!("version {}, runs since {}, database {}", status.version, when(status.since_ms), status.database);
    for node in &status.nodes {
        println!("node {} {} at {}: {}", node.ceid, node.name, node.address, node.state.words());
    }
    for counted in &status.sessions {
        let most = counted.most.map_or_else(String::new, |most| format!(" of at most {most}"));
        println!("sessions, {}: {}{most}", counted.kind.words(), counted.there);
    }
    if let Some(why) = &status.licence.not_licensed {
        println!("NOT LICENSED: {why}");
    }
    if let Some(fault) = &status.access_control_list.fault {
        println!("access control list: {fault}");
    }
    if let Some(at_ms) = status.certificate_until_ms {
        println!("certificate of HTTPS until {}", when(at_ms));
    }
}

fn state(user: &User) -> &'static str {
    match user {
        User { profile, .. } if profile.disabled => "disabled",
        User { locked_until_ms: Some(_), .. } => "locked",
        User { has_password: false, .. } => "no password",
        _ => "may sign in",
    }
}

pub(super) fn user(user: &User) {
    let User { number, email, profile, locked_until_ms, sessions, changed_at_ms, changed_by, .. } = user;
    println!("user {number} {email}, {}", profile.name);
    let kind = Integration::from(profile.kind).word();
    println!("{kind}, {}", state(user));
    if let Some(until_ms) = locked_until_ms {
        println!("locked until {}", when(*until_ms));
    }
    if let Some(phone) = &profile.dn {
        println!("phone {phone}{}", profile.node.map(|node| format!(" at node {node}")).unwrap_or_default());
    }
    // A running gateway alone knows them.
    if *sessions > 0 {
        println!("sessions {sessions}");
    }
    println!("changed last by {changed_by}, {}", when(*changed_at_ms));
}

pub(super) fn users(all: Vec<User>) {
    for user in all {
        let state = state(&user);
        let User { number, email, profile, .. } = user;
        let node = profile.node.map(|node| format!(" at node {node}")).unwrap_or_default();
        let kind = Integration::from(profile.kind).word();
        println!("{number:<6}{state:<13}{kind:<11}{email}  {}  {}{node}", profile.name, profile.dn.unwrap_or_default());
    }
}

pub(super) fn nodes(all: &[Node]) {
    for Node { ceid, settings, connection, .. } in all {
        let at = format!("{}", SocketAddr::new(settings.address, settings.port));
        let state = connection.as_ref().map(|connection| format!(": {}", standing(connection))).unwrap_or_default();
        println!("{ceid:<5}{at:<24}{}{state}", settings.name);
    }
}

fn standing(connection: &Connection) -> String {
    let since = connection.since_ms.map(|at_ms| format!(" since {}", when(at_ms))).unwrap_or_default();
    let numbers = connection.numbers.map_or_else(|| "not known".into(), |numbers| numbers.to_string());
    format!("{}{since}, numbers {numbers}, monitors {}", connection.state, connection.monitors)
}

pub(super) fn node(node: &Node) {
    let Node { ceid, settings, has_application_specific_info, connection, changed_at_ms, changed_by, .. } = node;
    println!("node {ceid} {}", settings.name);
    println!("at {}", SocketAddr::new(settings.address, settings.port));
    let word = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    println!("association {}, edition {}", word(json!(settings.association)), word(json!(settings.edition)));
    if let Some(kind) = settings.kind {
        println!("kind {}", word(json!(kind)));
    }
    if let Some(port) = settings.sync_port {
        println!("forms at port {port}");
    }
    if let Some(secondary) = settings.secondary {
        println!("secondary node {secondary}");
    }
    match &settings.tls {
        Some(tls) => println!("TLS {}", json!(tls)),
        None => println!("plain TCP"),
    }
    if let Some(plan) = &settings.dial_plan {
        println!("dial plan {}", json!(plan));
    }
    if *has_application_specific_info {
        println!("what it wants to know besides is set");
    }
    if let Some(connection) = connection {
        println!("{}", standing(connection));
        if let Some(LastFault { at_ms, fault }) = &connection.last_fault {
            println!("last fault {fault} ({})", when(*at_ms));
        }
    }
    println!("changed last by {changed_by}, {}", when(*changed_at_ms));
}

pub(super) fn test(ceid: u16, test: &NodeTest) -> anyhow::Result<()> {
    if let Some(fault) = &test.fault {
        bail!("there is no connection to node {ceid}: {fault}");
    }
    match test.numbers {
        Some(numbers) => println!("node {ceid} answers, and lists {numbers} numbers"),
        None => println!("node {ceid} answers, and did not list its numbers"),
    }
    Ok(())
}

pub(super) fn settings(all: &[Setting]) {
    for setting in all {
        let source = match setting.source {
            SettingSource::File => "as in the file".to_owned(),
            SettingSource::Changed => format!("changed; in the file {}", shown_text(&setting.in_file)),
        };
        let valid = match (setting.valid, setting.waits) {
            (_, true) => ", WAITS for the next start",
            (SettingValid::AtOnce, _) => ", valid at once",
            (SettingValid::AtNextStart, _) => ", valid at the next start",
        };
        println!("{} = {}  ({source}{valid})", setting.key, shown_text(&setting.value));
    }
}

/// On one line.
fn shown_text(text: &str) -> String {
    if text.is_empty() { "empty".into() } else { text.replace('\n', ", ") }
}

pub(super) fn record(record: &Record) {
    if !record.on {
        println!("it is off (limits.flight_record)");
    }
    for line in &record.lines {
        println!("{}  {}  {}: {}", when_exactly(line.at_ms), line.object, line.who, line.what);
    }
    if record.lines.is_empty() {
        println!("nothing is on record");
    }
}

pub(super) fn certificates(all: &[Certificate]) {
    for Certificate { number, says, fault } in all {
        let Some(facts) = says else {
            println!("certificate {number} CANNOT BE READ: {}", fault.as_deref().unwrap_or_default());
            continue;
        };
        let soon = if facts.ends_soon { ", ENDS SOON" } else { "" };
        println!("certificate {number} for {}, {}", facts.names.join(", "), facts.key.words());
        println!("  issued by {}", if facts.self_signed { "itself" } else { facts.issuer.as_str() });
        println!("  valid {} to {}{soon}", when(facts.from_ms), when(facts.until_ms));
        println!("  SHA-256 {}", facts.fingerprint);
        if facts.requested {
            println!("  another is asked for: its key waits there");
        }
    }
}
