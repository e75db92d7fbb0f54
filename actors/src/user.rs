//! For whom a session is, where a person uses an integration (the softphone in a browser inside a CRM) and signed in by
//! e-mail and password. Data alone: who proves a user, and who may go on, is known by whoever keeps users.

/// The integration that a user has; each is counted apart in the licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integration {
    Salesforce,
    Google,
}

impl Integration {
    pub const ALL: [Self; 2] = [Self::Salesforce, Self::Google];

    /// As tables and files name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Salesforce => "salesforce",
            Self::Google => "google",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|integration| integration.word() == word)
    }
}

/// The user of a session, as the user was when the session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionUser {
    /// The contract's userId, from 1.
    pub id: i32,
    pub integration: Integration,
    /// Grows with what ends the sessions of before: another password, another integration, a user that is disabled.
    pub generation: i64,
    /// The beginning of the hash of the token that the session was given with: a token leads back to its session.
    pub token: u64,
}
