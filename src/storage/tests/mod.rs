//! Every test of storage runs on SQLite, and on PostgreSQL where this build knows it and `OIG_POSTGRES` names a server:
//! each with a database of its own, which is gone afterwards.

mod accounts;
mod api_tokens;
mod applications;
mod backups;
mod certs;
mod files;
mod imports;
mod licences;
mod nodes;
mod ui_languages;
mod users;
mod writers;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use secrecy::SecretString;

use super::{By, Options, Place, Storage};
use crate::admission::Registered;
use crate::settings::{Application, ApplicationLimits, ServiceLevel};

pub(crate) const NOW_MS: i64 = 1_790_000_000_000;

/// A hash that stands for a password; nobody proves it here.
pub(super) const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$3o+m8uTG7xN6DrqajIxSgw$JcB9BUusOiDqV0JBqSh9hRCG+ZYjJEGffvb2tHQnOto";
pub(super) const OTHER_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$JZxaTK5kEqR2vk6dfn6oNA$rh4Iwl8ICTQpRpS+5WsOdk+I8/1iMZZNFGio0q5PI54";

pub(super) fn by() -> By {
    By::new("tester", "test")
}

pub(super) fn application(name: &str) -> Registered {
    Application {
        company: "Example Co".into(),
        name: name.into(),
        application_password: HASH.into(),
        local_password: HASH.into(),
        revoked: false,
        service: ServiceLevel::Standard,
        limits: ApplicationLimits::default(),
    }
    .into()
}

pub(super) fn options(place: Place) -> Options {
    Options { place, key_file: None, connections: 4, wait: Duration::from_secs(10), statement_ms: 10_000 }
}

/// A folder of its own, gone when it is dropped.
pub(super) struct Folder(pub PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("oig-storage-{}", unique()));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    pub(super) fn file(&self) -> Place {
        Place::File(self.0.join("oig.db"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Runs a test at each place where a database can be: there is nothing in it yet.
pub(crate) async fn everywhere(test: impl AsyncFn(Options)) {
    test(options(Place::Memory)).await;
    let folder = Folder::new();
    let at = |place| Options { key_file: Some(folder.0.join("oig.key")), ..options(place) };
    test(at(folder.file())).await;
    let _ = std::fs::remove_file(folder.0.join("oig.key")); // a database has its own
    match server() {
        Ok(server) => server.database(async |place| test(at(place)).await).await,
        Err(why) => eprintln!("on SQLite alone: {why}"),
    }
}

/// The same, with tables.
pub(super) async fn opened(test: impl AsyncFn(Storage)) {
    everywhere(async |options| test(Storage::open(&options).expect("it can be used")).await).await;
}

struct Server(SecretString);

#[cfg(not(feature = "postgres"))]
fn server() -> Result<Server, &'static str> {
    Err("this build does not know PostgreSQL (cargo feature `postgres`)")
}

#[cfg(feature = "postgres")]
fn server() -> Result<Server, &'static str> {
    let url = std::env::var("OIG_POSTGRES").map_err(|_| "OIG_POSTGRES names no server (scripts/test starts one)")?;
    Ok(Server(url.into()))
}

#[cfg(not(feature = "postgres"))]
impl Server {
    async fn database(&self, _: impl AsyncFn(Place)) {
        unreachable!("{:?} is never made", self.0)
    }
}

#[cfg(feature = "postgres")]
impl Server {
    async fn database(&self, test: impl AsyncFn(Place)) {
        use diesel::connection::SimpleConnection as _;
        use secrecy::ExposeSecret as _;
        let place = Place::of(&self.0, std::path::Path::new("")).expect("OIG_POSTGRES is a URL of PostgreSQL");
        let server = Storage::reach(&options(place)).expect("the server of OIG_POSTGRES answers");
        let name = format!("oig_{}", unique());
        let statement = |text: String| server.blocking(|connection| Ok(connection.batch_execute(&text)?));
        statement(format!("CREATE DATABASE {name}")).expect("a database can be made");
        let mut url = reqwest::Url::parse(self.0.expose_secret()).expect("a URL");
        url.set_path(&format!("/{name}"));
        let place = Place::of(&String::from(url).into(), std::path::Path::new("")).expect("a URL of PostgreSQL");
        // What fails leaves its database to the server, which is private and gone soon.
        test(place).await;
        statement(format!("DROP DATABASE {name} WITH (FORCE)")).expect("it can be removed");
    }
}
