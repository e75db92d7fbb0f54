//! What members and administrators do, each in one transaction: the change, its audit line, the list's version, and the
//! mail that tells of it. RSA and argon2 run on threads of their own.

use secrecy::SecretString;

use super::{Server, letters};
use crate::storage::certs::entry::{self, Entry};
use crate::storage::certs::mail;
use crate::storage::certs::member::{self, Member, NewMember};
use crate::storage::certs::request::{self, Asked, Kind, Request};
use crate::storage::change::now_ms;
use crate::storage::{By, DbConnection, StorageError};
use crate::web::{Site, WebFault, hashed};

/// Characters of an application's password.
pub(super) const APPLICATION_PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

impl Server {
    /// Asks for a registration.
    pub(super) async fn ask_registration(
        &self,
        site: &Site,
        by: By,
        of: Member,
        asked: Asked,
        password: SecretString,
    ) -> Result<Request, WebFault> {
        let (who, what) = (of.clone(), asked.clone());
        self.storage.with(move |c| request::may_ask(c, &who, Kind::Registration, &what)).await?;
        let hash = hashed(site, password, APPLICATION_PASSWORD).await?;
        self.add(by, of, asked, Some(hash), None).await
    }

    /// Asks for a certificate: gives the private key, which is nowhere else. The password is looked at only when the
    /// application is not registered yet.
    pub(super) async fn ask_certificate(
        &self,
        site: &Site,
        by: By,
        of: Member,
        asked: Asked,
        password: SecretString,
    ) -> Result<(Request, SecretString), WebFault> {
        let (who, what) = (of.clone(), asked.clone());
        let registered = self.storage.with(move |c| request::may_ask(c, &who, Kind::Certificate, &what)).await?;
        let hash = match registered {
            Some(_) => None,
            None => Some(hashed(site, password, APPLICATION_PASSWORD).await?),
        };
        // Only now: it costs a second of a core.
        let turn = self.making.clone().acquire_owned().await.map_err(|_| WebFault::Busy)?;
        let made = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            crate::issue::new_key_pair()
        });
        let made = made.await.map_err(|_| WebFault::Busy)?;
        let (private, public) = made.map_err(|_| WebFault::Refused("No key could be made. Try again.".into()))?;
        Ok((self.add(by, of, asked, hash, Some(public)).await?, private))
    }

    async fn add(
        &self,
        by: By,
        of: Member,
        asked: Asked,
        hash: Option<SecretString>,
        public: Option<String>,
    ) -> Result<Request, WebFault> {
        let url = self.url.clone();
        let added = self.storage.write(move |c| {
            let now_ms = now_ms();
            let request = request::add(c, &of, &asked, hash.as_ref(), public.as_deref(), &by, now_ms)?;
            for to in member::administrators(c)? {
                mail::add(c, &letters::waits(&to, &url, &request, of.msa_number.as_deref()), now_ms)?;
            }
            Ok(request)
        });
        self.told(added.await)
    }

    /// Takes a request back.
    pub(super) async fn withdraw(&self, by: By, read: Request) -> Result<Request, WebFault> {
        Ok(self.storage.write(move |c| request::withdraw(c, &read, &by, now_ms())).await?)
    }

    /// Puts it on the list and issues what it asks for.
    pub(super) async fn approve(&self, by: By, read: Request) -> Result<Entry, WebFault> {
        let (url, keys) = (self.url.clone(), self.keys.clone());
        let approved = self.storage.write(move |c| {
            let now_ms = now_ms();
            let made = read.public_key.as_ref().map(|key| {
                let issued = keys.issue(&read.company, &read.application, key, now_ms / 1000);
                issued.map_err(|fault| StorageError::Refused(fault.to_string()))
            });
            let (request, entry, certificate) = request::approve(c, &read, made.transpose()?.as_ref(), &by, now_ms)?;
            if let Some(to) = email_of(c, &request.account)? {
                mail::add(c, &letters::approved(&to, &url, &request, &entry, certificate.as_ref()), now_ms)?;
            }
            Ok(entry)
        });
        self.told(approved.await)
    }

    /// Denies it.
    pub(super) async fn deny(&self, by: By, read: Request, reason: String) -> Result<Request, WebFault> {
        let url = self.url.clone();
        let denied = self.storage.write(move |c| {
            let now_ms = now_ms();
            let request = request::deny(c, &read, &reason, &by, now_ms)?;
            if let (Some(to), Some(reason)) = (email_of(c, &request.account)?, &request.reason) {
                mail::add(c, &letters::denied(&to, &url, &request, reason), now_ms)?;
            }
            Ok(request)
        });
        self.told(denied.await)
    }

    /// Lets an application enter no more.
    pub(super) async fn revoke(&self, by: By, read: Entry, reason: String) -> Result<Entry, WebFault> {
        let url = self.url.clone();
        let revoked = self.storage.write(move |c| {
            let now_ms = now_ms();
            let entry = entry::revoke(c, &read, &reason, &by, now_ms)?;
            if let (Some(to), Some(reason)) = (email_of(c, &entry.account)?, &entry.reason) {
                mail::add(c, &letters::revoked(&to, &url, &entry, reason), now_ms)?;
            }
            Ok(entry)
        });
        self.told(revoked.await)
    }

    /// Adds an account, and tells whoever it is of.
    pub(super) async fn add_member(&self, by: By, new: NewMember) -> Result<Member, WebFault> {
        let url = self.url.clone();
        let added = self.storage.write(move |c| {
            let now_ms = now_ms();
            let member = member::add(c, &new, &by, now_ms)?;
            if let Some(to) = &member.account.email {
                mail::add(c, &letters::welcome(to, &url, &member), now_ms)?;
            }
            Ok(member)
        });
        self.told(added.await)
    }

    /// Wakes who sends mail, after something was written.
    fn told<T>(&self, done: Result<T, StorageError>) -> Result<T, WebFault> {
        let done = done?;
        self.mail.notify_one();
        Ok(done)
    }
}

/// Where a member's mail goes; `None` when the account is gone or has no address.
fn email_of(connection: &mut DbConnection, account: &str) -> Result<Option<String>, StorageError> {
    Ok(member::find(connection, account)?.and_then(|member| member.account.email))
}
