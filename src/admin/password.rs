//! Where somebody chooses another password.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Here, act, look, said};
use crate::storage::account::{self, Account, Role, SignIn};
use crate::storage::change::now_ms;
use crate::web::{ACCOUNT_PASSWORD, Form, Shell, Site, WebFault, hashed, page_as};

#[derive(Template)]
#[template(path = "admin/password.html")]
struct PasswordPage {
    shell: Shell,
    fault: Option<String>,
}

pub(super) async fn page(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    show(&site, &here, StatusCode::OK, None)
}

fn show(site: &Site, here: &Here, status: StatusCode, fault: Option<String>) -> Result<HttpResponse, WebFault> {
    page_as(status, &PasswordPage { shell: here.shell(site, "Your password", "/password"), fault })
}

pub(super) async fn change(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Reader).await?;
    match changed(&site, &request, &here, &form).await {
        // Whoever else had it is out; this browser goes on with a session of its own.
        Ok(account) => site.reopened(&request, &account, "Your password is changed.".into(), "/"),
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
    // A right one may have changed the row: failures of before are forgotten.
    let SignIn::Right(read) = proven else {
        return Err(refused("The password that you have now is not right, or the account is locked for a while."));
    };
    let by = here.visit.by.clone();
    let give = move |c: &mut _| account::give_password(c, &read, &hash, &by, now_ms());
    Ok(site.storage.write(give).await?)
}
