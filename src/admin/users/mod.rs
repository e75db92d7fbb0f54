//! Users of the integrations: everybody sees them, operators make, change and remove them one at a time; files of them are
//! `import`'s. What is done is `work::users`; here forms are read and pages made.

pub(super) mod import;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use actors::user::Integration;
use askama::Template;

use super::scope::Scope;
use super::work::users::{self as work, ChangedUser};
use super::{Admin, Here, Running, act, id_of, look};
use crate::storage::change::now_ms;
use crate::storage::user::{self, Profile, User};
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

/// Users on a page.
const SHOWN: u32 = 50;

/// A user as pages show one.
struct Row {
    user: User,
    state: &'static str,
    bad: bool,
}

impl Row {
    fn of(user: User, now_ms: i64) -> Self {
        let (state, bad) = match &user {
            user if user.profile.disabled => ("disabled", true),
            user if user.locked_until_ms > now_ms => ("locked for a while", true),
            user if !user.has_password => ("has no password", true),
            _ => ("may sign in", false),
        };
        Self { user, state, bad }
    }

    fn kind(&self) -> &'static str {
        kind(self.user.profile.integration)
    }

    fn dn(&self) -> &str {
        self.user.profile.dn.as_deref().unwrap_or_default()
    }

    fn node(&self) -> String {
        self.user.profile.ceid.map(|ceid| ceid.to_string()).unwrap_or_default()
    }
}

fn kind(integration: Integration) -> &'static str {
    match integration {
        Integration::Salesforce => "Salesforce",
        Integration::Google => "Google",
    }
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage {
    shell: Shell,
    operates: bool,
    administers: bool,
    search: String,
    rows: Vec<Row>,
    all: i64,
    /// The pages around this one.
    before: Option<u32>,
    after: Option<u32>,
}

#[derive(Template)]
#[template(path = "admin/user_new.html")]
struct NewPage {
    shell: Shell,
    email: String,
    asked: Asked,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage {
    shell: Shell,
    operates: bool,
    row: Row,
    asked: Asked,
    sessions: usize,
    fault: Option<String>,
}

/// A profile as a form has it.
struct Asked {
    name: String,
    dn: String,
    node: String,
    google: bool,
    disabled: bool,
}

impl Asked {
    fn of(form: &Form) -> Self {
        Self {
            name: form.text("name"),
            dn: form.text("dn"),
            node: form.text("node"),
            google: form.get("kind") == "google",
            disabled: form.get("disabled") == "true",
        }
    }

    fn shown(row: &Row) -> Self {
        let Profile { name, integration, disabled, .. } = &row.user.profile;
        let (dn, google) = (row.dn().to_owned(), *integration == Integration::Google);
        Self { name: name.clone(), dn, node: row.node(), google, disabled: *disabled }
    }

    fn profile(&self, form: &Form) -> Result<Profile, WebFault> {
        let refused = |text: &str| WebFault::Refused(text.into());
        let ceid = match self.node.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| refused("The node must be 1 to 999."))?),
        };
        let integration = Integration::of(form.get("kind")).ok_or_else(|| refused("Choose a kind."))?;
        let dn = Some(self.dn.clone()).filter(|dn| !dn.is_empty());
        Ok(Profile { name: self.name.clone(), dn, ceid, integration, disabled: self.disabled })
    }
}

/// What is wrong, as it is said on the form's page.
fn said(fault: WebFault) -> Result<(StatusCode, String), WebFault> {
    match fault {
        WebFault::Exists(_) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, "There is already a user of that address.".into()))
        }
        other => super::said(other),
    }
}

/// What a list is asked for.
#[derive(Default, serde::Deserialize)]
pub(super) struct Seek {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: u32,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    seek: Option<Query<Seek>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::UsersRead).await?;
    let Seek { q, page: number } = seek.map(Query::into_inner).unwrap_or_default();
    let search = work::words(&q);
    let (text, number) = (search.clone(), number.min(u32::MAX / SHOWN));
    let (users, all) = site.storage.with(move |c| user::search(c, &text, number * SHOWN, SHOWN)).await?;
    let now_ms = now_ms();
    page(&UsersPage {
        shell: here.shell(&site, "Users", "/users"),
        operates: here.may(Scope::UsersWrite),
        administers: here.may(Scope::UsersImport),
        search,
        after: (i64::from(number + 1) * i64::from(SHOWN) < all).then_some(number + 1),
        before: number.checked_sub(1),
        rows: users.into_iter().map(|user| Row::of(user, now_ms)).collect(),
        all,
    })
}

pub(super) async fn new(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::UsersWrite).await?;
    let asked = Asked { name: String::new(), dn: String::new(), node: String::new(), google: false, disabled: false };
    let shell = here.shell(&site, "New user", "/users");
    page(&NewPage { shell, email: String::new(), asked, fault: None })
}

pub(super) async fn add(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersWrite).await?;
    let asked = Asked::of(&form);
    match added(admin.running()?, &here, &form, &asked).await {
        Ok(user) => {
            let told = format!("{} is a user now, with the number {}.", user.email, user.number);
            Ok(site.told(&here.visit, told, "/users"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            let shell = here.shell(&site, "New user", "/users");
            page_as(status, &NewPage { shell, email: form.text("email"), asked, fault: Some(fault) })
        }
    }
}

async fn added(running: &Running, here: &Here, form: &Form, asked: &Asked) -> Result<work::User, WebFault> {
    let profile = asked.profile(form)?;
    let password = Some(form.secret("password")).filter(|_| !form.get("password").is_empty());
    work::add(running, form.text("email"), profile, password, &here.visit.by).await
}

pub(super) async fn one(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::UsersRead).await?;
    show(&site, admin.running()?, &here, &path, StatusCode::OK, None, None).await
}

async fn show(
    site: &Site,
    running: &Running,
    here: &Here,
    path: &Path<String>,
    status: StatusCode,
    asked: Option<Asked>,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let (user, sessions) = work::one(running, &id_of(path)?).await?;
    let row = Row::of(user, now_ms());
    let (shell, operates) = (here.shell(site, row.user.email.clone(), "/users"), here.may(Scope::UsersWrite));
    let asked = asked.unwrap_or_else(|| Asked::shown(&row));
    page_as(status, &UserPage { shell, operates, row, asked, sessions, fault })
}

/// The sentence that says what was done, with the sessions that ended.
fn with_ended(said: &str, ended: usize) -> String {
    match ended {
        0 => format!("{said}."),
        1 => format!("{said}; one session ended by it."),
        ended => format!("{said}; {ended} sessions ended by it."),
    }
}

/// Leads on when it was done; what is wrong is said on the user's own page.
async fn told(
    site: &Site,
    admin: &Admin,
    here: &Here,
    path: &Path<String>,
    asked: Option<Asked>,
    done: Result<(ChangedUser, &str), WebFault>,
) -> Result<HttpResponse, WebFault> {
    match done {
        Ok((done, what)) => {
            let told = with_ended(&format!("{} {what}", done.user.email), done.sessions_ended);
            Ok(site.told(&here.visit, told, "/users"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show(site, admin.running()?, here, path, status, asked, Some(fault)).await
        }
    }
}

pub(super) async fn change(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersWrite).await?;
    let (id, version, asked) = (id_of(&path)?, form.version()?, Asked::of(&form));
    let changed = async {
        let to = asked.profile(&form)?;
        Ok((work::change(admin.running()?, &id, Some(version), to, &here.visit.by).await?, "is changed"))
    };
    let changed = changed.await;
    told(&site, &admin, &here, &path, Some(asked), changed).await
}

pub(super) async fn give_password(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersWrite).await?;
    let (id, version, password) = (id_of(&path)?, form.version()?, form.secret("password"));
    let given = work::give_password(admin.running()?, &id, Some(version), password, &here.visit.by).await;
    let given = given.map(|done| (done, "has another password"));
    told(&site, &admin, &here, &path, None, given).await
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersWrite).await?;
    let (id, version) = (id_of(&path)?, form.version()?);
    let removed = work::remove(admin.running()?, &id, Some(version), &here.visit.by).await;
    let removed = removed.map(|done| (done, "is removed"));
    told(&site, &admin, &here, &path, None, removed).await
}
