//! `oig admin --url`: by the API of a running gateway, with a token.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use reqwest::header::{AUTHORIZATION, HeaderValue, IF_MATCH};
use reqwest::{Client, Method, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::database::find_token;
use super::{Desk, Named, NewApplication};
use crate::admin::LARGEST_RESTORE;
use crate::admin::api::{self, OwnToken, Page, ProblemDetails};
use crate::admin::work::applications::Application;
use crate::admin::work::certificates::{Certificate, CertificateRequest, CertificateWish};
use crate::admin::work::documents::{AccessControlList, LicenceState, ListEntry};
use crate::admin::work::log::LogLine;
use crate::admin::work::nodes::{Node, NodeSettings, NodeTest};
use crate::admin::work::record::Record;
use crate::admin::work::restore::Restored;
use crate::admin::work::sessions::Session;
use crate::admin::work::settings::Settings;
use crate::admin::work::status::Status;
use crate::admin::work::texts::{ImportedTexts, UiLanguage, UiTexts};
use crate::admin::work::tokens::Token;
use crate::live_settings::Wanted;
use crate::storage::StorageError;
use crate::texts::import::Translated;
use crate::web::new_secret;

/// Longer than the gateway may fetch a document from another server.
const PATIENCE: Duration = Duration::from_secs(75);
/// Bytes of an answer: a backup is the largest.
const LARGEST: usize = crate::backup::LARGEST;
/// Things on a page: the most.
const PAGE: usize = 200;
const JSON: &str = "application/json";

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
            http = http.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem)?);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, http: http.build()?, base, bearer })
    }

    /// Asks for something; a path begins with a slash.
    pub fn ask(
        &self,
        method: Method,
        path: &str,
        version: Option<i64>,
        body: Option<Value>,
    ) -> anyhow::Result<Vec<u8>> {
        self.ask_with(method, path, version, body.map(|body| (JSON, body.to_string().into_bytes())))
    }

    /// The same with a body of any kind.
    pub fn ask_with(
        &self,
        method: Method,
        path: &str,
        version: Option<i64>,
        body: Option<(&str, Vec<u8>)>,
    ) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header(AUTHORIZATION, self.bearer.clone());
        if let Some(version) = version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).body(body);
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

    pub fn read<T: DeserializeOwned>(&self, text: &[u8]) -> anyhow::Result<T> {
        serde_json::from_slice(text).context("the gateway's answer is not understood")
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.read(&self.ask(Method::GET, path, None, None)?)
    }

    pub fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<T> {
        self.read(&self.ask(method, path, None, body)?)
    }

    /// A list, page by page, until there are so many.
    pub fn some<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)], most: usize) -> anyhow::Result<Vec<T>> {
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

    pub fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        self.some(path, &[], usize::MAX)
    }

    fn find(&self, of: &Named) -> anyhow::Result<Application> {
        let query = [("company", of.company.as_str()), ("name", of.name.as_str())];
        let found: Vec<Application> = self.some("/applications", &query, 1)?;
        let missing = || StorageError::Missing(format!("application {} / {}", of.company, of.name));
        Ok(found.into_iter().next().ok_or_else(missing)?)
    }

    /// Of the texts in a language, if they are there.
    fn version_of(&self, language: &str) -> anyhow::Result<Option<i64>> {
        Ok(self.languages()?.into_iter().find(|own| own.language == language).map(|own| own.version))
    }

    pub fn sessions(&self) -> anyhow::Result<Vec<Session>> {
        self.all("/sessions")
    }

    pub fn session(&self, handle: &str) -> anyhow::Result<Session> {
        self.get(&place_of(handle)?)
    }

    pub fn end_session(&self, handle: &str) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &place_of(handle)?, None, None).map(drop)
    }

    /// The token that asks.
    pub fn own_token(&self) -> anyhow::Result<OwnToken> {
        self.get("/token")
    }

    pub fn support_bundle(&self) -> anyhow::Result<Vec<u8>> {
        self.ask(Method::POST, "/support-bundle", None, None)
    }

    pub fn status(&self) -> anyhow::Result<Status> {
        self.get("/status")
    }

    /// Tries whether a node can be connected to as it is configured.
    pub fn test_node(&self, ceid: u16) -> anyhow::Result<NodeTest> {
        let Node { settings, .. } = self.node(ceid)?;
        self.send(Method::POST, "/nodes/test", Some(json!({ "ceid": ceid, "settings": settings })))
    }

    pub fn reconnect_node(&self, ceid: u16) -> anyhow::Result<()> {
        self.node(ceid)?;
        self.ask(Method::POST, &format!("/nodes/{ceid}/reconnect"), None, None).map(drop)
    }

    /// The flight record by these parts of a query.
    pub fn record(&self, query: &[(&str, &str)]) -> anyhow::Result<Record> {
        let mut url = Url::parse("http://x/")?;
        url.query_pairs_mut().extend_pairs(query);
        self.get(&format!("/record?{}", url.query().unwrap_or_default()))
    }

    pub fn certificates(&self) -> anyhow::Result<Vec<Certificate>> {
        Ok(self.get::<Page<Certificate>>("/certificates")?.items)
    }

    pub fn request_certificate(&self, number: u8, wish: &CertificateWish) -> anyhow::Result<String> {
        let path = format!("/certificates/{number}/request");
        let made: CertificateRequest = self.send(Method::POST, &path, Some(json!(wish)))?;
        Ok(made.request)
    }

    pub fn install_certificate(
        &self,
        number: u8,
        chain: &str,
        key: Option<&SecretString>,
    ) -> anyhow::Result<Certificate> {
        let key = key.map(|key| key.expose_secret());
        let body = json!({ "certificate": chain, "private_key": key });
        self.send(Method::PUT, &format!("/certificates/{number}"), Some(body))
    }
}

/// The path of a session.
fn place_of(handle: &str) -> anyhow::Result<String> {
    let plain = handle.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    ensure!(plain && !handle.is_empty(), "a handle is what the list of sessions says");
    Ok(format!("/sessions/{handle}"))
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

    fn remove_application(&self, of: &Named) -> anyhow::Result<()> {
        let Application { id, version, .. } = self.find(of)?;
        self.ask(Method::DELETE, &format!("/applications/{id}"), Some(version), None).map(drop)
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

    fn languages(&self) -> anyhow::Result<Vec<UiLanguage>> {
        Ok(self.get::<Page<UiLanguage>>("/texts")?.items)
    }

    fn texts(&self, language: &str) -> anyhow::Result<UiTexts> {
        self.get(&format!("/texts/{language}"))
    }

    fn import_texts(
        &self,
        language: &str,
        texts: Vec<Translated>,
        version: Option<i64>,
    ) -> anyhow::Result<ImportedTexts> {
        let seen = match version {
            Some(version) => version,
            None => self.version_of(language)?.unwrap_or(0),
        };
        let body = json!({ "texts": texts, "dry_run": version.is_none() });
        self.read(&self.ask(Method::POST, &format!("/texts/{language}/import"), Some(seen), Some(body))?)
    }

    fn remove_texts(&self, language: &str) -> anyhow::Result<()> {
        let version = self.version_of(language)?;
        let version = version.ok_or_else(|| StorageError::Missing(format!("texts in {language}")))?;
        self.ask(Method::DELETE, &format!("/texts/{language}"), Some(version), None).map(drop)
    }

    fn tokens(&self) -> anyhow::Result<Vec<Token>> {
        self.all("/tokens")
    }

    fn remove_token(&self, account: &str, name: &str) -> anyhow::Result<()> {
        let token = find_token(&self.tokens()?, account, name)?;
        self.ask(Method::DELETE, &format!("/tokens/{}", token.id), None, None).map(drop)
    }

    fn nodes(&self) -> anyhow::Result<Vec<Node>> {
        self.all("/nodes")
    }

    fn add_node(&self, ceid: u16, settings: NodeSettings, info: Option<SecretString>) -> anyhow::Result<()> {
        let info = info.as_ref().map(|info| info.expose_secret());
        let body = json!({ "ceid": ceid, "settings": settings, "application_specific_info": info });
        self.ask(Method::POST, "/nodes", None, Some(body)).map(drop)
    }

    fn change_node(
        &self,
        read: &Node,
        settings: NodeSettings,
        info: Option<Option<SecretString>>,
    ) -> anyhow::Result<()> {
        let mut body = json!({ "settings": settings });
        if let Some(info) = info {
            body["application_specific_info"] = json!(info.as_ref().map(|info| info.expose_secret()));
        }
        self.ask(Method::PUT, &format!("/nodes/{}", read.ceid), Some(read.version), Some(body)).map(drop)
    }

    fn remove_node(&self, read: &Node) -> anyhow::Result<()> {
        self.ask(Method::DELETE, &format!("/nodes/{}", read.ceid), Some(read.version), None).map(drop)
    }

    fn all_settings(&self) -> anyhow::Result<Settings> {
        self.get("/settings")
    }

    fn change_settings(&self, version: i64, wanted: Wanted) -> anyhow::Result<()> {
        self.ask(Method::PATCH, "/settings", Some(version), Some(json!(wanted))).map(drop)
    }

    fn backup(&self, passphrase: SecretString) -> anyhow::Result<Vec<u8>> {
        self.ask(Method::POST, "/backup", None, Some(json!({ "passphrase": passphrase.expose_secret() })))
    }

    fn restore(&self, file: Vec<u8>, passphrase: SecretString) -> anyhow::Result<Restored> {
        // As nothing in the file has it.
        let boundary = new_secret();
        let mut form = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"passphrase\"\r\n\r\n{}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"oig.backup\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            passphrase.expose_secret()
        )
        .into_bytes();
        form.extend(file);
        form.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
        let most_mib = LARGEST_RESTORE / 1024 / 1024;
        ensure!(form.len() <= LARGEST_RESTORE, "a gateway takes {most_mib} MiB: restore it where its database is");
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.read(&self.ask_with(Method::POST, "/backup/restore", None, Some((&kind, form)))?)
    }

    fn log(&self, count: u32) -> anyhow::Result<Vec<LogLine>> {
        self.some("/log", &[], usize::try_from(count).map_err(|_| anyhow!("too many"))?)
    }
}
