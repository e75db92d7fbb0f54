//! Where somebody chooses another password.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{Here, act, look, said};
use crate::storage::account::{self, Account, Role};
use crate::storage::change::now_ms;
use crate::web::{Form, Site, WebFault, new_password, password_page};

pub(super) async fn page(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    show(&site, &here, StatusCode::OK, None)
}

fn show(site: &Site, here: &Here, status: StatusCode, fault: Option<String>) -> Result<HttpResponse, WebFault> {
    password_page(here.shell(site, "Your password", "/password"), status, false, fault)
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
    // As it is after the proof, which may have forgiven failures of before.
    let (hash, read) = new_password(site, request, &here.visit, form).await?;
    let by = here.visit.by.clone();
    let give = move |c: &mut _| account::give_password(c, &read, &hash, &by, now_ms());
    Ok(site.storage.write(give).await?)
}
