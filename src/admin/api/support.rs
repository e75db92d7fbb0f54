//! The support bundle.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use metrics_exporter_prometheus::PrometheusHandle;

use super::call::Call;
use super::document::Described;
use super::endpoint::Output;
use super::problem::Problem;
use crate::admin::work::support;

/// The file: an object whose parts are for people.
pub(super) struct Bundle(Vec<u8>);

impl Output for Bundle {
    fn answer(self) -> Result<HttpResponse, Problem> {
        let disposition = format!("attachment; filename=\"{}\"", support::FILE);
        let mut answer = HttpResponse::Ok();
        Ok(answer.insert_header((CONTENT_DISPOSITION, disposition)).content_type("application/json").body(self.0))
    }

    fn describe(to: &mut Described) {
        to.gives_any();
        to.kept_as_file();
    }
}

pub(super) async fn make(call: Call, (): ()) -> Result<Bundle, Problem> {
    let metrics = call.request.app_data::<Data<PrometheusHandle>>().map(|metrics| metrics.render());
    Ok(Bundle(support::make(call.running()?, metrics, call.by()?).await?))
}
