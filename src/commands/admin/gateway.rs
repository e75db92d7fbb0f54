//! `oig admin --url`: by the API of a running gateway, with a token.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use reqwest::header::{AUTHORIZATION, HeaderValue, IF_MATCH};
use reqwest::{Certificate, Client, Method, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::database::find_token;
use super::{Desk, Named, NewApplication};
use crate::admin::api::{self, Page, ProblemDetails};
use crate::admin::work::accounts::{Account, SiteRole};
use crate::admin::work::applications::Application;
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::sessions::Session;
use crate::admin::work::status::Status;
use crate::admin::work::tokens::Token;
use crate::storage::StorageError;

/// Longer than the gateway may fetch a document from another server.
const PATIENCE: Duration = Duration::from_secs(75);
/// Bytes of an answer.
const LARGEST: usize = 8 * 1024 * 1024;
/// Things on a page: the most.
const PAGE: usize = 200;

pub(super) struct Gateway {
    runtime: tokio::runtime::Runtime,
    http: Client,
    base: Url,
    /// What stands in `Authorization`.
    bearer: HeaderValue,
}

impl Gateway {
    pub fn open(url: &Url, ca: Option<&Path>, token_file: Option<&Path>) -> anyhow::Result<Self> {
        let here = url.host_str().is_some_and(|host| {
            host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        });
        ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && here),
            "--url must be https: a token goes nowhere in clear"
        );
        let base = url.join(api::BASE)?;
        let token = match token_file {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
            }
            None => std::env::var("OIG_ADMIN_TOKEN")
                .context("the token is missing: OIG_ADMIN_TOKEN, or --token-file FILE")?,
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.trim())).context("the token is none")?;
        bearer.set_sensitive(true);
        crate::push::use_ring();
        let mut http = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).no_proxy().http1_only();
        if let Some(file) = ca {
            let pem = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
            http = http.tls_certs_only(Certificate::from_pem_bundle(&pem)?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, http: http.build()?, base, bearer })
    }

    /// Asks for something; a path begins with a slash.
    fn ask(&self, method: Method, path: &str, version: Option<i64>, body: Option<Value>) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header(AUTHORIZATION, self.bearer.clone());
        if let Some(version) = version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.runtime.block_on(async {
            let mut answer = request.send().await.context("the gateway cannot be reached")?;
            let status = answer.status();
            let mut text = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                ensure!(text.len() + chunk.len() <= LARGEST, "the gateway's answer is too large");
                text.extend_from_slice(&chunk);
            }
            if status.is_success() {
                return Ok(text);
            }
            match serde_json::from_slice::<ProblemDetails>(&text) {
                Ok(problem) => bail!("{}", problem.detail),
                Err(_) => bail!("the gateway answers with {status}"),
            }
        })
    }

    fn read<T: DeserializeOwned>(&self, text: &[u8]) -> anyhow::Result<T> {
        serde_json::from_slice(text).context("the gateway's answer is not understood")
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(&self.ask(Method::GET, path, None, None)?)
    }

    fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<T> {
        self.read(&self.ask(method, path, None, body)?)
    }

    /// A list, page by page, until there are so many.
    fn some<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)], most: usize) -> anyhow::Result<Vec<T>> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        while all.len() < most {
            let limit = PAGE.min(most - all.len()).to_string();
            let mut url = Url::parse("http://x/")?;
            url.query_pairs_mut().extend_pairs(query).append_pair("limit", &limit);
            if let Some(after) = &after {
                url.query_pairs_mut().append_pair("after", after);
            }
            let page: Page<T> = self.get(&format!("{path}?{}", url.query().unwrap_or_default()))?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        self.some(path, &[], usize::MAX)
    }

    fn find(&self, of: &Named) -> anyhow::Result<Application> {
        let query = [("company", of.company.as_str()), ("name", of.name.as_str())];
        let found: Vec<Application> = self.some("/applications", &query, 1)?;
        let missing = || StorageError::Missing(format!("application {} / {}", of.company, of.name));
        Ok(found.into_iter().next().ok_or_else(missing)?)
    }

    pub fn sessions(&self) -> anyhow::Result<Vec<Session>> {
        self.all("/sessions")
    }

    pub fn end_session(&self, handle: &str) -> anyhow::Result<()> {
        let plain = handle.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        ensure!(plain && !handle.is_empty(), "a handle is what the list of sessions says");
        self.ask(Method::DELETE, &format!("/sessions/{handle}"), None, None).map(drop)
    }

    pub fn status(&self) -> anyhow::Result<Status> {
        self.get("/status")
    }
}

impl Desk for Gateway {
    fn applications(&self) -> anyhow::Result<Vec<Application>> {
        self.all("/applications")
    }

    fn revoke(&self, of: &Named, revoked: bool) -> anyhow::Result<()> {
        let Application { id, version, .. } = self.find(of)?;
        let verb = if revoked { "revoke" } else { "reinstate" };
        self.ask(Method::POST, &format!("/applications/{id}/{verb}"), Some(version), None).map(drop)
    }

    fn give_local_password(&self, of: &Named, password: SecretString, overlap_hours: u16) -> anyhow::Result<()> {
        let Application { id, version, .. } = self.find(of)?;
        let body = json!({ "local_password": password.expose_secret(), "overlap_hours": overlap_hours });
        let path = format!("/applications/{id}/local-password");
        self.ask(Method::PUT, &path, Some(version), Some(body)).map(drop)
    }

    fn has_list(&self) -> anyhow::Result<bool> {
        Ok(self.get::<AccessControlList>("/access-control-list")?.used)
    }

    fn add_application(&self, new: NewApplication) -> anyhow::Result<()> {
        let mut body = json!({
            "company": new.company,
            "name": new.name,
            "service": new.service,
            "local_password": new.local_password.expose_secret(),
        });
        if let Some(password) = &new.application_password {
            body["application_password"] = password.expose_secret().into();
        }
        self.ask(Method::POST, "/applications", None, Some(body)).map(drop)
    }

    fn list(&self, fetch: bool) -> anyhow::Result<(AccessControlList, Vec<ListEntry>)> {
        if fetch {
            self.ask(Method::POST, "/access-control-list/fetch", None, None)?;
        }
        Ok((self.get("/access-control-list")?, self.all("/access-control-list/entries")?))
    }

    fn licence(&self, fetch: bool, install: Option<String>) -> anyhow::Result<LicenceState> {
        match install {
            Some(text) => self.send(Method::PUT, "/licence", Some(json!({ "licence": text.trim() }))),
            None if fetch => self.send(Method::POST, "/licence/fetch", None),
            None => self.get("/licence"),
        }
    }

    fn accounts(&self) -> anyhow::Result<Vec<Account>> {
        self.all("/accounts")
    }

    fn add_account(
        &self,
        name: String,
        email: Option<String>,
        role: SiteRole,
        password: SecretString,
    ) -> anyhow::Result<Account> {
        let body = json!({ "name": name, "email": email, "role": role, "password": password.expose_secret() });
        self.send(Method::POST, "/accounts", Some(body))
    }

    fn tokens(&self) -> anyhow::Result<Vec<Token>> {
        self.all("/tokens")
    }

    fn remove_token(&self, account: &str, name: &str) -> anyhow::Result<()> {
        let token = find_token(&self.tokens()?, account, name)?;
        self.ask(Method::DELETE, &format!("/tokens/{}", token.id), None, None).map(drop)
    }

    fn log(&self, count: u32) -> anyhow::Result<Vec<LogLine>> {
        self.some("/log", &[], usize::try_from(count).map_err(|_| anyhow!("too many"))?)
    }
}
