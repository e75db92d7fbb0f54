//! Files of nodes' forms. One that is sent is compared with what is kept, and is shown as what it would do, row by row; it is done
//! when that is confirmed. Both take a while for a large form: they go on by themselves, and the page of the import says how far
//! they are. For administrators; any form is given as a file to whoever may see it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use schemas::data::{FORMS, Form};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::scope::Scope;
use super::work::data as copies;
use super::work::data::NodeCopy;
use super::work::forms::{self as work, FormImport, FormImportRow, RowOutcome};
use super::{Admin, act, look, said};
use crate::data::file::{LARGEST_FILE, MOST_ROWS};
use crate::data::import::{Plan, Progress};
use crate::texts::filters;
use crate::web::{Shell, Site, Title, WebFault, page, page_as, see};

/// How long an import is shown, and waits to be confirmed.
const WAITS: Duration = Duration::from_secs(10 * 60);
/// Imports that are shown; the oldest goes for a new one. A file is in memory until then.
const MOST: usize = 4;
/// Those that are at work.
const WORKING: usize = 2;

/// The imports, one for each account.
pub(super) struct Jobs {
    /// The number of the last one, and those that are shown.
    all: Mutex<(u64, Vec<Job>)>,
    working: Arc<Semaphore>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { all: Mutex::default(), working: Arc::new(Semaphore::new(WORKING)) }
    }
}

/// An import. Cheap to clone.
#[derive(Clone)]
struct Job {
    account: String,
    number: u64,
    since: Instant,
    ceid: u16,
    form: &'static Form,
    progress: Progress,
    stage: Arc<Mutex<Stage>>,
}

/// How far it is.
#[derive(Clone)]
enum Stage {
    /// The file is compared with what is kept.
    Comparing,
    /// It is known what it would do.
    Planned(Plan),
    /// It is being done.
    Writing(Plan),
    Done(FormImport),
    /// Why not, as a sentence; then nothing was done.
    Failed(String),
}

impl Job {
    fn stage(&self) -> Stage {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// What was planned, to be done now: once.
    fn take(&self) -> Option<Plan> {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Stage::Planned(plan) = &*stage else { return None };
        let plan = plan.clone();
        *stage = Stage::Writing(plan.clone());
        Some(plan)
    }
}

impl Jobs {
    fn begin(&self, account: &str, ceid: u16, form: &'static Form) -> Job {
        let mut guard = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, all) = &mut *guard;
        *last += 1;
        let job = Job {
            account: account.to_owned(),
            number: *last,
            since: Instant::now(),
            ceid,
            form,
            progress: Progress::default(),
            stage: Arc::new(Mutex::new(Stage::Comparing)),
        };
        all.retain(|one| one.account != account && one.since.elapsed() < WAITS);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(job.clone());
        job
    }

    fn find(&self, account: &str, number: &str) -> Result<Job, WebFault> {
        let number: u64 = number.parse().map_err(|_| WebFault::NotFound)?;
        let guard = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let found = guard.1.iter().find(|job| job.account == account && job.number == number);
        found
            .filter(|job| job.since.elapsed() < WAITS)
            .cloned()
            .ok_or_else(|| WebFault::Refused("The import waited for too long, or another one took its place.".into()))
    }
}

/// Why it was not done, as a sentence.
fn why(fault: &WebFault) -> String {
    tracing::warn!(%fault, "a form was not imported");
    fault.to_string()
}

#[derive(Template)]
#[template(path = "admin/data_import.html")]
struct ImportPage {
    shell: Shell,
    node: NodeCopy,
    forms: &'static [Form],
    /// The one that was chosen.
    form: String,
    mib: usize,
    rows: usize,
    fault: Option<String>,
}

fn import_page(shell: Shell, node: NodeCopy, form: &str, fault: Option<String>) -> ImportPage {
    let (mib, rows) = (LARGEST_FILE / 1024 / 1024, MOST_ROWS);
    ImportPage { shell, node, forms: FORMS, form: form.to_owned(), mib, rows, fault }
}

fn title(ceid: u16) -> Title {
    Title { text: "Import of a form of node {0}", value: ceid.to_string() }
}

pub(super) async fn page_of(
    request: HttpRequest,
    path: Path<u16>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::DataImport).await?;
    let node = copies::one(admin.running()?, *path).await?;
    page(&import_page(here.shell(&site, title(*path), "/data"), node, "", None))
}

pub(super) async fn begin(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    jobs: Data<Jobs>,
) -> Result<HttpResponse, WebFault> {
    let (here, fields) = act(&site, &request, Scope::DataImport).await?;
    let ceid: u16 = fields.get("node").parse().map_err(|_| WebFault::NoForm)?;
    let node = copies::one(admin.running()?, ceid).await?;
    let name = fields.get("form").to_owned();
    let refused = |text: &str| {
        let (status, fault) = said(WebFault::Refused(text.into()))?;
        page_as(status, &import_page(here.shell(&site, title(ceid), "/data"), node.clone(), &name, Some(fault)))
    };
    let Some(form) = schemas::data::form(&name) else { return refused("Choose a form.") };
    let file = fields.file("file");
    if file.is_empty() {
        return refused("Choose a file.");
    }
    let turn = jobs.working.clone().try_acquire_owned().map_err(|_| WebFault::Busy)?;
    let job = jobs.begin(&here.visit.account.id, ceid, form);
    let number = job.number;
    actix_web::rt::spawn(async move {
        let _turn = turn;
        let planned = match admin.running() {
            Ok(running) => work::plan(running, ceid, form, file, &job.progress).await,
            Err(fault) => Err(fault),
        };
        job.is(planned.map_or_else(|fault| Stage::Failed(why(&fault)), Stage::Planned));
    });
    Ok(see(&format!("/admin/data/import/{number}")))
}

pub(super) async fn confirm(
    request: HttpRequest,
    path: Path<String>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    jobs: Data<Jobs>,
) -> Result<HttpResponse, WebFault> {
    let (here, _) = act(&site, &request, Scope::DataImport).await?;
    let job = jobs.find(&here.visit.account.id, &path)?;
    let turn = jobs.working.clone().try_acquire_owned().map_err(|_| WebFault::Busy)?;
    let number = job.number;
    // Whoever confirms it twice sees it being done.
    if let Some(plan) = job.take() {
        let by = here.visit.by.clone();
        actix_web::rt::spawn(async move {
            let _turn = turn;
            let done = match admin.running() {
                Ok(running) => work::import(running, &plan, &job.progress, &by).await,
                Err(fault) => Err(fault),
            };
            job.is(done.map_or_else(|fault| Stage::Failed(why(&fault)), Stage::Done));
        });
    }
    Ok(see(&format!("/admin/data/import/{number}")))
}

#[derive(Template)]
#[template(path = "admin/data_job.html")]
struct JobPage {
    shell: Shell,
    ceid: u16,
    form: &'static Form,
    number: u64,
    /// Of rows that are done, and all of them, while it is at work; all are none as long as they are not known.
    working: Option<(usize, usize)>,
    import: Option<FormImport>,
    /// It waits to be confirmed.
    waits: bool,
    fault: Option<String>,
}

impl JobPage {
    fn is_refused(row: &FormImportRow) -> bool {
        row.outcome == RowOutcome::Refused
    }

    fn word(row: &FormImportRow) -> &'static str {
        match row.outcome {
            RowOutcome::Added => "added",
            RowOutcome::Changed => "changed",
            RowOutcome::Removed => "removed",
            RowOutcome::Refused => "refused",
        }
    }

    fn what(row: &FormImportRow) -> String {
        row.fault.clone().unwrap_or_else(|| row.columns.join(", "))
    }

    /// Rows that are not shown.
    fn more(import: &FormImport) -> usize {
        let FormImport { added, changed, removed, refused, .. } = import;
        (added + changed + removed + refused).saturating_sub(import.rows.len())
    }
}

pub(super) async fn job(
    request: HttpRequest,
    path: Path<String>,
    site: Data<Site>,
    jobs: Data<Jobs>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::DataImport).await?;
    let job = jobs.find(&here.visit.account.id, &path)?;
    let amounts = job.progress.amounts();
    let shown = JobPage {
        shell: here.shell(&site, title(job.ceid), "/data"),
        ceid: job.ceid,
        form: job.form,
        number: job.number,
        working: None,
        import: None,
        waits: false,
        fault: None,
    };
    page(&match job.stage() {
        Stage::Comparing => JobPage { working: Some(amounts), ..shown },
        Stage::Writing(plan) => JobPage { working: Some(amounts), import: Some(FormImport::of(&plan)), ..shown },
        Stage::Planned(plan) => {
            let waits = plan.can_be_done() && plan.changes_something();
            JobPage { waits, import: Some(FormImport::of(&plan)), ..shown }
        }
        Stage::Done(import) => JobPage { import: Some(import), ..shown },
        Stage::Failed(fault) => JobPage { fault: Some(fault), ..shown },
    })
}

pub(super) async fn export(
    request: HttpRequest,
    path: Path<(u16, String)>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    look(&site, &request, Scope::DataRead).await?;
    let (ceid, name) = path.into_inner();
    let form = work::form(&name)?;
    let file = work::export(admin.running()?, ceid, form).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}-{ceid}.csv\"", form.name)))
        .body(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_import_and_the_oldest_goes_for_a_new_one() {
        let jobs = Jobs::default();
        let phones = schemas::data::form("phones").expect("a form");
        let number = |account: &str| jobs.begin(account, 1, phones).number.to_string();
        let first = number("a");
        assert!(jobs.find("a", &first).is_ok());
        assert!(matches!(jobs.find("b", &first), Err(WebFault::Refused(_))), "it is somebody else's");
        assert!(matches!(jobs.find("a", "x"), Err(WebFault::NotFound)));
        let second = number("a");
        assert!(jobs.find("a", &first).is_err() && jobs.find("a", &second).is_ok());
        let others: Vec<_> = (0..MOST).map(|other| number(&format!("other {other}"))).collect();
        assert!(jobs.find("a", &second).is_err());
        assert!(jobs.find("other 0", &others[0]).is_ok());
    }

    #[test]
    fn how_far_it_is_is_a_bar_as_soon_as_the_rows_are_counted() {
        let shown = |working| {
            let form = schemas::data::form("phones").expect("a form");
            let shell = Shell::default();
            let (import, waits, fault) = (None, false, None);
            let page = JobPage { shell, ceid: 1, form, number: 7, working: Some(working), import, waits, fault };
            page.render().expect("a page")
        };
        let counting = shown((0, 0));
        assert!(
            counting.contains("<progress id=\"progress\"></progress>") && !counting.contains("Row 0"),
            "{counting}"
        );
        let halfway = shown((1500, 3000));
        assert!(halfway.contains("<progress id=\"progress\" value=\"1500\" max=\"3000\"></progress>"), "{halfway}");
        assert!(halfway.contains("Row 1500 of 3000."), "{halfway}");
        assert!(halfway.contains("data-soon") && halfway.contains("data-live"), "it goes on by itself");
    }
}
