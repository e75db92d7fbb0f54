//! Faults put in on purpose, one at a time, to show that the oracle of the seeded simulation sees
//! them. Compiled into test builds only.

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Calling and called device change places in CALL_RECEIVED.
    PartiesSwapped,
    /// Now and then a CALL_CLEAR is not told.
    ClearLost,
    /// Now and then an event is kept twice.
    EventDoubled,
    /// Now and then the Global Call ID is another's.
    WrongGlobalCallId,
    /// featuresAllowed is that of another state.
    StaleFeatures,
}

impl Fault {
    pub const ALL: [Self; 5] =
        [Self::PartiesSwapped, Self::ClearLost, Self::EventDoubled, Self::WrongGlobalCallId, Self::StaleFeatures];
}

/// Which fault is planted, if any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Planted(pub Option<Fault>);

impl Planted {
    #[must_use]
    pub fn is(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}
