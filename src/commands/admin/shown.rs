//! What `oig admin` prints, wherever it is from.

use anyhow::{bail, ensure};

use crate::admin::work::accounts::Account;
use crate::admin::work::applications::Application;
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::sessions::Session;
use crate::admin::work::status::Status;
use crate::admin::work::tokens::Token;
use crate::licence::Counts;
use crate::storage::change::now_ms;
use crate::web::when;

pub(super) fn applications(mut all: Vec<Application>) {
    all.sort_by(|a, b| (&a.company, &a.name).cmp(&(&b.company, &b.name)));
    for application in all {
        let revoked = if application.revoked { "revoked" } else { "may enter" };
        let next = application.old_password_until_ms.map_or("", |_| "  local password is being replaced");
        println!("{revoked:<11}{:?}  {}{next}", application.service, application.label());
    }
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
