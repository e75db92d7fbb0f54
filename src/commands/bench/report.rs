//! What was measured, as a table for people or as JSON for scripts.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

/// What a figure is held against.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Budget {
    AtLeast(f64),
    AtMost(f64),
}

/// One line of the report.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub name: Cow<'static, str>,
    pub value: f64,
    pub unit: &'static str,
    /// `None` for what is shown to understand the others.
    pub budget: Option<Budget>,
    pub note: String,
}

impl Figure {
    pub(super) fn new(name: impl Into<Cow<'static, str>>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, budget: None, note: String::new() }
    }

    pub(super) fn within(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    pub(super) fn noted(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// Figure by budget; 1 is just kept, whichever way the budget is meant.
    fn ratio(&self) -> Option<f64> {
        match self.budget? {
            Budget::AtLeast(bound) | Budget::AtMost(bound) if bound == 0.0 => None,
            Budget::AtLeast(bound) | Budget::AtMost(bound) => Some(self.value / bound),
        }
    }

    /// Whether the budget was kept; `None` without one.
    pub(super) fn is_kept(&self) -> Option<bool> {
        self.budget.map(|budget| match budget {
            Budget::AtLeast(bound) => self.value >= bound,
            Budget::AtMost(bound) => self.value <= bound,
        })
    }

    fn verdict(&self) -> &'static str {
        match self.is_kept() {
            Some(true) => "ok",
            Some(false) => "missed",
            None => "",
        }
    }
}

/// The table.
pub(super) fn print(figures: &[Figure]) {
    let width = figures.iter().map(|figure| figure.name.len()).max().unwrap_or_default();
    println!("\n{:<width$} {:>10} {:<8} {:>10} {:>6}  {:<6}", "figure", "measured", "unit", "budget", "ratio", "");
    for figure in figures {
        let budget = match figure.budget {
            Some(Budget::AtLeast(bound)) => format!(">= {}", number(bound)),
            Some(Budget::AtMost(bound)) => format!("<= {}", number(bound)),
            None => String::new(),
        };
        let ratio = figure.ratio().map_or(String::new(), |r| format!("{r:.2}"));
        let line = format!(
            "{:<width$} {:>10} {:<8} {budget:>10} {ratio:>6}  {:<6}  {}",
            figure.name,
            number(figure.value),
            figure.unit,
            figure.verdict(),
            figure.note
        );
        println!("{}", line.trim_end());
    }
}

/// The same for scripts; `conditions` says under which it was measured.
pub(super) fn json(figures: &[Figure], conditions: &[String]) -> Value {
    let rows: Vec<Value> = figures
        .iter()
        .map(|f| {
            json!({
                "name": f.name, "value": f.value, "unit": f.unit, "budget": f.budget,
                "ratio": f.ratio(), "ok": f.is_kept(), "note": f.note,
            })
        })
        .collect();
    json!({ "conditions": conditions, "figures": rows })
}

/// As many digits as say something.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.2}"),
    }
}

/// The value below which `percent` of the samples lie; sorts them. 0 without samples.
pub(super) fn percentile(samples: &mut [u32], percent: f64) -> f64 {
    samples.sort_unstable();
    let at = (samples.len() as f64 * percent / 100.0).ceil() as usize;
    samples.get(at.max(1) - 1).copied().map_or(0.0, f64::from)
}

/// The middle one of a few values.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_kept_on_its_own_side() {
        let figure = |value, budget| Figure::new("x", value, "ms").within(budget);
        for (value, budget, kept) in [
            (0.6, Budget::AtLeast(0.55), true),
            (0.5, Budget::AtLeast(0.55), false),
            (0.5, Budget::AtMost(1.0), true),
            (1.5, Budget::AtMost(1.0), false),
            (0.0, Budget::AtMost(0.0), true),
        ] {
            assert_eq!(figure(value, budget).is_kept(), Some(kept), "{value} {budget:?}");
        }
        assert_eq!(Figure::new("x", 1.0, "ms").is_kept(), None);
    }

    #[test]
    fn percentiles_are_samples() {
        let mut samples: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentile(&mut samples, 50.0), 50.0);
        assert_eq!(percentile(&mut samples, 99.0), 99.0);
        assert_eq!(percentile(&mut [], 50.0), 0.0);
        assert_eq!(percentile(&mut [7], 50.0), 7.0);
    }
}
