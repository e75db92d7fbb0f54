//! Accounts: administrators make, change and remove them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use tracing::info;

use super::{Here, Need, act, id_of, look, said};
use crate::certs::Server;
use crate::storage::account::{NewAccount, Role};
use crate::storage::certs::member::{self, Member, NewMember};
use crate::storage::change::now_ms;
use crate::texts::filters;
use crate::web::{ACCOUNT_PASSWORD, Form, Shell, Site, WebFault, hashed, page, page_as};

#[derive(Template)]
#[template(path = "certs/accounts.html")]
struct AccountsPage {
    shell: Shell,
    members: Vec<Member>,
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "certs/account_new.html")]
struct NewPage {
    shell: Shell,
    name: String,
    email: String,
    msa_number: String,
    administrator: bool,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "certs/account.html")]
struct AccountPage {
    shell: Shell,
    member: Member,
    locked: bool,
}

pub(super) async fn all(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Administrator).await?;
    let members = site.storage.with(member::all).await?;
    page(&AccountsPage { shell: here.shell(&site, "Accounts", "/accounts"), members, now_ms: now_ms() })
}

pub(super) async fn new(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Administrator).await?;
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
    let administrator = text("role") == Role::Administrator.word();
    let shell = here.shell(site, "New account", "/accounts");
    let (name, email, msa_number) = (text("name"), text("email"), text("msa_number"));
    page_as(status, &NewPage { shell, name, email, msa_number, administrator, fault })
}

pub(super) async fn add(
    request: HttpRequest,
    site: Data<Site>,
    server: Data<Server>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    match added(&site, &server, &here, &form).await {
        Ok(member) => {
            info!(account = member.account.name, "account added");
            let told = format!("{} may sign in, and has to choose another password then.", member.account.name);
            Ok(site.told(&here.visit, told, "/accounts"))
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show_new(&site, &here, Some(&form), status, Some(fault))
        }
    }
}

async fn added(site: &Site, server: &Server, here: &Here, form: &Form) -> Result<Member, WebFault> {
    let role = Role::of(form.get("role")).filter(|role| matches!(role, Role::Member | Role::Administrator));
    let role = role.ok_or_else(|| WebFault::Refused("Choose whether it is a member or an administrator.".into()))?;
    let email = form.text("email");
    if email.is_empty() {
        return Err(WebFault::Refused("An e-mail address is needed: decisions are told by mail.".into()));
    }
    let password = hashed(site, form.secret("password"), ACCOUNT_PASSWORD).await?;
    let account = NewAccount { name: form.text("name"), email: Some(email), password, role };
    let new = NewMember { account, msa_number: Some(form.text("msa_number")), must_change: true };
    server.add_member(here.visit.by.clone(), new).await
}

pub(super) async fn one(request: HttpRequest, site: Data<Site>, path: Path<String>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Administrator).await?;
    let member = find(&site, &path).await?;
    let locked = member.account.locked_until_ms > now_ms();
    page(&AccountPage { shell: here.shell(&site, member.account.name.clone(), "/accounts"), member, locked })
}

async fn find(site: &Site, path: &Path<String>) -> Result<Member, WebFault> {
    let id = id_of(path)?;
    site.storage.with(move |c| member::find(c, &id)).await?.ok_or(WebFault::NotFound)
}

/// As the page showed it.
async fn seen(site: &Site, path: &Path<String>, form: &Form) -> Result<Member, WebFault> {
    let mut member = find(site, path).await?;
    member.account.version = form.version()?;
    Ok(member)
}

pub(super) async fn change(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    let (email, number, by) = (form.text("email"), form.text("msa_number"), here.visit.by.clone());
    if email.is_empty() {
        return Err(WebFault::Refused("An e-mail address is needed: decisions are told by mail.".into()));
    }
    let change = move |c: &mut _| member::change(c, &read, Some(&email), Some(&number), &by, now_ms());
    let changed = site.storage.write(change).await?;
    done(&site, &request, &here, &changed, "is changed")
}

pub(super) async fn give_password(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    let hash = hashed(&site, form.secret("password"), ACCOUNT_PASSWORD).await?;
    let by = here.visit.by.clone();
    let give = move |c: &mut _| member::give_password(c, &read, &hash, true, &by, now_ms());
    let changed = site.storage.write(give).await?;
    done(&site, &request, &here, &changed, "has a new password, to be changed at the next sign-in")
}

/// Sessions of a changed account end; an administrator's own goes on as another one.
fn done(
    site: &Site,
    request: &HttpRequest,
    here: &Here,
    changed: &Member,
    what: &str,
) -> Result<HttpResponse, WebFault> {
    let told = format!("{} {what}.", changed.account.name);
    if changed.account.id != here.member.account.id {
        site.sessions.end_all(&changed.account.id);
        return Ok(site.told(&here.visit, told, "/accounts"));
    }
    site.reopened(request, &changed.account, told, "/accounts")
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Administrator).await?;
    let read = seen(&site, &path, &form).await?;
    if read.account.id == here.member.account.id {
        return Err(WebFault::Refused("Nobody can remove the own account.".into()));
    }
    let (by, gone) = (here.visit.by.clone(), read.account.clone());
    site.storage.write(move |c| member::remove(c, &read, &by, now_ms())).await?;
    site.sessions.end_all(&gone.id);
    Ok(site.told(&here.visit, format!("The account {} is removed.", gone.name), "/accounts"))
}
