//! Sign-in and sign-out. Whether there is no such account, its password is another one, or it is locked: the page says
//! the same. Guessing is slowed by address here and by account in `storage::account`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Form, Shell, Site, WebFault, origin, page_as, see, session};
use crate::storage::account::SignIn;
use crate::texts::filters;

/// Where somebody is who is not signed in yet: a cookie of its own, which never becomes a session's.
const VISITOR: &str = "-visitor";
/// Longest password that is proven.
const LONGEST: usize = 256;
const WRONG: &str = "The name or the password is not right, or the account is locked for a while.";

#[derive(Template)]
#[template(path = "web/sign_in.html")]
struct SignInPage {
    shell: Shell,
    /// Where to go afterwards.
    to: String,
    name: String,
    fault: Option<&'static str>,
}

#[derive(serde::Deserialize)]
pub(super) struct Then {
    #[serde(default)]
    to: String,
}

/// The query that leads on to a page after sign-in.
pub(super) fn then(path: &str) -> String {
    if path.len() > 1 && is_page(path) { format!("?to={path}") } else { String::new() }
}

/// A path of this site, and nothing that a browser could take for another site.
fn is_page(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    path.starts_with('/') && !path.starts_with("//") && path.len() <= 200 && path.chars().all(plain)
}

/// Where one goes after signing in.
fn after(site: &Site, to: &str) -> HttpResponse {
    if to.is_empty() { see(&format!("{}/", site.base)) } else { see(to) }
}

pub(super) async fn page(
    request: HttpRequest,
    site: Data<Site>,
    then: Option<Query<Then>>,
) -> Result<HttpResponse, WebFault> {
    let to = then.map(|then| then.into_inner().to).filter(|to| is_page(to)).unwrap_or_default();
    if site.visit(&request).await.is_ok() {
        return Ok(after(&site, &to));
    }
    show(&request, &site, StatusCode::OK, to, String::new(), None)
}

fn show(
    request: &HttpRequest,
    site: &Site,
    status: StatusCode,
    to: String,
    name: String,
    fault: Option<&'static str>,
) -> Result<HttpResponse, WebFault> {
    let known = site.cookie_of(request, VISITOR);
    let visitor = known.clone().unwrap_or_else(session::new_id);
    let shell = Shell {
        site: site.name,
        base: site.base,
        title: "Sign in".into(),
        token: site.token(&visitor),
        ..Shell::default()
    };
    let mut response = page_as(status, &SignInPage { shell, to, name, fault })?;
    if known.is_none() {
        let cookie = site.made(site.cookie_name(VISITOR), visitor);
        response.add_cookie(&cookie).map_err(|_| WebFault::Page)?;
    }
    Ok(response)
}

pub(super) async fn submit(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    origin::is_own(&request)?;
    let form = Form::of(&request)?;
    let visitor = site.cookie_of(&request, VISITOR).ok_or(WebFault::Forged)?;
    site.prove_token(&visitor, &form)?;
    // What can be no name is nobody's: the same work all the same.
    let name = form.text("name");
    let is_name = name.chars().count() <= 64 && !name.chars().any(char::is_control);
    let name = if is_name { name } else { String::new() };
    let password = form.secret("password");
    let is_password = form.get("password").chars().count() <= LONGEST;
    let signed = site.prove(&request, &name, password).await?;
    let to = Some(form.text("to")).filter(|to| is_page(to)).unwrap_or_default();
    match signed {
        SignIn::Right(account) if is_password && (site.admits)(&account) => {
            let mut response = after(&site, &to);
            let cookie = site.open(&request, &account);
            response.add_cookie(&cookie).map_err(|_| WebFault::Page)?;
            let mut gone = site.made(site.cookie_name(VISITOR), String::new());
            gone.make_removal();
            response.add_cookie(&gone).map_err(|_| WebFault::Page)?;
            tracing::info!(account = account.name, "signed in");
            Ok(response)
        }
        _ => show(&request, &site, StatusCode::FORBIDDEN, to, name, Some(WRONG)),
    }
}

pub(super) async fn out(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let (visit, _) = site.act(&request).await?;
    site.sessions.end(&visit.id);
    let mut response = see(&format!("{}/sign-in", site.base));
    let mut gone = site.made(site.cookie_name(""), String::new());
    gone.make_removal();
    response.add_cookie(&gone).map_err(|_| WebFault::Page)?;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_sign_in_nobody_is_led_to_another_site() {
        for (path, expected) in [
            ("/requests/0a1b", "?to=/requests/0a1b"),
            ("/", ""),
            ("//evil.example", ""),
            ("/\\evil.example", ""),
            ("https://evil.example", ""),
            ("/a?to=b", ""),
            ("/a\r\nset-cookie: a=b", ""),
            ("", ""),
        ] {
            assert_eq!(then(path), expected, "{path:?}");
        }
    }
}
