//! Sends what waits in the outbox, again and again until it is sent or too old. Decisions never wait for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::settings::{Smtp, SmtpTls};
use crate::storage::certs::mail::{self, Mail, Tried};
use crate::storage::change::now_ms;
use crate::storage::{Storage, StorageError};

/// Between two looks at the outbox when nobody says that something is in it.
const LOOK: Duration = Duration::from_secs(2);
/// For one command of the mail server, and for a whole mail: less than whoever took it has it for.
const PATIENCE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(45);

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// The way to the mail server.
pub struct Post {
    storage: Storage,
    transport: Transport,
    from: Mailbox,
    /// For message ids.
    name: String,
    wake: Arc<Notify>,
}

impl Post {
    /// `None` where no mail server is set. Reads the file of issuers: blocks.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(smtp: &Smtp, name: &str, storage: Storage, wake: Arc<Notify>) -> io::Result<Option<Self>> {
        let (Some(host), Some(from)) = (&smtp.host, &smtp.from) else { return Ok(None) };
        let from = from.parse().map_err(|_| io::Error::other("smtp.from: is no mail address"))?;
        let mut tls = TlsParameters::builder(host.clone());
        if let Some(file) = &smtp.ca {
            let fault = |e: &dyn std::fmt::Display| io::Error::other(format!("smtp.ca: {}: {e}", file.display()));
            let pem = std::fs::read(file).map_err(|e| fault(&e))?;
            tls = tls.add_root_certificate(Certificate::from_pem(&pem).map_err(|e| fault(&e))?);
        }
        let tls = || tls.build().map_err(|e| io::Error::other(format!("smtp.tls: {e}")));
        let (tls, port) = match smtp.tls {
            SmtpTls::None => (Tls::None, 25),
            SmtpTls::Starttls => (Tls::Required(tls()?), 587),
            SmtpTls::Tls => (Tls::Wrapper(tls()?), 465),
        };
        let mut transport =
            Transport::builder_dangerous(host.clone()).port(smtp.port.unwrap_or(port)).tls(tls).timeout(Some(PATIENCE));
        if let (Some(user), Some(password)) = (&smtp.user, &smtp.password) {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Some(Self { storage, transport: transport.build(), from, name: name.to_owned(), wake }))
    }

    /// Until it is aborted.
    pub async fn run(self) {
        loop {
            match self.round().await {
                // There may be more.
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => warn!(%error, "the outbox cannot be read"),
            }
            // Whoever writes mail says so; what failed has its own time.
            let _ = tokio::time::timeout(LOOK, self.wake.notified()).await;
        }
    }

    /// Sends one that is due; gives whether there was one.
    async fn round(&self) -> Result<bool, StorageError> {
        if !self.storage.with(|c| mail::is_due(c, now_ms())).await? {
            return Ok(false);
        }
        let Some(mail) = self.storage.write(|c| mail::take(c, now_ms())).await? else { return Ok(false) };
        let tried = tokio::time::timeout(WHOLE, self.send(&mail)).await;
        let tried = tried.unwrap_or_else(|_| Tried::Failed("the mail server takes too long".into()));
        match &tried {
            Tried::Sent => info!(mail = mail.id, "mail sent"),
            Tried::Failed(fault) => warn!(mail = mail.id, attempts = mail.attempts, fault, "mail not sent"),
            Tried::Refused(fault) => warn!(mail = mail.id, fault, "MAIL REFUSED, given up"),
        }
        self.storage.write(move |c| mail::tried(c, &mail, &tried, now_ms())).await?;
        Ok(true)
    }

    async fn send(&self, mail: &Mail) -> Tried {
        let message = match self.message(mail) {
            Ok(message) => message,
            Err(fault) => return Tried::Refused(fault),
        };
        match self.transport.send(message).await {
            Ok(_) => Tried::Sent,
            Err(error) if error.is_permanent() => Tried::Refused(told(&error)),
            Err(error) => Tried::Failed(told(&error)),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let letter = &mail.letter;
        let to: Mailbox = letter.to.parse().map_err(|_| "the address is none".to_owned())?;
        let builder = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            // The same each time, so that one that comes twice is known.
            .message_id(Some(format!("<{}@{}>", mail.id, self.name)));
        let text = SinglePart::plain(letter.body.clone());
        let message = match &letter.attachment {
            None => builder.singlepart(text),
            Some((name, file)) => {
                let kind = ContentType::parse("application/x-pem-file").map_err(|e| e.to_string())?;
                // As it is, and not with the line ends of mail.
                let file = Body::new_with_encoding(file.clone().into_bytes(), ContentTransferEncoding::Base64)
                    .map_err(|_| "the attachment cannot be written".to_owned())?;
                let file = Attachment::new(name.clone()).body(file, kind);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(file))
            }
        };
        message.map_err(|e| e.to_string())
    }
}

/// With its causes: the first alone says only that it failed.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut told = Vec::new();
    for cause in causes {
        let text = cause.to_string();
        if !told.iter().any(|before: &String| before.contains(&text)) {
            told.push(text);
        }
    }
    told.join(": ")
}
