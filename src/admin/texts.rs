//! Pages of the languages: what is translated, files of it to take away and to bring back. A file that is sent is first
//! shown as what it would do, row by row, and done when that is confirmed. What they do is `work::texts`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::scope::Scope;
use super::waiting::Waiting;
use super::work::texts::{self, UiLanguage};
use super::{Admin, Here, act, look, said};
use crate::sheet::{LARGEST_FILE, MOST_ROWS};
use crate::texts::import::{self, Counts, Line, Outcome, Plan};
use crate::texts::{filters, known};
use crate::web::{Form, Shell, Site, WebFault, page, page_as};

/// Rows that a page shows: those that are refused come first, those that change nothing last.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "admin/texts.html")]
struct TextsPage {
    shell: Shell,
    administers: bool,
    languages: Vec<UiLanguage>,
    texts: usize,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/texts_import.html")]
struct ImportPage {
    shell: Shell,
    language: String,
    kib: usize,
    rows: usize,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/texts_plan.html")]
struct PlanPage {
    shell: Shell,
    language: String,
    counts: Counts,
    lines: Vec<Shown>,
    more: usize,
    /// Of the plan that waits, where it can be done.
    number: Option<u64>,
}

struct Shown {
    line: u64,
    text: String,
    chip: &'static str,
    translation: String,
    fault: Option<String>,
}

impl Shown {
    fn of(Line { line, text, translation, outcome }: &Line) -> Self {
        let (chip, fault) = match outcome {
            Outcome::Add => ("added", None),
            Outcome::Change => ("changed", None),
            Outcome::Remove => ("removed", None),
            Outcome::Same => ("as it is", None),
            Outcome::Unknown => ("not known here", None),
            Outcome::Refused(fault) => ("refused", Some(fault.clone())),
        };
        Self { line: *line, text: text.clone(), chip, translation: translation.clone(), fault }
    }
}

async fn shown(
    site: &Site,
    admin: &Admin,
    here: &Here,
    status: StatusCode,
    fault: Option<String>,
) -> Result<HttpResponse, WebFault> {
    let languages = texts::all(admin).await?;
    let (shell, administers) = (here.shell(site, "Texts", "/texts"), here.may(Scope::TextsWrite));
    page_as(status, &TextsPage { shell, administers, languages, texts: known::all().len(), fault })
}

pub(super) async fn all(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::TextsRead).await?;
    shown(&site, &admin, &here, StatusCode::OK, None).await
}

/// Which language.
#[derive(serde::Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    language: String,
}

pub(super) async fn export(
    request: HttpRequest,
    query: Query<Wanted>,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::TextsRead).await?;
    let language = match texts::language(&query.language) {
        Ok(language) => language,
        Err(fault) => {
            let (status, fault) = said(fault)?;
            return shown(&site, &admin, &here, status, Some(fault)).await;
        }
    };
    let all = texts::texts(&admin, language).await?;
    let file = import::write(&all.texts).map_err(|_| WebFault::Page)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"texts-{}.csv\"", all.language)))
        .body(file))
}

fn import_page(site: &Site, here: &Here, language: String, fault: Option<String>) -> ImportPage {
    let shell = here.shell(site, "Import of texts", "/texts");
    ImportPage { shell, language, kib: LARGEST_FILE / 1024, rows: MOST_ROWS, fault }
}

pub(super) async fn form(
    request: HttpRequest,
    query: Query<Wanted>,
    site: Data<Site>,
) -> Result<HttpResponse, WebFault> {
    let here = look(&site, &request, Scope::TextsWrite).await?;
    page(&import_page(&site, &here, texts::language(&query.language).unwrap_or_default(), None))
}

pub(super) async fn plan(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    plans: Data<Waiting<Plan>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::TextsWrite).await?;
    match planned(&admin, &form).await {
        Ok(plan) => show(&site, &here, &plans, plan),
        Err(fault) => {
            let (status, fault) = said(fault)?;
            page_as(status, &import_page(&site, &here, form.text("language"), Some(fault)))
        }
    }
}

async fn planned(admin: &Admin, form: &Form) -> Result<Plan, WebFault> {
    let (language, file) = (texts::language(&form.text("language"))?, form.file("file"));
    // Reading half a MiB is no work for a thread that serves.
    let rows = tokio::task::spawn_blocking(move || import::read(&file)).await.map_err(|_| WebFault::Busy)?;
    texts::planned(admin, language, None, rows.map_err(|fault| WebFault::Refused(fault.to_string()))?).await
}

fn show(site: &Site, here: &Here, plans: &Waiting<Plan>, plan: Plan) -> Result<HttpResponse, WebFault> {
    let (counts, language) = (plan.counts, plan.language.clone());
    let mut lines: Vec<_> = plan.lines.iter().collect();
    lines.sort_by_key(|line| match line.outcome {
        Outcome::Refused(_) => 0,
        Outcome::Unknown => 1,
        Outcome::Add | Outcome::Change | Outcome::Remove => 2,
        Outcome::Same => 3,
    });
    let more = lines.len().saturating_sub(SHOWN);
    let lines = lines.into_iter().take(SHOWN).map(Shown::of).collect();
    let status = if counts.refused > 0 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let number = counts.can_be_done().then(|| plans.keep(&here.visit.account.id, plan));
    let shell = here.shell(site, "Import of texts", "/texts");
    page_as(status, &PlanPage { shell, language, counts, lines, more, number })
}

pub(super) async fn confirm(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    plans: Data<Waiting<Plan>>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::TextsWrite).await?;
    let plan = plans.take(&here.visit.account.id, form.get("import"))?;
    let language = plan.language.clone();
    let counts = texts::import(&admin, plan, &here.visit.by).await?;
    let told = format!("The file is imported: {} texts in {language} were given or changed.", counts.done());
    Ok(site.told(&here.visit, told, "/texts"))
}

pub(super) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    admin: Data<Arc<Admin>>,
    path: Path<String>,
) -> Result<HttpResponse, WebFault> {
    let (here, form) = act(&site, &request, Scope::TextsWrite).await?;
    let language = texts::language(&path).map_err(|_| WebFault::NotFound)?;
    texts::remove(&admin, language.clone(), Some(form.version()?), &here.visit.by).await?;
    Ok(site.told(&here.visit, format!("The texts in {language} are removed."), "/texts"))
}
