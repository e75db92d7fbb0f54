//! Files of users: one that is sent is first shown as what it would do, row by row, and done when that is confirmed; all
//! users are given as a file. For administrators.
//!
//! Between the two steps the plan waits in memory: passwords are in it, which no page repeats.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::admin::scope::Scope;
use crate::admin::waiting::Waiting;
use crate::admin::work::users as work;
use crate::admin::{Admin, Here, act, look, said};
use crate::texts::filters;
use crate::users::csv::{LARGEST_FILE, MOST_PASSWORDS, MOST_ROWS};
use crate::users::import::{Counts, Line, Outcome, Plan};
use crate::web::{Shell, Site, WebFault, page, page_as};

/// Rows that a page shows: those that are refused come first.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "admin/users_import.html")]
struct ImportPage {
    shell: Shell,
    kib: usize,
    rows: usize,
    passwords: usize,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/users_plan.html")]
struct PlanPage {
    shell: Shell,
    counts: Counts,
    lines: Vec<Shown>,
    more: usize,
    /// Of the plan that waits, where it can be done.
    number: Option<u64>,
}

struct Shown {
    line: u64,
    email: String,
    what: String,
    chip: &'static str,
    bad: bool,
}

impl Shown {
    fn of(Line { line, email, outcome }: &Line) -> Self {
        let (chip, what) = match outcome {
            Outcome::Add => ("added", String::new()),
            Outcome::Change(names) => ("changed", names.join(", ")),
            Outcome::Same => ("as it is", String::new()),
            Outcome::Refused(fault) => ("refused", fault.clone()),
        };
        Self { line: *line, email: email.clone(), what, chip, bad: matches!(outcome, Outcome::Refused(_)) }
    }
}

fn import_page(site: &Site, here: &Here, fault: Option<String>) -> ImportPage {
    let shell = here.shell(site, "Import of users", "/users");
    ImportPage { shell, kib: LARGEST_FILE / 1024, rows: MOST_ROWS, passwords: MOST_PASSWORDS, fault }
}

pub(in crate::admin) async fn form(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::UsersImport).await?;
    page(&import_page(&site, &here, None))
}

pub(in crate::admin) async fn plan(
    request: HttpRequest,
    site: Data<Site>,
    imports: Data<Waiting<Plan>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersImport).await?;
    match work::plan(&site.storage, form.file("file").to_vec()).await {
        Ok(plan) => show(&site, &here, &imports, plan),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            page_as(status, &import_page(&site, &here, Some(fault)))
        }
    }
}

fn show(site: &Site, here: &Here, imports: &Waiting<Plan>, plan: Plan) -> Result<HttpResponse, WebFault> {
    let counts = plan.counts();
    let mut lines: Vec<_> = plan.lines().iter().map(Shown::of).collect();
    lines.sort_by_key(|line| !line.bad);
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    let status = if counts.refused > 0 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let number = plan.can_be_done().then(|| imports.keep(&here.visit.account.id, plan));
    page_as(status, &PlanPage { shell: here.shell(site, "Import of users", "/users"), counts, lines, more, number })
}

pub(in crate::admin) async fn confirm(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    imports: Data<Waiting<Plan>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersImport).await?;
    let running = admin.running()?;
    let plan = imports.take(&here.visit.account.id, form.get("import"))?;
    let work::UsersImport { added, changed, sessions_ended, .. } = work::import(running, plan, &here.visit.by).await?;
    let told = super::with_ended(&format!("The file is imported: {added} added, {changed} changed"), sessions_ended);
    Ok(site.told(&here.visit, told, "/users"))
}

pub(in crate::admin) async fn export(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::UsersExport).await?;
    let file = work::export(&site.storage, &here.visit.by).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"users.csv\""))
        .body(file))
}
