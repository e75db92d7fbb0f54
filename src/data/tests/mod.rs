//! The copies on every database; and with real nodes over real sockets, in all weathers.

mod files;
mod following;
mod selects;
mod store;

use schemas::data::{Form, Row, form};
use schemas::domain::Ceid;
use serde_json::{Value, json};

use super::store::{Life, Store};
use crate::storage::tests::everywhere;

pub(super) fn ceid(number: u16) -> Ceid {
    Ceid::new(number).expect("a CEID")
}

pub(super) fn named(name: &str) -> &'static Form {
    form(name).expect("there is such a form")
}

pub(super) fn row(form: &'static Form, json: &Value) -> Row {
    form.read(json).expect("a row of the form")
}

/// A personal ring group.
pub(super) fn group(number: &str, name: &str) -> Row {
    row(named("personal_ring_groups"), &json!({ "number": number, "name": name, "one_busy_all_busy": false }))
}

/// Who writes the copy of a node in these tests.
pub(super) fn life(node: u16) -> Life {
    Life { ceid: ceid(node), number: u64::from(node) }
}

/// Runs a test with an empty store of each kind, in which these lives may write.
pub(super) async fn with_store(test: impl AsyncFn(Store)) {
    everywhere(async |options| {
        let store = Store::open(&options).expect("it can be used");
        for node in [1, 2, 9] {
            store.claim(life(node)).await.expect("claimed");
        }
        test(store).await;
    })
    .await;
}
