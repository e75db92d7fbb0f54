//! What the administration does, whoever asks for it: typed things in, typed things out, one file for each resource.
//! Pages make them of forms, the API of JSON, `oig admin` prints them. Who may ask is decided before (`super::scope`).

pub mod accounts;
pub mod applications;
pub mod documents;
pub mod log;
pub mod restore;
pub mod sessions;
pub mod status;
pub mod tokens;

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
