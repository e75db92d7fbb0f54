//! `oig admin data`, `copy-forms`, `compare-forms`: the copies of the nodes' forms at a running gateway, by its API. Their rows
//! are read by applications and at `/admin/data`.

use reqwest::Method;

use super::gateway::Gateway;
use crate::admin::work::data::{FormCopy, NodeCopy};
use crate::storage::StorageError;
use crate::web::when;

fn copies(gateway: &Gateway) -> anyhow::Result<Vec<NodeCopy>> {
    gateway.all("/data")
}

/// Has something done with the copy of a node.
fn ask(gateway: &Gateway, ceid: u16, what: &str) -> anyhow::Result<()> {
    if !copies(gateway)?.iter().any(|copy| copy.ceid == ceid) {
        return Err(StorageError::Missing(format!("a copy of node {ceid}")).into());
    }
    gateway.ask(Method::POST, &format!("/data/{ceid}/{what}"), None, None).map(drop)
}

pub(super) fn show(gateway: &Gateway) -> anyhow::Result<()> {
    copies(gateway)?.iter().for_each(print);
    Ok(())
}

pub(super) fn copy(gateway: &Gateway, ceid: u16) -> anyhow::Result<()> {
    ask(gateway, ceid, "copy")?;
    println!("the forms of node {ceid} are to be copied anew");
    Ok(())
}

pub(super) fn compare(gateway: &Gateway, ceid: u16) -> anyhow::Result<()> {
    ask(gateway, ceid, "compare")?;
    println!("the forms of node {ceid} are to be compared");
    Ok(())
}

fn print(copy: &NodeCopy) {
    let NodeCopy { ceid, name, address, state, as_of_ms, newest_change, last_fault, rows, forms } = copy;
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    let as_of = as_of_ms.map_or_else(|| "never since the start".into(), when);
    let change = newest_change.map_or_else(|| "-".into(), |change| change.to_string());
    println!(
        "node {ceid}{name} at {address}: {}, as of {as_of}, change {change}, forms whole {} of {}, rows {rows}",
        state.words(),
        copy.whole(),
        forms.len(),
    );
    if let Some(fault) = last_fault {
        println!("  last fault {fault}");
    }
    for FormCopy { form, rows, whole, copied_at_ms, .. } in forms {
        let copied = copied_at_ms.map(|at_ms| format!(", copied {}", when(at_ms))).unwrap_or_default();
        println!("  {form:<28} rows {rows:<7} {}{copied}", whole.words());
    }
}
