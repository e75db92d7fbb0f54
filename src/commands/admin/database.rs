//! `oig admin` with the database itself.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::who;
use super::{Desk, Named, NewApplication};
use crate::acl::AccessList;
use crate::admin::scope::Scope;
use crate::admin::work;
use crate::admin::work::applications::Application;
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::nodes::{Node, NodeSettings};
use crate::admin::work::restore::Restored;
use crate::admin::work::texts::{self, ImportedTexts, UiLanguage, UiTexts};
use crate::admin::work::tokens::{self, NewToken, Token};
use crate::admission::hash_secret;
use crate::backup;
use crate::fetched::{Fetched, Signed};
use crate::licence::Licences;
use crate::live_settings::{self, Wanted};
use crate::nodes::{self, Specific};
use crate::settings::{self, ApplicationLimits, Settings, Source};
use crate::storage::account;
use crate::storage::change::now_ms;
use crate::storage::node::{self, Kept};
use crate::storage::{
    By, DbConnection, Known, Storage, StorageError, Vault, api_token, application, audit, changed_settings,
};
use crate::texts::import::{self, Translated};

pub(super) struct Database {
    pub storage: Storage,
    pub settings: Settings,
    pub by: By,
    pub now_ms: i64,
}

impl Database {
    pub fn open(settings: &Path) -> anyhow::Result<Self> {
        let settings = Settings::read(settings)?;
        let options = settings.storage.options().map_err(|fault| anyhow!("storage.url: {fault}"))?;
        let storage = Storage::open(&options)?;
        Ok(Self { storage, settings, by: who(), now_ms: now_ms() })
    }

    fn access_list(&self) -> anyhow::Result<Option<AccessList>> {
        Ok(AccessList::open(&self.settings.acl, &self.storage.gateway_id(self.now_ms)?)?)
    }

    /// A node as it is kept, in the version that was read.
    fn kept_node(&self, read: &Node) -> anyhow::Result<Kept> {
        let kept = self.kept_nodes()?.into_iter().find(|kept| kept.node.ceid == read.ceid);
        let mut kept = kept.ok_or_else(|| StorageError::Missing(format!("node {}", read.ceid)))?;
        kept.version = read.version;
        Ok(kept)
    }

    fn kept_nodes(&self) -> anyhow::Result<Vec<Kept>> {
        Ok(self.storage.blocking(self.storage.sealing(node::all))?)
    }

    /// Changes nodes and looks whether a gateway would start with them, in one transaction.
    fn write_nodes(
        &self,
        change: impl FnOnce(&mut DbConnection, &Vault) -> Result<(), StorageError>,
    ) -> anyhow::Result<()> {
        let write = self.storage.sealing(|c, vault| {
            change(c, vault)?;
            nodes::fits(c, vault, &self.settings)
        });
        Ok(self.storage.blocking(|c| c.write(write))?)
    }

    /// Makes a token for an account, with all that it may for `None`; gives it.
    pub fn add_token(
        &self,
        account: &str,
        name: String,
        scopes: Option<Vec<Scope>>,
        days: Option<u16>,
    ) -> anyhow::Result<String> {
        let account = self.storage.blocking(|c| account::find(c, account))?;
        let scopes = scopes.unwrap_or_else(|| Scope::of_role(account.role).collect());
        let (new, secret) = NewToken { name, scopes, days }.made(&account, self.now_ms).map_err(|why| anyhow!(why))?;
        self.storage.blocking(|c| c.write(|c| api_token::add(c, &new, &self.by, self.now_ms)))?;
        Ok(secret.expose_secret().to_owned())
    }
}

/// Fetches a document as the gateway does.
fn fetch<D: Signed>(document: &Fetched<D>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(document.fetch())?;
    Ok(())
}

pub(super) fn hashed(password: &SecretString) -> anyhow::Result<SecretString> {
    Ok(hash_secret(password).map_err(|e| anyhow!("cannot be hashed: {e}"))?.into())
}

impl Desk for Database {
    fn applications(&self) -> anyhow::Result<Vec<Application>> {
        let document = self.access_list()?.map(|list| list.document());
        let entries = document.map(|document| document.map(|d| d.entries.clone()).unwrap_or_default());
        let of = |kept| Application::of(kept, entries.as_deref(), self.now_ms);
        Ok(self.storage.blocking(application::all)?.into_iter().map(of).collect())
    }

    fn revoke(&self, of: &Named, revoked: bool) -> anyhow::Result<()> {
        self.storage.blocking(|c| {
            c.write(|c| {
                let read = application::find(c, &of.company, &of.name)?;
                application::revoke(c, &read, revoked, &self.by, self.now_ms)
            })
        })?;
        Ok(())
    }

    fn remove_application(&self, of: &Named) -> anyhow::Result<()> {
        self.storage.blocking(|c| {
            c.write(|c| {
                let read = application::find(c, &of.company, &of.name)?;
                application::remove(c, &read, &self.by, self.now_ms)
            })
        })?;
        Ok(())
    }

    fn give_local_password(&self, of: &Named, password: SecretString, overlap_hours: u16) -> anyhow::Result<()> {
        let hash = hashed(&password)?;
        let until_ms = self.now_ms + i64::from(overlap_hours) * 3_600_000;
        self.storage.blocking(|c| {
            c.write(|c| {
                let read = application::find(c, &of.company, &of.name)?;
                application::rotate(c, &read, &hash, until_ms, &self.by, self.now_ms)
            })
        })?;
        Ok(())
    }

    fn has_list(&self) -> anyhow::Result<bool> {
        Ok(self.settings.acl.is_set())
    }

    fn add_application(&self, new: NewApplication) -> anyhow::Result<()> {
        let application = settings::Application {
            company: new.company,
            name: new.name,
            application_password: new.application_password.as_ref().map(hashed).transpose()?.unwrap_or_default(),
            local_password: hashed(&new.local_password)?,
            revoked: false,
            service: new.service,
            limits: ApplicationLimits::default(),
        };
        let label = application.label();
        self.storage.blocking(|c| {
            let add = |c: &mut DbConnection, vault: &Vault| {
                application::add(c, &application.into(), &self.by, self.now_ms)?;
                // What no gateway would start with is not kept.
                let checked = Known::read(c, vault)?.over(&self.settings).check_in(Source::Database);
                checked.map_err(|fault| StorageError::Invalid { object: label.clone(), fault: fault.to_string() })
            };
            c.write(self.storage.sealing(add))
        })?;
        Ok(())
    }

    fn list(&self, fetch_it: bool) -> anyhow::Result<(AccessControlList, Vec<ListEntry>)> {
        let list = self.access_list()?;
        if let Some(list) = list.as_ref().filter(|_| fetch_it) {
            fetch(list)?;
        }
        let state = list.map(|list| list.state());
        let document = state.as_ref().and_then(|state| state.document.as_ref());
        let entries = document.map(|document| document.entries.iter().map(ListEntry::from).collect());
        Ok((AccessControlList::of(state.as_ref()), entries.unwrap_or_default()))
    }

    fn licence(&self, fetch_it: bool, install: Option<String>) -> anyhow::Result<LicenceState> {
        let gateway = self.storage.gateway_id(self.now_ms)?;
        let licences = Licences::open(&self.settings.licence, &gateway)?;
        if let Some(licences) = &licences {
            if fetch_it {
                fetch(licences)?;
            }
            if let Some(text) = install {
                licences.install(&text)?;
            }
        }
        let (state, grace) = (licences.map(|licences| licences.state()), self.settings.licence.grace());
        Ok(LicenceState::of(&gateway, state.as_ref(), grace, now_ms()))
    }

    fn languages(&self) -> anyhow::Result<Vec<UiLanguage>> {
        Ok(self.storage.blocking(texts::read)?)
    }

    fn texts(&self, language: &str) -> anyhow::Result<UiTexts> {
        Ok(self.storage.blocking(|c| texts::read_texts(c, language.to_owned()))?)
    }

    fn import_texts(
        &self,
        language: &str,
        texts: Vec<Translated>,
        version: Option<i64>,
    ) -> anyhow::Result<ImportedTexts> {
        let rows = import::rows(texts);
        let imported = self.storage.blocking(|c| {
            c.write(|c| {
                let plan = texts::read_plan(c, language.to_owned(), rows)?;
                let mut imported = ImportedTexts::of(&plan);
                if let Some(version) = version {
                    if version != plan.version() {
                        return Err(StorageError::Changed(format!("texts in {language}")));
                    }
                    plan.apply(c, &self.by, self.now_ms)?;
                    imported.done = true;
                }
                Ok(imported)
            })
        });
        Ok(imported?)
    }

    fn remove_texts(&self, language: &str) -> anyhow::Result<()> {
        let remove = |c: &mut DbConnection| texts::remove_in(c, language, None, &self.by, self.now_ms);
        Ok(self.storage.blocking(|c| c.write(remove))?)
    }

    fn tokens(&self) -> anyhow::Result<Vec<Token>> {
        Ok(self.storage.blocking(tokens::read)?)
    }

    fn remove_token(&self, account: &str, name: &str) -> anyhow::Result<()> {
        let token = find_token(&self.tokens()?, account, name)?;
        self.storage
            .blocking(|c| c.write(|c| api_token::remove(c, &token.id, &token.account, &self.by, self.now_ms)))?;
        Ok(())
    }

    fn nodes(&self) -> anyhow::Result<Vec<Node>> {
        Ok(self.kept_nodes()?.iter().map(|kept| Node::of(kept, None)).collect())
    }

    fn add_node(&self, ceid: u16, settings: NodeSettings, info: Option<SecretString>) -> anyhow::Result<()> {
        let to = nodes::with(settings.node(ceid), Specific::Become(info), None);
        nodes::usable(&to, &self.settings)?;
        self.write_nodes(|c, vault| node::add(c, vault, &to, &self.by, self.now_ms).map(drop))
    }

    fn change_node(
        &self,
        read: &Node,
        settings: NodeSettings,
        info: Option<Option<SecretString>>,
    ) -> anyhow::Result<()> {
        let kept = self.kept_node(read)?;
        let (to, specific) = (settings.node(read.ceid), info.map_or(Specific::Keep, Specific::Become));
        nodes::usable(&to, &self.settings)?;
        self.write_nodes(|c, vault| nodes::rewrite(c, vault, kept, to, specific, &self.by, self.now_ms).map(drop))
    }

    fn remove_node(&self, read: &Node) -> anyhow::Result<()> {
        let kept = self.kept_node(read)?;
        self.write_nodes(|c, _| node::remove(c, &kept, &self.by, self.now_ms))
    }

    fn all_settings(&self) -> anyhow::Result<work::settings::Settings> {
        let kept = self.storage.blocking(changed_settings::read)?;
        // What waits for the next start of a gateway is known to that gateway alone.
        let shown = live_settings::shown(&self.settings, None, &kept.changed);
        Ok(work::settings::Settings { version: kept.version, settings: shown.into_iter().map(Into::into).collect() })
    }

    fn change_settings(&self, version: i64, wanted: Wanted) -> anyhow::Result<()> {
        let Self { storage, settings, by, now_ms } = self;
        let write = |c: &mut DbConnection| live_settings::write(c, settings, Some(version), &wanted, by, *now_ms);
        Ok(storage.blocking(|c| c.write(write))?)
    }

    fn backup(&self, passphrase: SecretString) -> anyhow::Result<Vec<u8>> {
        let make = self.storage.sealing(|c, vault| Ok(backup::make(c, vault, &passphrase, self.now_ms)));
        Ok(self.storage.blocking(make)??)
    }

    fn restore(&self, file: Vec<u8>, passphrase: SecretString) -> anyhow::Result<Restored> {
        let opened = backup::open(&file, &passphrase)?;
        let fits = |known: &Known| known.over(&self.settings).check_in(Source::Database);
        let restore =
            self.storage.sealing(|c, vault| Ok(backup::restore(c, vault, &opened, fits, &self.by, self.now_ms)));
        Ok(Restored { rows: self.storage.blocking(restore)??, made_at_ms: opened.0.made_at_ms })
    }

    fn log(&self, count: u32) -> anyhow::Result<Vec<LogLine>> {
        let newest = self.storage.blocking(|c| audit::newest(c, None, count))?;
        Ok(newest.into_iter().map(LogLine::from).collect())
    }
}

/// The token of this account and name.
pub(super) fn find_token(all: &[Token], account: &str, name: &str) -> anyhow::Result<Token> {
    let is = |token: &&Token| token.account == account.to_lowercase() && token.name == name;
    all.iter().find(is).cloned().with_context(|| format!("token {name} of {account} is not there"))
}
