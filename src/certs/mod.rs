//! The certificate server: a web site where members ask for registrations and certificates of their applications and
//! administrators decide; and the access control list that gateways fetch, signed by its CA. HTTPS alone.
//!
//! `pages` shows and reads forms; `work` does what they ask for, each in one transaction with its audit line and its
//! mail; `storage::certs` keeps it. No private key of an application is ever written anywhere.

mod keys;
mod letters;
mod list;
mod pages;
mod post;
pub mod settings;
mod work;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub use self::keys::{Keys, made_of};
use self::list::SignedList;
use self::post::Post;
pub use self::settings::Settings;
use crate::storage::Storage;
use crate::storage::account::Role;
pub use crate::storage::certs::entry::Made;
use crate::storage::change::now_ms;
use crate::tls::{CertificateFiles, Https};
use crate::web::{Site, guard};

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A request's head must be there by then.
const HEAD: Duration = Duration::from_secs(10);
/// How long whoever was refused may go on sending, and a connection may take to end.
const LINGER: Duration = Duration::from_secs(1);
const CONNECTIONS: usize = 2048;
const WORKERS: usize = 2;
const SHUTDOWN_GRACE_S: u64 = 3;
/// RSA keys that are made at a time: each takes a core for a second.
const KEYS_AT_A_TIME: usize = 2;

/// What every page needs.
pub struct Server {
    storage: Storage,
    keys: Arc<Keys>,
    list: SignedList,
    /// What links in mail begin with.
    url: String,
    /// Said when there is mail.
    mail: Arc<Notify>,
    /// Whether there is a mail server.
    sends: bool,
    making: Arc<Semaphore>,
}

/// A running server.
pub struct Running {
    pub address: SocketAddr,
    pub storage: Storage,
    /// The CA's certificate, PEM.
    pub ca: String,
    server: ServerHandle,
    beside: Vec<JoinHandle<()>>,
}

impl Running {
    /// Ends it; what is asked for gets its answer.
    pub async fn stop(self) {
        for task in &self.beside {
            task.abort();
        }
        self.server.stop(true).await;
    }
}

/// Opens the database and the CA, makes both where there are none, and serves; must be called within an actix system,
/// and blocks until it does.
///
/// # Errors
/// When a setting cannot be used, with its key.
pub fn start(settings: &Settings) -> io::Result<Running> {
    let options = settings.storage.options().map_err(|fault| io::Error::other(format!("storage.url: {fault}")))?;
    let storage = Storage::open(&options).map_err(io::Error::other)?;
    let now_s = now_ms() / 1000;
    let keys = Arc::new(Keys::open(&settings.ca.folder, now_s)?);
    let https = https(keys.https(&settings.ca.folder, &settings.tls, &settings.http.names, now_s)?)?;
    let mail = Arc::new(Notify::new());
    let name = settings.http.names.first().map_or("localhost", String::as_str);
    let post = Post::new(&settings.smtp, name, storage.clone(), mail.clone())?;
    if post.is_none() {
        warn!("smtp.host is not set: mail is kept, and sent by nobody");
    }
    let site = Data::new(Site::new("Certificate server", "", "oig-certs", storage.clone(), |account| {
        matches!(account.role, Role::Member | Role::Administrator)
    }));
    let listener = std::net::TcpListener::bind(settings.http.listen)
        .map_err(|error| io::Error::new(error.kind(), format!("http.listen: {}: {error}", settings.http.listen)))?;
    let address = listener.local_addr()?;
    let server = Data::new(Server {
        storage: storage.clone(),
        keys: keys.clone(),
        list: SignedList::new(storage.clone(), keys.clone(), settings.acl.token.clone()),
        url: settings.url(address),
        mail,
        sends: post.is_some(),
        making: Arc::new(Semaphore::new(KEYS_AT_A_TIME)),
    });
    let http = HttpServer::new(move || {
        App::new()
            .app_data(site.clone())
            .app_data(server.clone())
            .configure(Site::routes)
            .configure(pages::routes)
            .wrap(from_fn(guard))
    })
    .workers(WORKERS)
    .max_connections(CONNECTIONS)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD)
    .client_disconnect_timeout(LINGER)
    .shutdown_timeout(SHUTDOWN_GRACE_S)
    .disable_signals()
    .listen_rustls_0_23(listener, https.server_config())?
    .run();
    let handle = http.handle();
    actix::spawn(async move {
        if let Err(error) = http.await {
            warn!(%error, "the HTTPS server ended");
        }
    });
    let beside = post.map(|post| actix::spawn(post.run())).into_iter().chain([actix::spawn(https.follow())]).collect();
    info!(%address, database = storage.label(), "certificate server started");
    Ok(Running { address, storage, ca: keys.certificate.clone(), server: handle, beside })
}

/// The certificates of HTTPS, or which file of the settings cannot be used.
///
/// # Errors
/// With the setting's key.
pub fn https(files: CertificateFiles) -> io::Result<Https> {
    Https::load(&[files]).map_err(|faults| {
        // As the settings name the files.
        let told = faults.iter().map(|(_, fault)| format!("tls.{fault}").replace("tls.chain", "tls.certificate"));
        io::Error::other(told.collect::<Vec<_>>().join("; "))
    })
}

/// Reads what a start would, and changes nothing but what a start would make.
///
/// # Errors
/// When a setting cannot be used, with its key.
pub fn check(settings: &Settings) -> io::Result<()> {
    if let (Some(chain), Some(key)) = (&settings.tls.certificate, &settings.tls.key) {
        https(CertificateFiles { chain: chain.clone(), key: key.clone() })?;
    }
    if let Some(file) = &settings.smtp.ca {
        std::fs::read(file).map_err(|e| io::Error::new(e.kind(), format!("smtp.ca: {}: {e}", file.display())))?;
    }
    Ok(())
}
