//! Users of the integrations: everybody sees them, operators make, change and remove them one at a time; files of them are
//! `import`'s. What is done is `crate::users::work`'s; here forms are read and pages made.

pub(super) mod import;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use actors::user::Integration;
use askama::Template;

use super::{Admin, Here, Running, act, id_of, look, said};
use crate::storage::StorageError;
use crate::storage::account::Role;
use crate::storage::change::now_ms;
use crate::storage::user::{self, Profile, User};
use crate::users::work::{self, Done, Read, WorkFault};
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

/// Users on a page.
const SHOWN: u32 = 50;
/// Characters of what is searched.
const LONGEST_SEARCH: usize = 100;

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

impl From<WorkFault> for WebFault {
    fn from(fault: WorkFault) -> Self {
        match fault {
            WorkFault::Storage(StorageError::Exists(_)) => {
                Self::Refused("There is already a user of that address.".into())
            }
            WorkFault::Storage(error) => error.into(),
            WorkFault::Busy(_) | WorkFault::NoUsers => Self::Busy,
            WorkFault::Password | WorkFault::NothingToDo => Self::Refused(fault.to_string()),
        }
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
    let here = look(&site, &request, Role::Reader).await?;
    let Seek { q, page: number } = seek.map(Query::into_inner).unwrap_or_default();
    let search: String = q.trim().chars().filter(|c| !c.is_control()).take(LONGEST_SEARCH).collect();
    let (text, number) = (search.clone(), number.min(u32::MAX / SHOWN));
    let (users, all) = site.storage.with(move |c| user::search(c, &text, number * SHOWN, SHOWN)).await?;
    let now_ms = now_ms();
    page(&UsersPage {
        shell: here.shell(&site, "Users", "/users"),
        operates: here.may(Role::Operator),
        administers: here.may(Role::Administrator),
        search,
        after: (i64::from(number + 1) * i64::from(SHOWN) < all).then_some(number + 1),
        before: number.checked_sub(1),
        rows: users.into_iter().map(|user| Row::of(user, now_ms)).collect(),
        all,
    })
}

pub(super) async fn new(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Operator).await?;
    let asked = Asked { name: String::new(), dn: String::new(), node: String::new(), google: false, disabled: false };
    let shell = here.shell(&site, "New user", "/users");
    page(&NewPage { shell, email: String::new(), asked, fault: None })
}

pub(super) async fn add(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Operator).await?;
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

async fn added(running: &Running, here: &Here, form: &Form, asked: &Asked) -> Result<User, WebFault> {
    let profile = asked.profile(form)?;
    let password = Some(form.secret("password")).filter(|_| !form.get("password").is_empty());
    Ok(work::add(&running.gateway, form.text("email"), profile, password, here.visit.by.clone()).await?)
}

pub(super) async fn one(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
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
    let id = id_of(path)?;
    let user = site.storage.with(move |c| user::by_id(c, &id)).await?.ok_or(WebFault::NotFound)?;
    let row = Row::of(user, now_ms());
    let sessions = running.gateway.tree.sessions.all();
    let is_own = |user: &Option<actors::user::SessionUser>| user.is_some_and(|user| user.id == row.user.number);
    let sessions = sessions.iter().filter(|session| is_own(&session.user)).count();
    let (shell, operates) = (here.shell(site, &row.user.email, "/users"), here.may(Role::Operator));
    let asked = asked.unwrap_or_else(|| Asked::shown(&row));
    page_as(status, &UserPage { shell, operates, row, asked, sessions, fault })
}

/// A user as the page showed it.
fn read(path: &Path<String>, form: &Form) -> Result<Read, WebFault> {
    Ok(Read { id: id_of(path)?, version: form.version()? })
}

/// Sessions that ended, for the sentence that says what was done.
fn and_ended<T>(done: &Done<T>) -> String {
    match done.ended {
        0 => String::new(),
        1 => "; one session ended by it".into(),
        ended => format!("; {ended} sessions ended by it"),
    }
}

/// Leads on when it was done; what is wrong is said on the user's own page.
async fn told(
    site: &Site,
    admin: &Admin,
    here: &Here,
    path: &Path<String>,
    asked: Option<Asked>,
    done: Result<(Done<User>, &str), WebFault>,
) -> Result<HttpResponse, WebFault> {
    match done {
        Ok((done, what)) => {
            let told = format!("{} {what}{}.", done.what.email, and_ended(&done));
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
    let (here, form) = act(&site, &request, Role::Operator).await?;
    let (read, asked) = (read(&path, &form)?, Asked::of(&form));
    let changed = async {
        let to = asked.profile(&form)?;
        Ok((work::change(&admin.running()?.gateway, read, to, here.visit.by.clone()).await?, "is changed"))
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
    let (here, form) = act(&site, &request, Role::Operator).await?;
    let (read, password, by) = (read(&path, &form)?, form.secret("password"), here.visit.by.clone());
    let given = work::give_password(&admin.running()?.gateway, read, password, by).await;
    let given = given.map(|done| (done, "has another password")).map_err(WebFault::from);
    told(&site, &admin, &here, &path, None, given).await
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Operator).await?;
    let removed = work::remove(&admin.running()?.gateway, read(&path, &form)?, here.visit.by.clone()).await;
    let removed = removed.map(|done| (done, "is removed")).map_err(WebFault::from);
    told(&site, &admin, &here, &path, None, removed).await
}
