//! What a file of users would change in the database, row by row, and the change: all of it or nothing. Users that the file
//! does not name stay as they are.

use std::collections::HashMap;

use actors::user::Integration;
use secrecy::SecretString;

use super::csv::{Row, Wanted};
use crate::storage::change::By;
use crate::storage::user::{self, MOST, NewUser, Profile, User};
use crate::storage::{DbConnection, StorageError};

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Add,
    /// What differs, by the names of the columns.
    Change(Vec<&'static str>),
    /// It says what is there.
    Same,
    /// Why not, as a sentence.
    Refused(String),
}

/// A row, for who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub line: u64,
    pub email: String,
    pub outcome: Outcome,
}

enum Step {
    Add(NewUser),
    Change { read: User, to: Profile },
}

/// What a file would do. No `Debug`: passwords are in it.
pub struct Plan {
    lines: Vec<Line>,
    /// With the password that is to be hashed first.
    steps: Vec<(Step, Option<SecretString>)>,
}

/// How many rows fare so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: usize,
    pub changed: usize,
    pub same: usize,
    pub refused: usize,
}

impl Plan {
    /// Of a file, where these are the users that there are.
    #[must_use]
    pub fn of(rows: Vec<Row>, known: &[User]) -> Self {
        let known: HashMap<&str, &User> = known.iter().map(|user| (user.email.as_str(), user)).collect();
        let mut places = usize::try_from(MOST).unwrap_or(usize::MAX).saturating_sub(known.len());
        let mut seen: HashMap<String, u64> = HashMap::new();
        let (mut lines, mut steps) = (Vec::new(), Vec::new());
        for Row { line, email, wanted } in rows {
            let outcome = wanted.and_then(|wanted| {
                if let Some(before) = seen.insert(wanted.email.clone(), line) {
                    return Err(format!("The e-mail address is in line {before} already."));
                }
                let (outcome, step) = step(&known, wanted)?;
                if outcome == Outcome::Add {
                    places = places.checked_sub(1).ok_or_else(|| format!("There can be {MOST} users at the most."))?;
                }
                steps.extend(step);
                Ok(outcome)
            });
            lines.push(Line { line, email, outcome: outcome.unwrap_or_else(Outcome::Refused) });
        }
        Self { lines, steps }
    }

    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for line in &self.lines {
            *match line.outcome {
                Outcome::Add => &mut counts.added,
                Outcome::Change(_) => &mut counts.changed,
                Outcome::Same => &mut counts.same,
                Outcome::Refused(_) => &mut counts.refused,
            } += 1;
        }
        counts
    }

    /// Whether it can be done: nothing is refused, and there is something to do.
    #[must_use]
    pub fn can_be_done(&self) -> bool {
        self.counts().refused == 0 && !self.steps.is_empty()
    }

    /// The passwords that have to be hashed before it is done, in their order.
    pub fn passwords(&self) -> impl Iterator<Item = SecretString> {
        self.steps.iter().filter_map(|(_, password)| password.clone())
    }

    /// Does it, with the hashes of [`Self::passwords`]: in a transaction of the caller's, which is to be given up where
    /// this fails.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when a row was refused; [`StorageError::Changed`], [`StorageError::Exists`] when the
    /// database is not as it was when this was planned.
    pub fn apply(
        self,
        connection: &mut DbConnection,
        hashes: Vec<SecretString>,
        by: &By,
        now_ms: i64,
    ) -> Result<Counts, StorageError> {
        let counts = self.counts();
        let invalid = |fault: &str| StorageError::Invalid { object: "the import".into(), fault: fault.into() };
        if counts.refused > 0 {
            return Err(invalid("a row is refused"));
        }
        let mut hashes = hashes.into_iter();
        for (step, password) in self.steps {
            let hash = match password {
                Some(_) => Some(hashes.next().ok_or_else(|| invalid("a password is not hashed"))?),
                None => None,
            };
            match step {
                Step::Add(new) => user::add(connection, &NewUser { password: hash, ..new }, by, now_ms)?,
                Step::Change { read, to } => user::change(connection, &read, &to, hash.as_ref(), by, now_ms)?,
            };
        }
        Ok(counts)
    }
}

/// A step of the plan, and the password that goes with it.
type Planned = (Step, Option<SecretString>);

fn step(known: &HashMap<&str, &User>, wanted: Wanted) -> Result<(Outcome, Option<Planned>), String> {
    let Wanted { email, name, integration, dn, ceid, disabled, password } = wanted;
    let Some(read) = known.get(email.as_str()) else {
        let name = name.ok_or("A new user needs the column 'name'.")?;
        let integration: Integration = integration.ok_or("A new user needs the column 'kind'.")?;
        let (dn, ceid, disabled) = (dn.flatten(), ceid.flatten(), disabled.unwrap_or(false));
        let profile = Profile { name, dn, ceid, integration, disabled };
        profile.check().map_err(|fault| sentence(&fault))?;
        let new = NewUser { email, profile, password: None };
        return Ok((Outcome::Add, Some((Step::Add(new), password))));
    };
    let before = &read.profile;
    let to = Profile {
        name: name.unwrap_or_else(|| before.name.clone()),
        dn: dn.unwrap_or_else(|| before.dn.clone()),
        ceid: ceid.unwrap_or(before.ceid),
        integration: integration.unwrap_or(before.integration),
        disabled: disabled.unwrap_or(before.disabled),
    };
    to.check().map_err(|fault| sentence(&fault))?;
    let differs = [
        ("name", to.name != before.name),
        ("kind", to.integration != before.integration),
        ("dn", to.dn != before.dn),
        ("node", to.ceid != before.ceid),
        ("disabled", to.disabled != before.disabled),
        ("password", password.is_some()),
    ];
    let differs: Vec<_> = differs.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect();
    if differs.is_empty() {
        return Ok((Outcome::Same, None));
    }
    Ok((Outcome::Change(differs), Some((Step::Change { read: (*read).clone(), to }, password))))
}

/// With a capital and a full stop.
fn sentence(fault: &str) -> String {
    let mut letters = fault.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::csv::read;

    fn known(email: &str, name: &str) -> User {
        let profile = Profile {
            name: name.into(),
            dn: Some("1000".into()),
            ceid: Some(1),
            integration: Integration::Google,
            disabled: false,
        };
        User {
            id: "0".repeat(29),
            number: 1,
            email: email.into(),
            profile,
            has_password: true,
            generation: 1,
            locked_until_ms: 0,
            created_at_ms: 0,
            changed_at_ms: 0,
            changed_by: "tester".into(),
            version: 3,
        }
    }

    #[test]
    fn each_row_is_told_what_it_would_do() {
        let there = [known("mary@example.com", "Mary"), known("john@example.com", "John")];
        for (text, outcome) in [
            ("email,name,kind\nnew@example.com,New,salesforce", Outcome::Add),
            ("email,name,kind\nMARY@example.com,Mary,google", Outcome::Same),
            ("email\nmary@example.com", Outcome::Same),
            ("email,name,password\nmary@example.com,Mary,a new password", Outcome::Change(vec!["password"])),
            ("email,dn,node\nmary@example.com,,", Outcome::Change(vec!["dn", "node"])),
            ("email,name,kind,disabled\nmary@example.com,M,salesforce,yes", {
                Outcome::Change(vec!["name", "kind", "disabled"])
            }),
            ("email,dn\nmary@example.com,", Outcome::Refused("A node needs a phone.".into())),
            ("email,dn\nmary@example.com,12345678", Outcome::Refused("The phone must have 1 to 7 digits.".into())),
            ("email,node\nmary@example.com,1000", Outcome::Refused("The node must be 1 to 999.".into())),
            ("email,name\nmary@example.com,", Outcome::Refused("The name must have 1 to 128 characters.".into())),
            ("email\nnew@example.com", Outcome::Refused("A new user needs the column 'name'.".into())),
            ("email,name\nnew@example.com,N", Outcome::Refused("A new user needs the column 'kind'.".into())),
        ] {
            let plan = Plan::of(read(text.as_bytes()).expect("a file"), &there);
            assert_eq!(plan.lines().iter().map(|line| &line.outcome).collect::<Vec<_>>(), [&outcome], "{text}");
            let to_do = !matches!(outcome, Outcome::Same | Outcome::Refused(_));
            assert_eq!(plan.can_be_done(), to_do, "{text}");
        }
    }

    #[test]
    fn an_address_is_taken_once_and_one_bad_row_holds_all_back() {
        let text = "email,name,kind,password\na@b,A,google,a password\nc@d,C,google,\nA@B,Again,google,other pass\n";
        let plan = Plan::of(read(text.as_bytes()).expect("a file"), &[]);
        let expected = Counts { added: 2, refused: 1, ..Counts::default() };
        assert_eq!((plan.counts(), plan.can_be_done()), (expected, false));
        let twice = Outcome::Refused("The e-mail address is in line 2 already.".into());
        assert_eq!((plan.lines()[2].line, &plan.lines()[2].outcome), (4, &twice));
        assert_eq!(plan.passwords().count(), 1);
    }
}
