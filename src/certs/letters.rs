//! What mail says. Pure: who gets it and when is `work`'s.

use crate::storage::certs::entry::{Certificate, Entry};
use crate::storage::certs::mail::Letter;
use crate::storage::certs::member::Member;
use crate::storage::certs::request::{Kind, Request};

/// What is asked for, as people say it.
#[must_use]
pub fn what(request: &Request) -> &'static str {
    match (request.kind, request.is_anew()) {
        (Kind::Registration, _) => "registration",
        (Kind::Certificate, false) => "certificate",
        (Kind::Certificate, true) => "certificate (anew)",
    }
}

fn letter(to: &str, subject: String, body: &[String]) -> Letter {
    let body = body.join("\r\n\r\n");
    Letter { to: to.to_owned(), subject, body: format!("{body}\r\n"), attachment: None }
}

/// To an administrator: a request waits.
#[must_use]
pub fn waits(to: &str, url: &str, request: &Request, msa_number: Option<&str>) -> Letter {
    let number = msa_number.map(|number| format!(" (MSA account number {number})")).unwrap_or_default();
    letter(
        to,
        format!("Request for a {}: {}", what(request), request.label()),
        &[
            format!("{}{number} asks for a {} of this application:", request.account_name, what(request)),
            format!(
                "Company: {}\r\nApplication: {}\r\nContact: {}",
                request.company, request.application, request.contact
            ),
            format!("Decide on it here: {url}/requests/{}", request.id),
        ],
    )
}

/// To the member: it is on the list, with the certificate.
#[must_use]
pub fn approved(to: &str, url: &str, request: &Request, entry: &Entry, certificate: Option<&Certificate>) -> Letter {
    let mut body = vec![format!("Your request for a {} of {} is approved.", what(request), entry.label())];
    match certificate {
        Some(_) => {
            body.push(
                "The certificate is attached. It goes with the private key that was shown when you asked for it, and \
                 that is nowhere else: the application sends the certificate at login and signs with the key."
                    .into(),
            );
            body.push(
                "Next: install both with the application. If the private key is lost, ask for a certificate anew; \
                 names and password stay the same."
                    .into(),
            );
        }
        None => body.push(
            "Next: have each site's administrator give the application a local password on its gateway. The \
             application logs in with company name, application name, the password that you chose, and the local one."
                .into(),
        ),
    }
    body.push(
        "Gateways know it after their next fetch of the access control list, at most some hours from now.".into(),
    );
    body.push(format!("See {url}/applications/{}", entry.id));
    let mut letter = letter(to, format!("Approved: {} of {}", what(request), entry.label()), &body);
    letter.attachment = certificate.map(|certificate| (file_name(&entry.application), certificate.pem.clone()));
    letter
}

/// To the member: it is not.
#[must_use]
pub fn denied(to: &str, url: &str, request: &Request, reason: &str) -> Letter {
    letter(
        to,
        format!("Denied: {} of {}", what(request), request.label()),
        &[
            format!("Your request for a {} of {} is denied.", what(request), request.label()),
            format!("Reason: {}", lines(reason)),
            format!(
                "Next steps: mend what the reason says and ask again at {url}/. What was registered before stays as it \
                 is. If the reason is not clear to you, write to the administrator of this server."
            ),
        ],
    )
}

/// To the member: the application may enter no more.
#[must_use]
pub fn revoked(to: &str, url: &str, entry: &Entry, reason: &str) -> Letter {
    letter(
        to,
        format!("Revoked: {}", entry.label()),
        &[
            format!("The registration of {} is revoked, and its certificates with it.", entry.label()),
            format!("Reason: {}", lines(reason)),
            "Gateways refuse its logins and end its sessions after their next fetch of the access control list.".into(),
            format!(
                "Next steps: stop using the application's password, certificate and private key. A revoked \
                 registration does not come back: when the reason is mended, ask at {url}/ for a registration or a \
                 certificate with another application name. If you think that this is a mistake, write to the \
                 administrator of this server."
            ),
        ],
    )
}

/// To somebody new. The first password comes another way.
#[must_use]
pub fn welcome(to: &str, url: &str, member: &Member) -> Letter {
    letter(
        to,
        "Your account at the certificate server".into(),
        &[
            format!("An account was made for you as {}: {}", member.account.role.word(), member.account.name),
            format!("Sign in at {url}/ with the password that the administrator gives you, and choose your own."),
        ],
    )
}

/// As mail breaks lines.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n")
}

/// A certificate's file for an application: letters and digits of its name alone.
#[must_use]
pub fn file_name(application: &str) -> String {
    let plain = application.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let name: String = plain.take(40).collect();
    let name = name.trim_matches('-');
    format!("{}.cert.pem", if name.is_empty() { "application" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_no_name_that_leads_elsewhere() {
        for (application, file) in [
            ("Pop", "Pop.cert.pem"),
            ("../../etc/passwd", "etc-passwd.cert.pem"),
            ("\"; x=\"", "x.cert.pem"),
            ("日本", "application.cert.pem"),
        ] {
            assert_eq!(file_name(application), file);
        }
        assert_eq!(lines("a\nb\r\nc"), "a\r\nb\r\nc");
    }
}
