//! Pages of the nodes: how it stands with each, and its settings. What they do is `work::nodes`.

mod fields;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use self::fields::{Fields, specific};
use super::scope::Scope;
use super::work::data::is_kept;
use super::work::nodes::{self, NodeTest, Standing, kept, standings};
use super::{Admin, Here, Running, act, look, said};
use crate::storage::node::Kept;
use crate::texts::filters;
use crate::web::{Form, Shell, Site, Title, WebFault, page, page_as};

#[derive(Template)]
#[template(path = "admin/nodes.html")]
struct NodesPage {
    shell: Shell,
    administers: bool,
    nodes: Vec<Standing>,
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::NodesRead).await?;
    let (administers, nodes) = (here.may(Scope::NodesWrite), standings(admin.running()?).await);
    page(&NodesPage { shell: here.shell(&site, "Nodes", "/nodes"), administers, nodes })
}

/// A node that is there.
struct Present {
    version: i64,
    changed_at_ms: i64,
    changed_by: String,
    has_specific: bool,
    /// It does not open with this gateway's key.
    is_locked: bool,
    standing: Option<Standing>,
    /// There is a copy of its forms.
    is_copied: bool,
}

#[derive(Template)]
#[template(path = "admin/node.html")]
struct NodePage {
    shell: Shell,
    operates: bool,
    administers: bool,
    fields: Fields,
    present: Option<Present>,
    fault: Option<String>,
    /// What came of a test.
    tried: Option<String>,
}

impl NodePage {
    /// `of` is a node that is there, or `None` for a new one.
    async fn of(
        site: &Site,
        running: &Running,
        here: &Here,
        fields: Option<Fields>,
        of: Option<Kept>,
    ) -> Result<Self, WebFault> {
        let node = |kept: &Kept| Title { text: "Node {0}", value: kept.node.ceid.to_string() };
        let title = of.as_ref().map_or("New node".into(), node);
        let fields = fields.unwrap_or_else(|| of.as_ref().map_or_else(Fields::blank, |kept| (&kept.node).into()));
        let present = match of {
            None => None,
            Some(kept) => {
                let is_locked = kept.is_locked();
                let Kept { node, version, changed_at_ms, changed_by, .. } = kept;
                let standing = standings(running).await.into_iter().find(|standing| standing.ceid == node.ceid);
                let has_specific = is_locked || node.application_specific_info.is_some();
                let is_copied = is_kept(running, node.ceid);
                Some(Present { version, changed_at_ms, changed_by, has_specific, is_locked, standing, is_copied })
            }
        };
        Ok(Self {
            shell: here.shell(site, title, "/nodes"),
            operates: here.may(Scope::NodesReconnect),
            administers: here.may(Scope::NodesWrite),
            fields,
            present,
            fault: None,
            tried: None,
        })
    }
}

pub(super) async fn new(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::NodesWrite).await?;
    page(&NodePage::of(&site, admin.running()?, &here, None, None).await?)
}

pub(super) async fn one(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::NodesRead).await?;
    let running = admin.running()?;
    let kept = kept(running, *path).await?;
    page(&NodePage::of(&site, running, &here, None, Some(kept)).await?)
}

pub(super) async fn add(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::NodesWrite).await?;
    let running = admin.running()?;
    let added = async {
        let mut node = Fields::from(&form).node().map_err(WebFault::Refused)?;
        node.application_specific_info = match form.get("application_specific_info") {
            "" => None,
            info => Some(info.into()),
        };
        Ok(nodes::add(running, node, &here.visit.by).await?.ceid)
    };
    match added.await {
        Ok(ceid) => Ok(site.told(&here.visit, format!("Node {ceid} is added."), &format!("/nodes/{ceid}"))),
        Err(fault) => again(&site, running, &here, &form, None, fault).await,
    }
}

pub(super) async fn change(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::NodesWrite).await?;
    let running = admin.running()?;
    let kept = kept(running, *path).await?;
    let changed = async {
        let node = with_number(&form, Some(&kept)).node().map_err(WebFault::Refused)?;
        nodes::change(running, Some(form.version()?), node, specific(&form), &here.visit.by).await
    };
    match changed.await {
        Ok(_) => Ok(site.told(&here.visit, format!("Node {path} is changed."), &format!("/nodes/{path}"))),
        Err(fault) => again(&site, running, &here, &form, Some(kept), fault).await,
    }
}

/// The form as it was sent, with what is wrong.
async fn again(
    site: &Site,
    running: &Running,
    here: &Here,
    form: &Form,
    of: Option<Kept>,
    fault: WebFault,
) -> Result<HttpResponse, WebFault> {
    let (status, fault) = said(fault)?;
    let fields = with_number(form, of.as_ref());
    page_as(status, &NodePage { fault: Some(fault), ..NodePage::of(site, running, here, Some(fields), of).await? })
}

fn with_number(form: &Form, of: Option<&Kept>) -> Fields {
    let fields = Fields::from(form);
    let ceid = of.map_or_else(|| fields.ceid.clone(), |kept| kept.node.ceid.to_string());
    Fields { ceid, ..fields }
}

/// Tries what the form says, of a new node or of one that is there, and shows the form again with what came of it.
pub(super) async fn test(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::NodesWrite).await?;
    let running = admin.running()?;
    let of = match form.get("present") {
        "" => None,
        ceid => Some(kept(running, ceid.parse().map_err(|_| WebFault::NotFound)?).await?),
    };
    let fields = with_number(&form, of.as_ref());
    let tried = async {
        let node = fields.node().map_err(WebFault::Refused)?;
        nodes::test(running, node, specific(&form), &here.visit.by).await
    };
    let (status, fault, tried) = match tried.await {
        Ok(NodeTest { fault: Some(why), .. }) => {
            (StatusCode::OK, Some(format!("There is no connection: {why}.")), None)
        }
        Ok(NodeTest { numbers: Some(listed), .. }) => (
            StatusCode::OK,
            None,
            Some(format!("The node answers: the association was made, and it lists {listed} numbers.")),
        ),
        Ok(NodeTest { .. }) => (
            StatusCode::OK,
            None,
            Some("The node answers: the association was made. It did not list its numbers.".into()),
        ),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            (status, Some(fault), None)
        }
    };
    page_as(status, &NodePage { fault, tried, ..NodePage::of(&site, running, &here, Some(fields), of).await? })
}

pub(super) async fn reconnect(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::NodesReconnect).await?;
    nodes::reconnect(admin.running()?, *path, &here.visit.by).await?;
    Ok(site.told(&here.visit, format!("Node {path} is connected to anew."), &format!("/nodes/{path}")))
}

pub(super) async fn remove(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::NodesWrite).await?;
    let running = admin.running()?;
    let kept = kept(running, *path).await?;
    match nodes::remove(running, *path, Some(form.version()?), &here.visit.by).await {
        Ok(()) => Ok(site.told(&here.visit, format!("Node {path} is removed."), "/nodes")),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            let shown = NodePage::of(&site, running, &here, None, Some(kept)).await?;
            page_as(status, &NodePage { fault: Some(fault), ..shown })
        }
    }
}
