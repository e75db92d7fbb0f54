//! The settings that people change while the gateway runs: what each is called, what it may be, and when it is valid.
//!
//! What is changed is kept in the database beside the file's settings (`storage::changed_settings`) and goes before them.
//! Where a gateway listens, which database and which files it uses stay the file's alone: a wrong one would keep everybody
//! out. One row here is all that a page, the API and the command line need.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use ipnet::IpNet;

use super::{Settings, SettingsFault, Source};

/// What is written into a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number; empty where the gateway's own default rules.
    Number {
        from: u64,
        to: u64,
    },
    Text,
    /// One on each line.
    Lines,
}

/// A setting that can be changed.
pub struct Editable {
    /// As the settings file names it.
    pub key: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub kind: Kind,
    /// Valid when it is changed; else at the next start.
    pub at_once: bool,
    get: fn(&Settings) -> String,
    set: fn(&mut Settings, &str) -> Result<(), Wrong>,
}

/// A text that is no value of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong;

/// What was changed: texts by key.
pub type Changed = BTreeMap<String, String>;

/// Bytes of a setting.
pub const LONGEST: usize = 4000;

/// All of them, in the order in which they are shown.
pub const EDITABLE: &[Editable] = &[
    Editable {
        key: "limits.sessions",
        label: "Sessions at a time",
        hint: "1 to 1500",
        kind: Kind::Number { from: 1, to: 1500 },
        at_once: false,
        get: |s| s.limits.sessions.to_string(),
        set: |s, text| whole(text, &mut s.limits.sessions),
    },
    Editable {
        key: "limits.connections",
        label: "Open connections at a time",
        hint: "Each session needs about three.",
        kind: Kind::Number { from: 1, to: 1_000_000 },
        at_once: false,
        get: |s| s.limits.connections.to_string(),
        set: |s, text| whole(text, &mut s.limits.connections),
    },
    Editable {
        key: "limits.application.monitors",
        label: "Monitors of one application",
        hint: "Empty for the gateway's own default.",
        kind: Kind::Number { from: 1, to: 100_000 },
        at_once: true,
        get: |s| maybe(s.limits.application.monitors),
        set: |s, text| optional(text, &mut s.limits.application.monitors),
    },
    Editable {
        key: "limits.application.commands_per_second",
        label: "Commands per second of one application",
        hint: "Empty for the gateway's own default.",
        kind: Kind::Number { from: 1, to: 1_000_000 },
        at_once: true,
        get: |s| maybe(s.limits.application.commands_per_second),
        set: |s, text| optional(text, &mut s.limits.application.commands_per_second),
    },
    Editable {
        key: "limits.application.log_mib",
        label: "MiB of events that wait for one application",
        hint: "Empty for the gateway's own default.",
        kind: Kind::Number { from: 1, to: super::LOG_MIB_ALL as u64 },
        at_once: true,
        get: |s| maybe(s.limits.application.log_mib),
        set: |s, text| optional(text, &mut s.limits.application.log_mib),
    },
    Editable {
        key: "limits.flight_record",
        label: "Lines of the flight record",
        hint: "About 100 bytes each; 0 for none",
        kind: Kind::Number { from: 0, to: super::LONGEST_FLIGHT_RECORD as u64 },
        at_once: false,
        get: |s| s.limits.flight_record.to_string(),
        set: |s, text| whole(text, &mut s.limits.flight_record),
    },
    Editable {
        key: "integrations.token_hours",
        label: "Hours that a token of a user of integrations is valid",
        hint: "1 to 720",
        kind: Kind::Number { from: 1, to: super::integrations::LONGEST_HOURS as u64 },
        at_once: false,
        get: |s| s.integrations.token_hours.to_string(),
        set: |s, text| whole(text, &mut s.integrations.token_hours),
    },
    Editable {
        key: "log.filter",
        label: "What is logged",
        hint: "As in info,actors=debug",
        kind: Kind::Text,
        at_once: true,
        get: |s| s.log.filter.clone(),
        set: |s, text| crate::telemetry::is_filter(text).then(|| s.log.filter = text.into()).ok_or(Wrong),
    },
    Editable {
        key: "push.allowed_networks",
        label: "Networks that events may be pushed to",
        hint: "One on each line, as 10.0.0.0/8",
        kind: Kind::Lines,
        at_once: false,
        get: |s| s.push.allowed_networks.join("\n"),
        set: |s, text| networks(text).map(|networks| s.push.allowed_networks = networks),
    },
    Editable {
        key: "http.plain_networks",
        label: "Networks whose requests are taken in clear beside HTTPS",
        hint: "One on each line, as 10.0.0.0/8",
        kind: Kind::Lines,
        at_once: false,
        get: |s| s.http.plain_networks.join("\n"),
        set: |s, text| networks(text).map(|networks| s.http.plain_networks = networks),
    },
    Editable {
        key: "http.trusted_proxies",
        label: "Proxies whose word of who calls is believed",
        hint: "IP addresses, one on each line",
        kind: Kind::Lines,
        at_once: false,
        get: |s| lines(&s.http.trusted_proxies),
        set: |s, text| {
            let proxies: Result<Vec<_>, _> = split(text).map(str::parse).collect();
            proxies.map(|proxies| s.http.trusted_proxies = proxies).map_err(|_| Wrong)
        },
    },
    Editable {
        key: "journal.grace_s",
        label: "Seconds for which sessions of the process before are waited for",
        hint: "0 to 3600",
        kind: Kind::Number { from: 0, to: 3600 },
        at_once: false,
        get: |s| s.journal.grace_s.to_string(),
        set: |s, text| whole(text, &mut s.journal.grace_s),
    },
    Editable {
        key: "ha.successor",
        label: "Address of the gateway that takes over at a planned stop",
        hint: "An IP address; empty when there is none.",
        kind: Kind::Text,
        at_once: false,
        get: |s| maybe(s.ha.successor),
        set: |s, text| optional(text, &mut s.ha.successor),
    },
    Editable {
        key: "acl.url",
        label: "Where the access control list is fetched from",
        hint: "As https://certificates.example.com:8444/acl",
        kind: Kind::Text,
        at_once: false,
        get: |s| s.acl.url.clone().unwrap_or_default(),
        set: |s, text| optional(text, &mut s.acl.url),
    },
    Editable {
        key: "acl.every_minutes",
        label: "Minutes between two fetches of the list",
        hint: "Empty for 240",
        kind: Kind::Number { from: 1, to: 10_080 },
        at_once: false,
        get: |s| maybe(s.acl.every_minutes),
        set: |s, text| optional(text, &mut s.acl.every_minutes),
    },
    Editable {
        key: "acl.alarm_hours",
        label: "Hours after which an old list is an alarm",
        hint: "Empty for 24",
        kind: Kind::Number { from: 1, to: 8784 },
        at_once: false,
        get: |s| maybe(s.acl.alarm_hours),
        set: |s, text| optional(text, &mut s.acl.alarm_hours),
    },
    Editable {
        key: "licence.url",
        label: "Where the licence is fetched from",
        hint: "As https://licences.example.com:8446/licence",
        kind: Kind::Text,
        at_once: false,
        get: |s| s.licence.url.clone().unwrap_or_default(),
        set: |s, text| optional(text, &mut s.licence.url),
    },
    Editable {
        key: "licence.every_minutes",
        label: "Minutes between two fetches of the licence",
        hint: "Empty for 240",
        kind: Kind::Number { from: 1, to: 10_080 },
        at_once: false,
        get: |s| maybe(s.licence.every_minutes),
        set: |s, text| optional(text, &mut s.licence.every_minutes),
    },
    Editable {
        key: "licence.alarm_hours",
        label: "Hours after which an old licence is an alarm",
        hint: "Empty for 168",
        kind: Kind::Number { from: 1, to: 8784 },
        at_once: false,
        get: |s| maybe(s.licence.alarm_hours),
        set: |s, text| optional(text, &mut s.licence.alarm_hours),
    },
];

impl Editable {
    /// The one of this key.
    #[must_use]
    pub fn of(key: &str) -> Option<&'static Self> {
        EDITABLE.iter().find(|editable| editable.key == key)
    }

    /// As it is in these settings.
    #[must_use]
    pub fn get(&self, settings: &Settings) -> String {
        (self.get)(settings)
    }

    /// # Errors
    /// What it must be, with its key; then nothing is changed.
    fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let wrong = || match self.kind {
            Kind::Number { from, to } => format!("{}: must be a number, {from} to {to}", self.key),
            Kind::Text | Kind::Lines => format!("{}: cannot be read ({})", self.key, self.hint),
        };
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(wrong());
        }
        if let (Kind::Number { from, to }, Ok(number)) = (self.kind, text.parse::<u64>())
            && !(from..=to).contains(&number)
        {
            return Err(wrong());
        }
        (self.set)(settings, text).map_err(|_| wrong())
    }
}

impl Settings {
    /// These settings with what was changed.
    ///
    /// # Errors
    /// Every fault that was found, each with its key.
    fn with_changed(&self, changed: &Changed) -> Result<Self, SettingsFault> {
        let (mut settings, mut faults) = (self.clone(), Vec::new());
        for (key, text) in changed {
            match Editable::of(key) {
                Some(editable) => faults.extend(editable.set(&mut settings, text).err()),
                None => faults.push("there is no such setting".into()), // its name is input
            }
        }
        if faults.is_empty() { Ok(settings) } else { Err(SettingsFault::Invalid(faults)) }
    }

    /// The same for the start of a gateway: what cannot be used is said, and left aside.
    #[must_use]
    pub fn over_changed(&self, changed: &Changed) -> Self {
        let mut settings = self.clone();
        for (key, text) in changed {
            let set = Editable::of(key).map(|editable| editable.set(&mut settings, text));
            if set.is_none_or(|set| set.is_err()) {
                tracing::warn!(key, "a changed setting cannot be used; the file's is");
            }
        }
        settings
    }

    /// What differs from these settings when they become what these texts say, and the settings that come of it. A text
    /// that says what they say already is no change.
    ///
    /// # Errors
    /// Every fault that was found, each with its key: of a text, or of the whole.
    pub fn changed_to(&self, texts: &Changed) -> Result<(Changed, Self), SettingsFault> {
        let all = self.with_changed(texts)?;
        all.check_in(Source::Database)?;
        let differs = EDITABLE.iter().filter(|editable| editable.get(&all) != editable.get(self));
        let changed = differs.map(|editable| (editable.key.to_owned(), editable.get(&all))).collect();
        Ok((changed, all))
    }
}

fn whole<T: FromStr>(text: &str, into: &mut T) -> Result<(), Wrong> {
    *into = text.parse().map_err(|_| Wrong)?;
    Ok(())
}

fn optional<T: FromStr>(text: &str, into: &mut Option<T>) -> Result<(), Wrong> {
    *into = if text.is_empty() { None } else { Some(text.parse().map_err(|_| Wrong)?) };
    Ok(())
}

fn maybe(of: Option<impl Display>) -> String {
    of.map(|of| of.to_string()).unwrap_or_default()
}

fn lines(of: &[impl Display]) -> String {
    of.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', ',', ' ']).filter(|part| !part.is_empty())
}

fn networks(text: &str) -> Result<Vec<String>, Wrong> {
    split(text).map(|network| network.parse::<IpNet>().map(|_| network.to_owned()).map_err(|_| Wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[(&str, &str)]) -> Changed {
        of.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_is_shown_of_a_setting_can_be_written_into_it() {
        let settings = Settings::default();
        for editable in EDITABLE {
            let mut own = settings.clone();
            assert_eq!(editable.set(&mut own, &editable.get(&settings)), Ok(()), "{}", editable.key);
            assert_eq!(editable.get(&own), editable.get(&settings), "{}", editable.key);
            let named = EDITABLE.iter().filter(|other| other.key == editable.key).count();
            assert_eq!(named, 1, "{}", editable.key);
            let file = include_str!("../../oig.example.toml");
            let name = editable.key.rsplit('.').next().expect("a name");
            assert!(file.contains(name), "{} is a setting of the file", editable.key);
        }
    }

    #[test]
    fn only_what_differs_from_the_file_is_kept() {
        let file = Settings::default();
        let own = texts(&[
            ("limits.sessions", "1500"),
            ("log.filter", " debug "),
            ("push.allowed_networks", "10.0.0.0/8\r\n\r\n::1/128"),
        ]);
        let (changed, all) = file.changed_to(&own).expect("valid");
        assert_eq!(changed, texts(&[("log.filter", "debug"), ("push.allowed_networks", "10.0.0.0/8\n::1/128")]));
        assert_eq!((all.log.filter.as_str(), all.push.networks().len()), ("debug", 2));
        let of_later = texts(&[("of.later", "1"), ("limits.sessions", "0")]);
        let again = file.over_changed(&changed.into_iter().chain(of_later).collect());
        assert_eq!((again.log.filter, again.push.allowed_networks), (all.log.filter, all.push.allowed_networks));
        assert_eq!(again.limits.sessions, file.limits.sessions, "what cannot be used is left aside");
    }

    #[test]
    fn what_a_setting_cannot_be_is_named_by_its_key() {
        for (key, text) in [
            ("limits.sessions", ""),
            ("limits.sessions", "0"),
            ("limits.sessions", "1501"),
            ("limits.sessions", "many"),
            ("limits.connections", "-1"),
            ("limits.application.monitors", "0"),
            ("limits.application.commands_per_second", "1000001"),
            ("log.filter", "a=loud"),
            ("push.allowed_networks", "10.0.0.0/33"),
            ("http.plain_networks", "everywhere"),
            ("http.trusted_proxies", "proxy.example"),
            ("journal.grace_s", "3601"),
            ("ha.successor", "other"),
            ("acl.every_minutes", "0"),
            ("acl.url", "no url"),
            ("log.filter", &"a".repeat(LONGEST + 1)),
            ("http.listen", "0.0.0.0:80"),
        ] {
            let fault = Settings::default().changed_to(&texts(&[(key, text)])).expect_err(key).to_string();
            assert!(fault.contains(key) || fault.contains("no such setting"), "{key}: {fault}");
        }
    }
}
