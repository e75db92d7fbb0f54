//! What the administration does, whoever asks for it: typed things in, typed things out, one file for each resource.
//! Pages make them of forms, the API of JSON, `oig admin` prints them. Who may ask is decided before (`super::scope`).

pub mod accounts;
pub mod applications;
pub mod backups;
pub mod certificates;
pub mod data;
pub mod documents;
pub mod forms;
pub mod log;
pub mod nodes;
pub mod record;
pub mod restore;
pub mod sessions;
pub mod settings;
pub mod status;
pub mod support;
pub mod texts;
pub mod tokens;
pub mod users;

use serde::{Deserialize, Deserializer};

/// Which version of something is to be changed: the one that was seen; `None` for whichever there is.
pub type Seen = Option<i64>;

/// What became of a fetch from another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// With the number of sessions that ended by it.
    Done(usize),
    /// A sentence without its full stop.
    Failed(String),
}

/// A whole number, however it is written: to JSON, 24.0 is one.
fn whole<'de, D: Deserializer<'de>, T: TryFrom<u32>>(from: D) -> Result<T, D::Error> {
    number(f64::deserialize(from)?)
}

/// The same, or none.
fn maybe_whole<'de, D: Deserializer<'de>, T: TryFrom<u32>>(from: D) -> Result<Option<T>, D::Error> {
    Option::<f64>::deserialize(from)?.map(number).transpose()
}

fn number<T: TryFrom<u32>, E: serde::de::Error>(number: f64) -> Result<T, E> {
    let is = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    let whole = is.then(|| T::try_from(number as u32).ok()).flatten();
    whole.ok_or_else(|| E::custom("no number that can be"))
}

/// What was said of something, `null` too; what was not said is `None` by default.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
