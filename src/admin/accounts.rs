//! Accounts: administrators make, change and remove them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Here, act, id_of, look, said};
use crate::storage::account::{self, Account, NewAccount, Role};
use crate::storage::change::now_ms;
use crate::web::{ACCOUNT_PASSWORD, Form, Shell, Site, WebFault, hashed, page, page_as};

#[derive(Template)]
#[template(path = "admin/accounts.html")]
struct AccountsPage {
    shell: Shell,
    accounts: Vec<Account>,
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "admin/account_new.html")]
struct NewPage {
    shell: Shell,
    name: String,
    email: String,
    role: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/account.html")]
struct AccountPage {
    shell: Shell,
    account: Account,
    locked: bool,
}

/// A role of this site.
fn role(form: &Form) -> Result<Role, WebFault> {
    let role = Role::of(form.get("role")).filter(|role| *role != Role::Member);
    role.ok_or_else(|| WebFault::Refused("Choose a role.".into()))
}

pub(super) async fn all(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    let accounts = site.storage.with(account::all).await?;
    page(&AccountsPage { shell: here.shell(&site, "Accounts", "/accounts"), accounts, now_ms: now_ms() })
}

pub(super) async fn new(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    show_new(&site, &here, None, StatusCode::OK, None)
}

fn show_new(
    site: &Site,
    here: &Here,
    form: Option<&Form>,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let text = |name: &str| form.map(|form| form.text(name)).unwrap_or_default();
    let shell = here.shell(site, "New account", "/accounts");
    let (name, email, role) = (text("name"), text("email"), text("role"));
    page_as(status, &NewPage { shell, name, email, role, fault })
}

pub(super) async fn add(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    match added(&site, &here, &form).await {
        Ok(account) => {
            let told = format!("{} may sign in as {}.", account.name, account.role.word());
            Ok(site.told(&here.visit, told, "/accounts"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show_new(&site, &here, Some(&form), status, Some(fault))
        }
    }
}

async fn added(site: &Site, here: &Here, form: &Form) -> Result<Account, WebFault> {
    let role = role(form)?;
    let password = hashed(site, form.secret("password"), ACCOUNT_PASSWORD).await?;
    let email = Some(form.text("email")).filter(|email| !email.is_empty());
    let (new, by) = (NewAccount { name: form.text("name"), email, password, role }, here.visit.by.clone());
    Ok(site.storage.write(move |c| account::add(c, &new, &by, now_ms())).await?)
}

pub(super) async fn one(request: HttpRequest, site: Data<Site>, path: Path<String>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Administrator).await?;
    let account = find(&site, &path).await?;
    let locked = account.locked_until_ms > now_ms();
    page(&AccountPage { shell: here.shell(&site, &account.name, "/accounts"), account, locked })
}

async fn find(site: &Site, path: &Path<String>) -> Result<Account, WebFault> {
    let id = id_of(path)?;
    site.storage.with(move |c| account::by_id(c, &id)).await?.ok_or(WebFault::NotFound)
}

/// As the page showed it.
async fn seen(site: &Site, path: &Path<String>, form: &Form) -> Result<Account, WebFault> {
    Ok(Account { version: form.version()?, ..find(site, path).await? })
}

/// Sessions of a changed account end; an administrator's own goes on as another one.
fn done(
    site: &Site,
    request: &HttpRequest,
    here: &Here,
    changed: &Account,
    what: &str,
) -> Result<HttpResponse, WebFault> {
    let told = format!("{} {what}.", changed.name);
    if changed.id != here.visit.account.id {
        site.sessions.end_all(&changed.id);
        return Ok(site.told(&here.visit, told, "/accounts"));
    }
    let path = if changed.role == Role::Administrator { "/accounts" } else { "/" };
    site.reopened(request, changed, told, path)
}

pub(super) async fn give_role(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let (read, role, by) = (seen(&site, &path, &form).await?, role(&form)?, here.visit.by.clone());
    let changed = site.storage.write(move |c| account::give_role(c, &read, role, &by, now_ms())).await?;
    done(&site, &request, &here, &changed, &format!("is {} now", role.word()))
}

pub(super) async fn give_password(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    let hash = hashed(&site, form.secret("password"), ACCOUNT_PASSWORD).await?;
    let by = here.visit.by.clone();
    let changed = site.storage.write(move |c| account::give_password(c, &read, &hash, &by, now_ms())).await?;
    done(&site, &request, &here, &changed, "has another password")
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    if read.id == here.visit.account.id {
        return Err(WebFault::Refused("Nobody can remove the own account.".into()));
    }
    let (by, gone) = (here.visit.by.clone(), read.clone());
    site.storage.write(move |c| account::remove(c, &read, &by, now_ms())).await?;
    site.sessions.end_all(&gone.id);
    Ok(site.told(&here.visit, format!("The account {} is removed.", gone.name), "/accounts"))
}
