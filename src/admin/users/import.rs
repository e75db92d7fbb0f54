//! Files of users: one that is sent is first shown as what it would do, row by row, and done when that is confirmed; all
//! users are given as a file. For administrators.
//!
//! Between the two steps the plan stays here, in memory and for a few minutes: passwords are in it, which no page repeats.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use tokio::time::Instant;

use crate::admin::scope::Scope;
use crate::admin::work::users as work;
use crate::admin::{Admin, Here, act, look, said};
use crate::users::csv::{LARGEST_FILE, MOST_PASSWORDS, MOST_ROWS};
use crate::users::import::{Counts, Line, Outcome, Plan};
use crate::web::{Shell, Site, WebFault, page, page_as};

/// How long a plan waits to be confirmed.
const WAITS: Duration = Duration::from_secs(10 * 60);
/// Plans that wait; the oldest goes for a new one.
const MOST_WAITING: usize = 8;
/// Rows that a page shows: those that are refused come first.
const SHOWN: usize = 500;

/// A plan that waits, one for each account.
struct Waiting {
    account: String,
    /// Another one for each plan: what is confirmed is what was shown.
    number: u64,
    since: Instant,
    plan: Plan,
}

/// The plans that wait.
#[derive(Default)]
pub(in crate::admin) struct Imports(Mutex<(u64, Vec<Waiting>)>);

impl Imports {
    fn with<R>(&self, work: impl FnOnce(&mut u64, &mut Vec<Waiting>) -> R) -> R {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, waiting) = &mut *guard;
        let now = Instant::now();
        waiting.retain(|one| now - one.since < WAITS);
        work(last, waiting)
    }

    /// Keeps a plan in place of the account's last one; gives its number.
    fn keep(&self, account: &str, plan: Plan) -> u64 {
        self.with(|last, waiting| {
            waiting.retain(|one| one.account != account);
            if waiting.len() >= MOST_WAITING {
                waiting.remove(0);
            }
            *last += 1;
            waiting.push(Waiting { account: account.to_owned(), number: *last, since: Instant::now(), plan });
            *last
        })
    }

    fn take(&self, account: &str, number: u64) -> Option<Plan> {
        self.with(|_, waiting| {
            let at = waiting.iter().position(|one| one.account == account && one.number == number)?;
            Some(waiting.remove(at).plan)
        })
    }
}

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
    imports: Data<Imports>,
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

fn show(site: &Site, here: &Here, imports: &Imports, plan: Plan) -> Result<HttpResponse, WebFault> {
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
    imports: Data<Imports>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::UsersImport).await?;
    let number = form.get("import").parse().map_err(|_| WebFault::NoForm)?;
    let running = admin.running()?;
    let gone = || WebFault::Refused("The import waited for too long, or another one took its place.".into());
    let plan = imports.take(&here.visit.account.id, number).ok_or_else(gone)?;
    let work::UsersImport { added, changed, sessions_ended, .. } = work::import(running, plan, &here.visit.by).await?;
    let ended = super::and_ended(sessions_ended);
    let told = format!("The file is imported: {added} added, {changed} changed{ended}.");
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
