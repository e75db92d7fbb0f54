//! Who is on a call, as far as the node said.

use std::fmt;

/// A device as a node names it. What was not said is `None`, never invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DeviceRef {
    /// Digits as dialled or displayed; a DN for devices of the cluster.
    pub number: String,
    /// The line-appearance button, when the node named an appearance; the prime line has none.
    pub button: Option<u8>,
    /// The number of the set whose button it is, where the line's own number is another: that of a key line, say.
    pub set: Option<String>,
    pub name: Option<String>,
    /// The number must not be shown to applications.
    pub private_number: bool,
    /// The name must not be shown to applications.
    pub private_name: bool,
}

impl DeviceRef {
    /// A device known by its number alone.
    #[must_use]
    pub fn number(number: impl Into<String>) -> Self {
        Self { number: number.into(), ..Self::default() }
    }

    /// Whether both are the same line. Some nodes say more behind a button than which set it is at.
    #[must_use]
    pub fn is_line(&self, other: &Self) -> bool {
        let button = |device: &Self| device.button.unwrap_or(1);
        let alike = self.number == other.number && button(self) == button(other);
        self.place() == other.place() || (alike && (self.set.is_none() || other.set.is_none()))
    }

    /// Where it is: the number of its set, and the button; 1 is the prime line.
    #[must_use]
    pub fn place(&self) -> (&str, u8) {
        (self.set.as_deref().unwrap_or(&self.number), self.button.unwrap_or(1))
    }
}

impl fmt::Display for DeviceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)
    }
}

/// A party of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Party {
    Known(DeviceRef),
    /// The node says that it may not tell.
    Restricted,
    /// The node does not know, or did not say.
    #[default]
    NotKnown,
}

impl Party {
    /// The device, when it was told.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceRef> {
        match self {
            Self::Known(device) => Some(device),
            Self::Restricted | Self::NotKnown => None,
        }
    }

    /// Whether this is the device with that number (and button, where one is named).
    #[must_use]
    pub fn is(&self, number: &str, button: Option<u8>) -> bool {
        self.device().is_some_and(|d| d.number == number && d.button == button)
    }
}
