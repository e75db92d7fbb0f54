//! The page where somebody chooses another password, and what a new one has to be. Keeping it is the site's.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;

use super::{ACCOUNT_PASSWORD, Form, Shell, Site, Visit, WebFault, hashed, page_as};
use crate::storage::account::{Account, SignIn};
use crate::texts::filters;

#[derive(Template)]
#[template(path = "web/password.html")]
struct PasswordPage {
    shell: Shell,
    first: bool,
    fault: Option<String>,
}

/// The form; `first` when somebody else knows the password that there is.
///
/// # Errors
/// [`WebFault::Page`].
pub fn password_page(
    shell: Shell,
    status: StatusCode,
    first: bool,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    page_as(status, &PasswordPage { shell, first, fault })
}

/// The hash of the new password of the form, and the account whose present one was proven.
///
/// # Errors
/// [`WebFault::Refused`] with what is wrong; see [`Site::prove`].
pub async fn new_password(
    site: &Site,
    request: &HttpRequest,
    visit: &Visit,
    form: &Form,
) -> Result<(SecretString, Account), WebFault> {
    let refused = |text: &str| WebFault::Refused(text.into());
    if form.get("new") != form.get("again") {
        return Err(refused("The new password is not the same both times."));
    }
    if form.get("new") == form.get("password") {
        return Err(refused("The new password is the old one."));
    }
    let hash = hashed(site, form.secret("new"), ACCOUNT_PASSWORD).await?;
    // Whoever finds a browser open must not take the account: guesses count as at the sign-in.
    match site.prove(request, &visit.account.name, form.secret("password")).await? {
        SignIn::Right(account) => Ok((hash, account)),
        _ => Err(refused("The password that you have now is not right, or the account is locked for a while.")),
    }
}
