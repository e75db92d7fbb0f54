//! Where somebody chooses another password: at the first sign-in before anything else.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{Here, Need, act, look, said};
use crate::storage::account::Account;
use crate::storage::certs::member;
use crate::storage::change::now_ms;
use crate::web::{Form, Site, WebFault, new_password, password_page};

pub(super) async fn page(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Need::Anybody).await?;
    show(&site, &here, StatusCode::OK, None)
}

fn show(site: &Site, here: &Here, status: StatusCode, fault: Option<String>) -> Result<HttpResponse, WebFault> {
    let mut shell = here.shell(site, "Your password", "/password");
    if here.member.must_change {
        shell.links.clear();
    }
    password_page(shell, status, here.member.must_change, fault)
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
    let (hash, _) = new_password(site, request, &here.visit, form).await?;
    let (read, by) = (here.member.clone(), here.visit.by.clone());
    let give = move |c: &mut _| member::give_password(c, &read, &hash, false, &by, now_ms());
    Ok(site.storage.write(give).await?.account)
}
