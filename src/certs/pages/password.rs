//! Where somebody chooses another password: at the first sign-in before anything else.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Here, Need, act, look, said};
use crate::storage::account::{Account, SignIn};
use crate::storage::certs::member;
use crate::storage::change::now_ms;
use crate::web::{ACCOUNT_PASSWORD, Form, Shell, Site, WebFault, hashed, page_as};

#[derive(Template)]
#[template(path = "certs/password.html")]
struct PasswordPage {
    shell: Shell,
    first: bool,
    fault: Option<String>,
}

pub(super) async fn page(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    show(&site, &here, StatusCode::OK, None)
}

fn show(site: &Site, here: &Here, status: StatusCode, fault: Option<String>) -> Result<HttpResponse, WebFault> {
    let mut shell = here.shell(site, "Your password", "/password");
    if here.member.must_change {
        shell.links.clear();
    }
    page_as(status, &PasswordPage { shell, first: here.member.must_change, fault })
}

pub(super) async fn change(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Need::Anybody).await?;
    match changed(&site, &request, &here, &form).await {
        Ok(account) => {
            // Whoever else had it is out; this browser goes on with a session of its own.
            site.sessions.end_all(&account.id);
            site.reopened(&request, &account, "Your password is changed.".into(), "/")
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show(&site, &here, status, Some(fault))
        }
    }
}

async fn changed(site: &Site, request: &HttpRequest, here: &Here, form: &Form) -> Result<Account, WebFault> {
    let refused = |text: &str| WebFault::Refused(text.into());
    if form.get("new") != form.get("again") {
        return Err(refused("The new password is not the same both times."));
    }
    if form.get("new") == form.get("password") {
        return Err(refused("The new password is the old one."));
    }
    let hash = hashed(site, form.secret("new"), ACCOUNT_PASSWORD).await?;
    // Whoever finds a browser open must not take the account: guesses count as at the sign-in.
    let proven = site.prove(request, &here.visit.account.name, form.secret("password")).await?;
    if !matches!(proven, SignIn::Right(_)) {
        return Err(refused("The password that you have now is not right, or the account is locked for a while."));
    }
    let (read, by) = (here.member.clone(), here.visit.by.clone());
    let give = move |c: &mut _| member::give_password(c, &read, &hash, false, &by, now_ms());
    Ok(site.storage.write(give).await?.account)
}
