//! Pages of tokens: everybody's own, and for administrators all. What they do is `work::tokens`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::ExposeSecret as _;

use super::scope::Scope;
use super::work::tokens::{self, NewToken, Token};
use super::{Here, act, id_of, look, said};
use crate::storage::account::Role;
use crate::storage::change::now_ms;
use crate::texts::filters;
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

/// Offered to whoever makes one.
const USUAL_DAYS: &str = "365";

#[derive(Template)]
#[template(path = "admin/tokens.html")]
struct TokensPage {
    shell: Shell,
    tokens: Vec<Token>,
    now_ms: i64,
}

#[derive(Template)]
#[template(path = "admin/token_new.html")]
struct NewPage {
    shell: Shell,
    name: String,
    /// With whether it is chosen.
    scopes: Vec<(Scope, bool)>,
    days: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/token_made.html")]
struct MadePage {
    shell: Shell,
    token: Token,
    /// Shown this once.
    secret: String,
}

pub(super) async fn all(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    let tokens = if here.may(Scope::TokensRead) {
        tokens::all(&site).await?
    } else {
        tokens::of(&site, &here.visit.account).await?
    };
    page(&TokensPage { shell: here.shell(&site, "Tokens", "/tokens"), tokens, now_ms: now_ms() })
}

pub(super) async fn new(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Role::Reader).await?;
    show_new(&site, &here, None, StatusCode::OK, None)
}

fn show_new(
    site: &Site,
    here: &Here,
    form: Option<&Form>,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let of_role = Scope::of_role(here.visit.account.role);
    let scopes = of_role.map(|scope| (scope, form.is_some_and(|form| !form.get(scope.word()).is_empty()))).collect();
    let text = |name: &str| form.map(|form| form.text(name));
    let (name, days) = (text("name").unwrap_or_default(), text("days").unwrap_or_else(|| USUAL_DAYS.into()));
    page_as(status, &NewPage { shell: here.shell(site, "New token", "/tokens"), name, scopes, days, fault })
}

fn new_of(form: &Form) -> NewToken {
    let scopes = super::scope::SCOPES.iter().copied().filter(|scope| !form.get(scope.word()).is_empty());
    let days = match form.text("days").as_str() {
        "" => None,
        // What is no number of days is none that can be.
        text => Some(text.parse().unwrap_or(0)),
    };
    NewToken { name: form.text("name"), scopes: scopes.collect(), days }
}

/// What it answers is the page itself, not the way to another: the secret is kept nowhere, not even until then.
pub(super) async fn add(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Role::Reader).await?;
    match tokens::add(&site, &here.visit.account, new_of(&form), &here.visit.by).await {
        Ok((token, secret)) => {
            let shell = here.shell(&site, token.name.clone(), "/tokens");
            page(&MadePage { shell, token, secret: secret.expose_secret().to_owned() })
        }
        Err(fault) => {
            let (status, fault) = said(fault)?;
            show_new(&site, &here, Some(&form), status, Some(fault))
        }
    }
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Role::Reader).await?;
    let own = (!here.may(Scope::TokensRemove)).then_some(&here.visit.account);
    let gone = tokens::remove(&site, &id_of(&path)?, own, &here.visit.by).await?;
    Ok(site.told(&here.visit, format!("The token {} of {} is removed.", gone.name, gone.account), "/tokens"))
}
