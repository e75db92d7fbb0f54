//! The lab's certificate server and licence server, in its process and with its CA: so whoever writes an application can ask
//! for a registration or a certificate as at the real ones, approve it as its administrator, and log in with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;

use super::lab_data;
use crate::admission::is_secret;
use crate::app;
use crate::certs::{self, made_of};
use crate::issue::public_key_of;
use crate::licence::{self, Counts, Kind};
use crate::licensing;
use crate::settings::{Application, Settings, SignedSource};
use crate::storage::account::{NewAccount, Role};
use crate::storage::certs::member::{self, Member, NewMember};
use crate::storage::certs::{entry, request};
use crate::storage::change::now_ms;
use crate::storage::licence_grant::{self, Grant};
use crate::storage::{By, DbConnection, StorageError};

/// Whoever develops an application signs in as this one at the certificate server.
pub(super) const MEMBER: &str = "developer";
/// Sessions at a time of each kind: as many as a gateway has at all.
const SESSIONS: u32 = 1500;
/// Between two looks of the lab's gateway at its servers, in minutes: somebody waits for what was just approved.
const EVERY_MINUTES: u32 = 1;

/// Both servers, running.
pub(super) struct Servers {
    pub certs: certs::Running,
    pub licences: licensing::Running,
}

/// Where they listen, and where they keep what they have.
pub(super) struct Places<'a> {
    /// The data folder, with the CA.
    pub folder: &'a Path,
    /// Databases are in it; else they are in memory.
    pub kept: bool,
    pub certs: SocketAddr,
    pub licences: SocketAddr,
}

impl Places<'_> {
    fn storage(&self, name: &str) -> crate::settings::Storage {
        let url = if self.kept { database(self.folder, name) } else { "sqlite::memory:".into() };
        let mut storage = crate::settings::Storage::default();
        storage.url = Some(url);
        storage
    }
}

/// A database in the data folder.
pub(super) fn database(folder: &Path, name: &str) -> SecretString {
    format!("sqlite:{}", folder.join(name).display()).into()
}

impl Servers {
    /// Starts both, and puts the lab's own applications on the list.
    ///
    /// # Errors
    /// When a port is taken, with its address, or the data folder cannot be used.
    pub(super) fn start(places: &Places<'_>, lab: &Settings, password: &SecretString) -> anyhow::Result<Self> {
        let ca = certs::settings::Ca { folder: places.folder.to_owned() };
        let certs = certs::start(&certs::Settings {
            http: certs::settings::Http { listen: places.certs, ..certs::settings::Http::default() },
            ca: ca.clone(),
            storage: places.storage("certs.db"),
            ..certs::Settings::default()
        });
        let certs = certs.context("certificate server")?;
        let licences = licensing::start(&licensing::Settings {
            http: licensing::settings::Http { listen: places.licences, ..licensing::settings::Http::default() },
            ca,
            storage: places.storage("licences.db"),
            ..licensing::Settings::default()
        });
        let licences = licences.context("licence server")?;
        let listed = listed(places.folder, &lab.applications)?;
        let seed = |c: &mut DbConnection| c.write(|c| seed(c, &listed, password));
        certs.storage.blocking(seed)?;
        Ok(Self { certs, licences })
    }

    /// The gateway under them; what it fetched last is kept in this folder.
    pub(super) fn over(&self, mut settings: Settings, folder: &Path, kept: &Path) -> Settings {
        let source = |address: SocketAddr, path: &str, file: &str| SignedSource {
            url: Some(format!("https://{address}/{path}")),
            ca: Some(folder.join("ca.cert.pem")),
            file: Some(kept.join(file)),
            every_minutes: Some(EVERY_MINUTES),
            ..SignedSource::default()
        };
        settings.acl = source(self.certs.address, "acl", "acl.jws");
        settings.licence = source(self.licences.address, "licences", "licence.jws");
        settings
    }

    /// Gives the gateway its licence, and lets it fetch both.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) async fn serve(&self, gateway: &app::Running) -> anyhow::Result<()> {
        let grant = Grant {
            gateway: gateway.gateway_id.clone(),
            site: "Lab".into(),
            kind: Kind::Demonstration,
            integrations_only: false,
            sessions: Counts {
                standard: SESSIONS,
                advanced: SESSIONS,
                data_access: SESSIONS,
                salesforce: SESSIONS,
                google: SESSIONS,
            },
            valid_until_ms: None,
            revoked: false,
        };
        let give = move |c: &mut DbConnection| match licence_grant::find(c, &grant.gateway)? {
            // Its own first question may have been answered with a trial.
            Some(read) if read.grant.kind == Kind::Trial => {
                licence_grant::change(c, &read, &grant, &by(), now_ms()).map(drop)
            }
            Some(_) => Ok(()),
            None => licence_grant::add(c, &grant, &by(), now_ms()).map(drop),
        };
        self.licences.storage.write(give).await?;
        if let Some(licences) = &gateway.licences {
            licences.fetch().await.context("the lab's licence")?;
            // At once: whoever reads that the lab is there logs in.
            licence::tell(licences, SignedSource::default().grace(), &gateway.gateway.tree.session_supervisor);
        }
        gateway.applications.fetch_list().await.context("the lab's access control list")?;
        Ok(())
    }

    pub(super) async fn stop(self) {
        self.certs.stop().await;
        self.licences.stop().await;
    }
}

fn by() -> By {
    By::new("lab", "start")
}

/// An application of the lab, with its certificate where it has one.
struct Listed {
    application: Application,
    certificate: Option<(String, certs::Made)>,
}

fn listed(folder: &Path, applications: &[Application]) -> anyhow::Result<Vec<Listed>> {
    let of = |application: &Application| {
        let file = lab_data::ADVANCED.iter().find(|(name, _)| *name == application.name);
        let read = |file: PathBuf| {
            let text = std::fs::read_to_string(&file);
            text.with_context(|| file.display().to_string())
        };
        let certificate = file.map(|(_, name)| {
            let made = made_of(read(lab_data::certificate(folder, name))?)?;
            anyhow::Ok((public_key_of(&read(lab_data::key(folder, name))?)?, made))
        });
        Ok(Listed { application: application.clone(), certificate: certificate.transpose()? })
    };
    applications.iter().map(of).collect()
}

/// The administrator, the member, and the lab's applications as that member's; where nothing is.
fn seed(c: &mut DbConnection, listed: &[Listed], password: &SecretString) -> Result<(), StorageError> {
    if !member::all(c)?.is_empty() {
        return Ok(());
    }
    debug_assert!(is_secret(password), "a hash");
    let member = |name: &str, role, msa_number: Option<&str>| NewMember {
        account: NewAccount {
            name: name.into(),
            email: Some(format!("{name}@example.com")),
            password: password.clone(),
            role,
        },
        msa_number: msa_number.map(str::to_owned),
        must_change: false,
    };
    let now_ms = now_ms();
    member::add(c, &member("admin", Role::Administrator, None), &by(), now_ms)?;
    let developer = member::add(c, &member(MEMBER, Role::Member, Some("MSA-1")), &by(), now_ms)?;
    listed.iter().try_for_each(|one| list(c, &developer, one, now_ms))
}

/// As a member asks for it and an administrator approves it, but without mail.
fn list(c: &mut DbConnection, of: &Member, one: &Listed, now_ms: i64) -> Result<(), StorageError> {
    let Listed { application, certificate } = one;
    let asked = request::Asked {
        company: application.company.clone(),
        application: application.name.clone(),
        contact: format!("{MEMBER}@example.com"),
    };
    let (key, made) = certificate.as_ref().map(|(key, made)| (key.as_str(), made)).unzip();
    let asked = request::add(c, of, &asked, Some(&application.application_password), key, &by(), now_ms)?;
    let (_, registered, _) = request::approve(c, &asked, made, &by(), now_ms)?;
    if application.revoked {
        entry::revoke(
            c,
            &registered,
            "It is gone, so that applications can be tried with one that is.",
            &by(),
            now_ms,
        )?;
    }
    Ok(())
}
