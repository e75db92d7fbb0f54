//! What exists: ids, parties, legs, what happens to them and what can be done with them.
//!
//! Neither the words of a node (`csta`) nor those of an application (`contract`): the actors
//! think in these, and both ends convert.

pub mod dial_plan;
pub mod group;
pub mod happening;
pub mod hot_desk;
pub mod ids;
pub mod party;
pub mod pin;
pub mod presence;
pub mod setting;

pub use dial_plan::DialPlan;
pub use group::{Group, GroupKind};
pub use happening::{
    Account, Cause, Command, Done, Fact, Feature, Features, Happening, Joined, JoinedParty, LegSnapshot, LocalState,
    NodeRefusal, RefusalKind,
};
pub use hot_desk::{HotDesk, HotDeskAnswer};
pub use ids::{CallKey, Ceid, Dn, GlobalCallId, LegId, ObjectId, ObjectKind, SessionId};
pub use party::{DeviceRef, Party};
pub use pin::Pin;
pub use presence::Presence;
pub use setting::{DeviceFeature, FeatureGroup, Forwarding, Setting};
