//! Secrets that a command is given: in an environment variable, on standard input, or by who sits at the terminal, which then
//! does not show them. None is taken from the command line, which everybody at the machine sees.

use std::io::{BufRead as _, IsTerminal as _, Stdin, stdin};

use anyhow::ensure;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

/// The variable for the passphrase of a backup.
const PASSPHRASE: &str = "OIG_PASSPHRASE";
/// The same for the password of an account or a user.
const PASSWORD: &str = "OIG_PASSWORD";

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Stdin, Termios);

impl Hidden {
    /// `None` where standard input is no terminal.
    fn at(stdin: Stdin) -> Option<Self> {
        let before = tcgetattr(&stdin).ok().filter(|_| stdin.is_terminal())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Now, &hidden).ok()?;
        Some(Self(stdin, before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.0, OptionalActions::Now, &self.1);
        eprintln!();
    }
}

/// What is in this variable; else what a line of standard input has.
fn secret(variable: &str, what: &str) -> anyhow::Result<SecretString> {
    match std::env::var(variable) {
        Ok(text) if !text.is_empty() => Ok(text.into()),
        _ => line(what),
    }
}

/// The passphrase of a backup.
pub(super) fn passphrase() -> anyhow::Result<SecretString> {
    secret(PASSPHRASE, "the passphrase")
}

/// The password of an account or a user.
pub(super) fn password() -> anyhow::Result<SecretString> {
    secret(PASSWORD, "the password")
}

/// A line of standard input that holds this; at a terminal it is asked for.
pub(super) fn line(what: &str) -> anyhow::Result<SecretString> {
    let hidden = Hidden::at(stdin());
    if hidden.is_some() {
        eprint!("{what}: ");
    }
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    drop(hidden);
    let text = line.trim_end_matches(['\r', '\n']);
    ensure!(!text.is_empty(), "{what} is empty");
    Ok(SecretString::from(text))
}
