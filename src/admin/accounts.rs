//! Pages of accounts: what they do is `work::accounts`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::work::accounts::{self, NewAccount, SiteRole};
use super::{Here, act, id_of, look, said};
use crate::storage::account::{Account, Role};
use crate::storage::change::now_ms;
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

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
fn role(form: &Form) -> Result<SiteRole, WebFault> {
    SiteRole::of(form.get("role")).ok_or_else(|| WebFault::Refused("Choose a role.".into()))
}

pub(super) async fn all(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::AccountsRead).await?;
    let accounts = accounts::all(&site).await?;
    page(&AccountsPage { shell: here.shell(&site, "Accounts", "/accounts"), accounts, now_ms: now_ms() })
}

pub(super) async fn new(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::AccountsWrite).await?;
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

/// A form for a new account.
fn new_of(form: &Form) -> Result<NewAccount, WebFault> {
    Ok(NewAccount {
        name: form.text("name"),
        email: Some(form.text("email")).filter(|email| !email.is_empty()),
        role: role(form)?,
        password: form.secret("password"),
    })
}

pub(super) async fn add(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::AccountsWrite).await?;
    let added = match new_of(&form) {
        Ok(new) => accounts::add(&site, new, &here.visit.by).await,
        Err(fault) => Err(fault),
    };
    match added {
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

pub(super) async fn one(request: HttpRequest, site: Data<Site>, path: Path<String>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::AccountsWrite).await?;
    let account = accounts::one(&site, &id_of(&path)?).await?;
    let locked = account.locked_until_ms > now_ms();
    page(&AccountPage { shell: here.shell(&site, account.name.clone(), "/accounts"), account, locked })
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
    let (here, form) = act(&site, &request, Scope::AccountsWrite).await?;
    let role = role(&form)?;
    let changed = accounts::give_role(&site, &id_of(&path)?, Some(form.version()?), role, &here.visit.by).await?;
    done(&site, &request, &here, &changed, &format!("is {} now", changed.role.word()))
}

pub(super) async fn give_password(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::AccountsWrite).await?;
    let (version, password) = (Some(form.version()?), form.secret("password"));
    let changed = accounts::give_password(&site, &id_of(&path)?, version, password, &here.visit.by).await?;
    done(&site, &request, &here, &changed, "has another password")
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::AccountsWrite).await?;
    let (me, version) = (&here.visit.account.id, Some(form.version()?));
    let name = accounts::remove(&site, me, &id_of(&path)?, version, &here.visit.by).await?;
    Ok(site.told(&here.visit, format!("The account {name} is removed."), "/accounts"))
}
