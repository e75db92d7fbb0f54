//! The verbs of `oig admin`, as the command line has them. What they do is decided in `super`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::accounts::{AddAccount, RoleWord};
use super::data::NodeForm;
use super::import::Import;
use super::nodes::{AddNode, ChangeNode};
use super::users::{AddUser, ChangeUser};
use crate::admin::work::tokens::LONGEST_DAYS;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Read the nodes and applications of a settings file again: what it has is added or changed. Not with --url.
    Import(Import),
    /// List the applications.
    Applications,
    /// Show an application.
    Application(Named),
    /// Remove an application; its sessions end.
    RemoveApplication(Named),
    /// Let an application enter no more; its sessions end.
    Revoke(Named),
    /// Let a revoked application enter again.
    Reinstate(Named),
    /// Give an application another local password, read from standard input.
    LocalPassword(LocalPassword),
    /// Add an application. Its local password is the first line of standard input, its application password the
    /// second; with `[acl]` that is the access control list's, and no second line is read.
    AddApplication(AddApplication),
    /// Show the access control list as this gateway has it.
    Acl {
        /// Fetch it from the certificate server first. A running gateway sees it within seconds.
        #[arg(long)]
        fetch: bool,
    },
    /// Show the id of this gateway, and its licence.
    Licence {
        /// Fetch it from the licence server first. A running gateway sees it within seconds.
        #[arg(long)]
        fetch: bool,
        /// Take it from this file, for a gateway that does not reach the server.
        #[arg(long, conflicts_with = "fetch")]
        install: Option<PathBuf>,
    },
    /// List the accounts of people and integrations.
    Accounts,
    /// Show an account.
    Account { name: String },
    /// Add an account; its password is what OIG_PASSWORD says, else a line of standard input.
    AddAccount(AddAccount),
    /// Give an account another role; whoever is signed in with it is signed out.
    AccountRole {
        name: String,
        #[arg(long, value_enum)]
        role: RoleWord,
    },
    /// Give an account another password: what OIG_PASSWORD says, else a line of standard input.
    AccountPassword { name: String },
    /// Remove an account, with its tokens.
    RemoveAccount { name: String },
    /// List the users of the integrations.
    Users {
        /// Only those whose e-mail address, name or phone has this in it.
        #[arg(long)]
        search: Option<String>,
    },
    /// Show a user of the integrations.
    User { email: String },
    /// Add a user; the password is what OIG_PASSWORD says, else a line of standard input.
    AddUser(AddUser),
    /// Change a user: what is given; the rest stays.
    ChangeUser(ChangeUser),
    /// Give a user another password: what OIG_PASSWORD says, else a line of standard input. The sessions end.
    UserPassword { email: String },
    /// Remove a user; the sessions end.
    RemoveUser { email: String },
    /// Add and change users by a file of comma separated values, all of it or nothing; see /admin for its columns.
    ImportUsers {
        file: PathBuf,
        /// Only print what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write all users as such a file, without passwords.
    ExportUsers {
        /// Standard output unless it is given.
        file: Option<PathBuf>,
    },
    /// List the languages that the pages are in, besides English.
    Texts,
    /// Write all texts of the pages with their translations in a language, as a file of comma separated values.
    ExportTexts {
        /// As browsers name it: de, de-AT.
        language: String,
        /// Standard output unless it is given.
        file: Option<PathBuf>,
    },
    /// Change translations of a language by such a file, all of it or nothing. Texts that it does not have stay as they are.
    ImportTexts {
        /// As browsers name it: de, de-AT.
        language: String,
        file: PathBuf,
        /// Only print what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove a language; its pages are English again.
    RemoveTexts { language: String },
    /// List the nodes; with --url also how it stands with them.
    Nodes,
    /// Show a node; with --url also how it stands with it.
    Node { ceid: u16 },
    /// Add a node.
    AddNode(AddNode),
    /// Change how a node is reached: what is given; the rest stays.
    ChangeNode(ChangeNode),
    /// Remove a node; its connection ends.
    RemoveNode { ceid: u16 },
    /// Try whether a running gateway (--url) can connect to a node as it is configured, beside the connection that there is.
    TestNode { ceid: u16 },
    /// Let a running gateway (--url) connect to a node anew.
    ReconnectNode { ceid: u16 },
    /// Show how it stands with the copies that a running gateway (--url) has of the nodes' forms.
    Data,
    /// Let a running gateway (--url) copy all forms of a node anew.
    CopyForms { ceid: u16 },
    /// Let a running gateway (--url) compare the forms of a node with their copies now, and copy those that differ.
    CompareForms { ceid: u16 },
    /// Let a running gateway (--url) take a form of a node that does not serve its forms from a file of comma separated values:
    /// all of it or nothing. Rows that are not in the file are removed.
    ImportForm {
        #[command(flatten)]
        of: NodeForm,
        file: PathBuf,
        /// Only print what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write what a running gateway (--url) has of a form of a node as such a file.
    ExportForm {
        #[command(flatten)]
        of: NodeForm,
        /// Standard output unless it is given.
        file: Option<PathBuf>,
    },
    /// List the settings that can be changed while the gateway runs; with --url also which wait for its next start.
    Settings,
    /// Change settings, as in `set limits.sessions=1000 log.filter=info`. They go before the settings file.
    Set {
        #[arg(required = true, value_parser = assignment)]
        changes: Vec<(String, String)>,
    },
    /// Let settings be again what the settings file says.
    TakeBack {
        #[arg(required = true)]
        keys: Vec<String>,
    },
    /// Show the flight record of a running gateway (--url): of a number, or of a call.
    Record {
        /// The node of the number.
        #[arg(long, requires = "number")]
        node: Option<u16>,
        #[arg(long, requires = "node")]
        number: Option<String>,
        /// A Global Call ID.
        #[arg(long, conflicts_with = "number", required_unless_present = "number")]
        call: Option<String>,
    },
    /// Show the certificates of HTTPS of a running gateway (--url).
    Certificates,
    /// Let a running gateway (--url) make a key, and print the request for its certificate (CSR).
    RequestCertificate {
        /// As listed, from 1.
        number: u8,
        /// Host names and IP addresses, with commas between.
        #[arg(long, required = true, value_delimiter = ',')]
        names: Vec<String>,
        #[arg(long, value_enum, default_value = "ecdsa")]
        key: KeyWord,
    },
    /// Install a certificate, followed by those of its issuers, in a running gateway (--url).
    InstallCertificate {
        /// As listed, from 1.
        number: u8,
        /// PEM.
        file: PathBuf,
        /// Its private key, PEM; without it it is that of the request, or the present one.
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Keep all that the database has in a file, which is made; its passphrase, 12 to 128 characters, is what OIG_PASSPHRASE
    /// says, else a line of standard input.
    Backup { file: PathBuf },
    /// Put what a backup has in the place of all that the database has; its passphrase is what OIG_PASSPHRASE says, else a line
    /// of standard input. Everybody is signed out, and tokens are those of the backup: the one of --url, too.
    Restore { file: PathBuf },
    /// Keep in a file, which is made, what somebody who helps from afar needs to see of a running gateway (--url).
    SupportBundle { file: PathBuf },
    /// Show the token with which a running gateway (--url) is asked, and what it may do now.
    Token,
    /// List the tokens of programs.
    Tokens,
    /// Make a token for an account, and print it, this once. Not with --url: a token makes no other.
    AddToken(AddToken),
    /// Remove a token.
    RemoveToken {
        /// The account that it acts for.
        account: String,
        name: String,
    },
    /// List the sessions of a running gateway (--url).
    Sessions,
    /// Show a session of a running gateway (--url), by its handle.
    Session { handle: String },
    /// End a session of a running gateway (--url), by its handle.
    EndSession { handle: String },
    /// Show what a running gateway does (--url).
    Status,
    /// Show the newest lines of the audit log.
    Audit {
        /// How many.
        #[arg(long, default_value_t = 50)]
        count: u32,
    },
}

#[derive(Debug, Args)]
pub(super) struct Named {
    pub company: String,
    pub name: String,
}

#[derive(Debug, Args)]
pub(super) struct LocalPassword {
    #[command(flatten)]
    pub of: Named,
    /// For so many hours the old password is accepted, too.
    #[arg(long, default_value_t = 0)]
    pub overlap_hours: u16,
}

#[derive(Debug, Args)]
pub(super) struct AddApplication {
    #[command(flatten)]
    pub of: Named,
    /// The most that it may ask for.
    #[arg(long, value_enum, default_value = "standard")]
    pub service: ServiceWord,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ServiceWord {
    Standard,
    Advanced,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KeyWord {
    Ecdsa,
    Rsa,
}

#[derive(Debug, Args)]
pub(super) struct AddToken {
    /// The account that it acts for.
    pub account: String,
    /// Of the program, as the audit log will tell it.
    pub name: String,
    /// What it may do, as in applications:read; several with commas between, or `all` that the account may.
    #[arg(long, required = true, value_delimiter = ',')]
    pub scopes: Vec<String>,
    /// How long it is in force; without it until it is removed.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=i64::from(LONGEST_DAYS)))]
    pub days: Option<u16>,
}

/// A setting and its value, as in `log.filter=info`.
fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("as in log.filter=info")?;
    Ok((key.to_owned(), value.to_owned()))
}
