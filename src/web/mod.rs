//! Web sites whose pages are made on the server: sign-in and its sessions, forms that nobody else can send, what every
//! answer says about itself, and the looks. What the pages are of is the site's: the certificate server's (`certs`), a
//! gateway's.
//!
//! A site puts [`guard()`] around its routes, [`Site::routes`] among them, and has its handlers ask [`Site::visit`] or
//! [`Site::act`] who is there. No page has a script; nothing of a page comes from elsewhere.

mod fault;
mod form;
pub(crate) mod guard;
mod log;
pub(crate) mod multipart;
mod origin;
mod password;
mod session;
mod sign_in;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use ring::hmac;
use secrecy::SecretString;
use tokio::sync::Semaphore;

pub use self::fault::WebFault;
pub use self::form::Form;
pub use self::guard::guard;
pub use self::log::log;
pub use self::password::{new_password, password_page};
pub(crate) use self::session::new_id as new_secret;
pub use self::session::{Life, Sessions};
use crate::admission::hash_secret;
use crate::http::caller::Caller;
use crate::http::throttle::{LOGINS, Throttle};
use crate::storage::account::{self, Account, SignIn};
use crate::storage::change::now_ms;
use crate::storage::{By, Storage};
use crate::texts::{Spoken, Texts};

/// Bytes of a form. The largest has a reason in it.
pub const LARGEST_FORM: usize = 64 * 1024;
/// Bytes of a form with a file of the usual kind, where a site takes one.
pub const LARGEST_UPLOAD: usize = 528 * 1024;
/// How long a form may take to arrive.
pub const SLOWEST_FORM: Duration = Duration::from_secs(10);
/// The same of one with a file.
pub const SLOWEST_UPLOAD: Duration = Duration::from_secs(60);
/// Forms with a file that are read at a time, since each is in memory.
const UPLOADS: usize = 4;
/// Passwords that may wait to be proven, or hashed.
const WAITING: usize = 256;

/// A web site.
pub struct Site {
    /// As its pages call it.
    pub name: &'static str,
    /// Where its paths begin: empty, or as in `/admin`.
    pub base: &'static str,
    /// The name of the session's cookie without `__Host-`.
    cookie: &'static str,
    pub storage: Storage,
    pub sessions: Sessions,
    /// Who may sign in, of those who have an account.
    admits: fn(&Account) -> bool,
    /// Its pages renew what is marked `data-live`, by a script of the site's own.
    live: bool,
    /// Paths to which a file may be sent, with the base, and the bytes of the form.
    uploads: &'static [(&'static str, usize)],
    uploading: Arc<Semaphore>,
    /// Languages in which its pages are, besides English.
    texts: Option<Texts>,
    /// Makes the forms' tokens out of the cookies; gone with the process, as the sessions are.
    key: hmac::Key,
    tries: Throttle<IpAddr>,
    proofs: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Site {
    /// # Panics
    /// When the system has no random numbers, without which there can be no secrets.
    #[must_use]
    pub fn new(
        name: &'static str,
        base: &'static str,
        cookie: &'static str,
        storage: Storage,
        admits: fn(&Account) -> bool,
    ) -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &ring::rand::SystemRandom::new())
            .expect("the system's source of random numbers works");
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            name,
            base,
            cookie,
            storage,
            sessions: Sessions::new(Life::default()),
            admits,
            live: false,
            uploads: &[],
            uploading: Arc::new(Semaphore::new(UPLOADS)),
            texts: None,
            key,
            tries: Throttle::new(LOGINS),
            proofs: Arc::new(Semaphore::new(threads)),
            waiting: Semaphore::new(WAITING),
        }
    }

    /// The same, with pages that renew themselves; it serves [`live`] at `/static/live.js`.
    #[must_use]
    pub fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// With paths to which a file may be sent, and how many bytes such a form may have.
    #[must_use]
    pub fn taking_files(self, uploads: &'static [(&'static str, usize)]) -> Self {
        Self { uploads, ..self }
    }

    /// With pages in the languages of those who look at them.
    #[must_use]
    pub fn in_languages(self, texts: Texts) -> Self {
        Self { texts: Some(texts), ..self }
    }

    /// The language in which this request is answered.
    fn spoken(&self, request: &HttpRequest) -> Spoken {
        let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|wanted| wanted.to_str().ok());
        self.texts.as_ref().zip(wanted).map(|(texts, wanted)| texts.wanted(wanted)).unwrap_or_default()
    }

    /// How many bytes a request with a file may have: somebody who is signed in sends it where one is expected.
    fn takes_upload(&self, request: &HttpRequest) -> Option<usize> {
        let (_, most) = self.uploads.iter().find(|(path, _)| *path == request.path())?;
        let signed_in = || self.cookie_of(request, "").is_some_and(|id| self.sessions.look(&id, false).is_some());
        (request.method() == Method::POST && signed_in()).then_some(*most)
    }

    /// A turn for reading a request with a file: each is in memory.
    ///
    /// # Errors
    /// [`WebFault::Busy`] when as many are being read as may be.
    pub(crate) fn upload_turn(&self) -> Result<tokio::sync::OwnedSemaphorePermit, WebFault> {
        self.uploading.clone().try_acquire_owned().map_err(|_| WebFault::Busy)
    }

    /// Sign-in and sign-out, and the files of the looks, for a scope at the site's base. The site is among the app's data as
    /// `Data<Site>`.
    pub fn routes(config: &mut ServiceConfig) {
        config
            .route("/sign-in", web::get().to(sign_in::page))
            .route("/sign-in", web::post().to(sign_in::submit))
            .route("/sign-out", web::post().to(sign_in::out))
            .route("/static/site.css", web::get().to(style))
            .route("/static/icon.svg", web::get().to(icon));
    }

    /// Who looks at a page.
    ///
    /// # Errors
    /// [`WebFault::SignIn`] when it is nobody.
    pub async fn visit(&self, request: &HttpRequest) -> Result<Visit, WebFault> {
        let nobody = || WebFault::SignIn { base: self.base, to: request.path().to_owned() };
        let id = self.cookie_of(request, "").ok_or_else(nobody)?;
        let by_itself = request.headers().contains_key(LIVE);
        let (account, version) = self.sessions.look(&id, by_itself).ok_or_else(nobody)?;
        let read = account.clone();
        let found = self.storage.with(move |c| account::by_id(c, &read)).await?;
        // A changed account is another one: its password, its role, or it is gone.
        let Some(found) = found.filter(|found| found.version == version && (self.admits)(found)) else {
            self.sessions.end(&id);
            return Err(nobody());
        };
        let by = By::new(&found.name, &Caller::of(request).ip.to_string());
        Ok(Visit { account: found, by, token: self.token(&id), by_itself, id })
    }

    /// Who sends a form, and the form: only when the site's own page sent it.
    ///
    /// # Errors
    /// [`WebFault::Forged`] when another page may have; those of [`Self::visit`] and of reading a form.
    pub async fn act(&self, request: &HttpRequest) -> Result<(Visit, Form), WebFault> {
        origin::is_own(request)?;
        let visit = self.visit(request).await?;
        let form = Form::of(request)?;
        self.prove_token(&visit.id, &form)?;
        Ok((visit, form))
    }

    /// Does work with a password, which takes tens of milliseconds on purpose, on one of a bounded number of threads.
    ///
    /// # Errors
    /// [`WebFault::Busy`] when too many wait.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebFault> {
        let turn = self.turn().await?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn; // the thread is taken until the work is done, whether somebody waits for it or not
            work()
        });
        done.await.map_err(|_| WebFault::Busy)
    }

    /// A turn for work with a password.
    pub(crate) async fn turn(&self) -> Result<tokio::sync::OwnedSemaphorePermit, WebFault> {
        let _place = self.waiting.try_acquire().map_err(|_| WebFault::Busy)?;
        self.proofs.clone().acquire_owned().await.map_err(|_| WebFault::Busy)
    }

    /// A new session for an account, and its cookie; the one of this request ends.
    pub fn open(&self, request: &HttpRequest, account: &Account) -> Cookie<'static> {
        if let Some(before) = self.cookie_of(request, "") {
            self.sessions.end(&before);
        }
        self.made(self.cookie_name(""), self.sessions.open(&account.id, account.version))
    }

    /// What the layout shows around a page.
    pub fn shell(&self, visit: &Visit, title: impl Into<Title>, links: &[Link], here: &str) -> Shell {
        Shell {
            site: self.name,
            base: self.base,
            title: title.into(),
            who: Some(Who { name: visit.account.name.clone(), role: visit.account.role.word() }),
            links: links.iter().map(|&(path, text)| (path, text, path == here)).collect(),
            token: visit.token.clone(),
            live: self.live,
            // A page that renews itself does not show it: the next one that somebody opens does.
            told: if visit.by_itself { None } else { self.sessions.told(&visit.id) },
        }
    }

    /// Leads to another page of the site, which will say this once.
    pub fn told(&self, visit: &Visit, text: impl Into<String>, path: &str) -> HttpResponse {
        self.sessions.tell(&visit.id, text.into());
        see(&format!("{}{path}", self.base))
    }

    /// A new session in place of this request's, whose account has changed; leads to a page, which says this once.
    ///
    /// # Errors
    /// [`WebFault::Page`] when the cookie cannot be written.
    pub fn reopened(
        &self,
        request: &HttpRequest,
        account: &Account,
        text: String,
        path: &str,
    ) -> Result<HttpResponse, WebFault> {
        self.sessions.end_all(&account.id);
        let cookie = self.open(request, account);
        self.sessions.tell(cookie.value(), text);
        let mut response = see(&format!("{}{path}", self.base));
        response.add_cookie(&cookie).map_err(|_| WebFault::Page)?;
        Ok(response)
    }

    /// Proves a password from wherever the request comes: slowed by address here, counted in the account there.
    ///
    /// # Errors
    /// [`WebFault::TooMany`] after too many tries of the address.
    pub async fn prove(&self, request: &HttpRequest, name: &str, password: SecretString) -> Result<SignIn, WebFault> {
        let address = Caller::of(request).ip;
        if !self.tries.turn(address).await {
            return Err(WebFault::TooMany);
        }
        let turn = self.turn().await?;
        let signed = self.storage.sign_in(name, password, &address.to_string(), now_ms()).await?;
        drop(turn);
        if matches!(signed, SignIn::Right(_)) {
            self.tries.give_back(address);
        }
        Ok(signed)
    }

    /// Somebody there has guessed, by another way than a password: slowed as sign-ins are; false after too many tries.
    pub(crate) async fn guessed(&self, address: IpAddr) -> bool {
        self.tries.turn(address).await
    }

    fn cookie_name(&self, tail: &str) -> String {
        format!("__Host-{}{tail}", self.cookie)
    }

    fn cookie_of(&self, request: &HttpRequest, tail: &str) -> Option<String> {
        let cookie = request.cookie(&self.cookie_name(tail))?;
        session::is_id(cookie.value()).then(|| cookie.value().to_owned())
    }

    /// Gone with the browser's window.
    fn made(&self, name: String, value: String) -> Cookie<'static> {
        Cookie::build(name, value).path("/").secure(true).http_only(true).same_site(SameSite::Strict).finish()
    }

    /// What a form of the page with this cookie has in it.
    fn token(&self, id: &str) -> String {
        session::hex(hmac::sign(&self.key, id.as_bytes()).as_ref())
    }

    fn prove_token(&self, id: &str, form: &Form) -> Result<(), WebFault> {
        let token = session::unhex(form.get("token")).ok_or(WebFault::Forged)?;
        hmac::verify(&self.key, id.as_bytes(), &token).map_err(|_| WebFault::Forged)
    }
}

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Visit {
    pub account: Account,
    /// For the audit log.
    pub by: By,
    /// For the page's forms.
    pub token: String,
    /// The page is loaded by itself, for its newer values.
    by_itself: bool,
    /// The session's secret.
    id: String,
}

/// Characters of an account's password.
pub const ACCOUNT_PASSWORD: std::ops::RangeInclusive<usize> = 12..=128;

/// The hash of a password that may be one.
///
/// # Errors
/// [`WebFault::Refused`] with its bounds.
pub async fn hashed(
    site: &Site,
    password: SecretString,
    bounds: std::ops::RangeInclusive<usize>,
) -> Result<SecretString, WebFault> {
    use secrecy::ExposeSecret as _;
    if !bounds.contains(&password.expose_secret().chars().count()) {
        let (from, to) = bounds.into_inner();
        return Err(WebFault::Refused(format!("The password must have {from} to {to} characters.")));
    }
    let hash = site.compute(move || hash_secret(&password)).await?;
    hash.map(SecretString::from).map_err(|_| WebFault::Refused("The password cannot be used.".into()))
}

/// A link of the navigation: its path, and what it says.
pub type Link = (&'static str, &'static str);

/// What is around a page.
#[derive(Debug, Default)]
pub struct Shell {
    pub site: &'static str,
    pub base: &'static str,
    pub title: Title,
    pub who: Option<Who>,
    /// With whether it is where one is.
    pub links: Vec<(&'static str, &'static str, bool)>,
    pub token: String,
    /// It renews itself.
    pub live: bool,
    /// What the page before has to say.
    pub told: Option<String>,
}

/// What a page is called: a text, or a name.
#[derive(Debug, Default)]
pub struct Title {
    pub text: &'static str,
    /// Where the text has a place for it.
    pub value: String,
}

impl From<&'static str> for Title {
    fn from(text: &'static str) -> Self {
        Self { text, value: String::new() }
    }
}

impl From<String> for Title {
    fn from(value: String) -> Self {
        Self { text: "{0}", value }
    }
}

#[derive(Debug)]
pub struct Who {
    pub name: String,
    pub role: &'static str,
}

/// A page.
///
/// # Errors
/// [`WebFault::Page`] when it cannot be made.
pub fn page(template: &impl Template) -> Result<HttpResponse, WebFault> {
    page_as(actix_web::http::StatusCode::OK, template)
}

/// A page with another status: of a form that cannot be taken.
///
/// # Errors
/// See [`page`].
pub fn page_as(status: actix_web::http::StatusCode, template: &impl Template) -> Result<HttpResponse, WebFault> {
    let text = template.render_with_values(&Spoken::now()).map_err(|_| WebFault::Page)?;
    Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, HTML)).body(text))
}

const HTML: &str = "text/html; charset=utf-8";

/// Leads there, to be seen by GET.
#[must_use]
pub fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path.to_owned())).finish()
}

/// A time to the millisecond: `2026-11-27 09:30:05.123`.
#[must_use]
pub fn when_exactly(at_ms: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000));
    at.map_or_else(
        |_| "-".into(),
        |at| {
            let (date, (hour, minute, second)) = (at.date(), at.to_hms());
            let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
            let ms = at_ms.rem_euclid(1000);
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
        },
    )
}

/// A time as people read it: `2026-11-27 09:30 UTC`.
#[must_use]
pub fn when(at_ms: impl std::borrow::Borrow<i64>) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(at_ms.borrow().div_euclid(1000));
    at.map_or_else(
        |_| "-".into(),
        |at| {
            let (date, hour, minute) = (at.date(), at.hour(), at.minute());
            format!("{:04}-{:02}-{:02} {hour:02}:{minute:02} UTC", date.year(), u8::from(date.month()), date.day())
        },
    )
}

const STYLE: &str = include_str!("site.css");
const SCRIPT: &str = include_str!("live.js");
/// Header of a page's own requests for newer values.
const LIVE: &str = "oig-live";
const ICON: &str = include_str!("icon.svg");

async fn style(request: HttpRequest) -> HttpResponse {
    file(&request, "text/css; charset=utf-8", STYLE)
}

/// The script of a site whose pages renew themselves ([`Site::live`]).
pub async fn live(request: HttpRequest) -> HttpResponse {
    file(&request, "text/javascript; charset=utf-8", SCRIPT)
}

async fn icon(request: HttpRequest) -> HttpResponse {
    file(&request, "image/svg+xml", ICON)
}

/// A file of the program: asked for again each time, and sent when the program is another one.
fn file(request: &HttpRequest, kind: &str, text: &'static str) -> HttpResponse {
    let tag = format!("\"{}-{}\"", env!("CARGO_PKG_VERSION"), text.len());
    if request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return HttpResponse::NotModified().insert_header((ETAG, tag)).finish();
    }
    HttpResponse::Ok().insert_header((CONTENT_TYPE, kind)).insert_header((ETAG, tag)).body(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_utc() {
        for (at_ms, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (1_790_000_000_000, "2026-09-21 14:13 UTC"),
            (-1, "1969-12-31 23:59 UTC"),
            (i64::MAX, "-"),
        ] {
            assert_eq!(when(at_ms), text);
        }
        assert_eq!(when_exactly(1_790_000_000_007), "2026-09-21 14:13:20.007");
    }
}
