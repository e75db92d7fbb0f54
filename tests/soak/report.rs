//! What a soak prints at its end.

use std::collections::BTreeMap;
use std::fmt;

use super::unseen::Count;

/// Violations that are printed.
const SHOWN: usize = 20;

#[derive(Debug, Default)]
pub struct Report {
    pub seed: u64,
    pub seconds: u64,
    pub nodes: usize,
    pub applications: usize,
    pub calls: usize,
    pub events: usize,
    /// How often each kind of fault struck.
    pub faults: BTreeMap<&'static str, usize>,
    /// Monitors that were set again after a fault, each application's.
    pub restored: usize,
    /// Events that came again after a gateway or a handler had died.
    pub again: usize,
    /// Changes that events were held against, and those inside an excuse.
    pub compared: usize,
    pub excused: usize,
    /// Calls that came and went while their node was not heard.
    pub unseen: Count,
    /// Resilient phones that came up at their other node, and were used there.
    pub taken_over: usize,
    pub violations: Vec<String>,
    /// What was done and what broke since everything was quiet last, in order.
    pub deeds: String,
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub fn excused_percent(&self) -> f64 {
        100.0 * self.excused as f64 / (self.compared + self.excused).max(1) as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.violations.is_empty() {
            writeln!(f, "{}", self.deeds)?;
            for violation in self.violations.iter().take(SHOWN) {
                writeln!(f, "VIOLATION {violation}")?;
            }
        }
        let Self { seed, seconds, nodes, applications, .. } = self;
        writeln!(f, "soak with seed {seed}, {seconds} s, {nodes} nodes, {applications} applications")?;
        writeln!(f, "  calls              {}", self.calls)?;
        writeln!(f, "  events             {} (and {} again after a death)", self.events, self.again)?;
        for (kind, times) in &self.faults {
            writeln!(f, "  fault: {kind:<19} {times}")?;
        }
        writeln!(f, "  restored monitors  {}", self.restored)?;
        writeln!(f, "  compared, excused  {}, {} ({:.2} %)", self.compared, self.excused, self.excused_percent())?;
        writeln!(f, "  taken over         {}", self.taken_over)?;
        let Count { told, sure, unclear, without_gateway, without_records } = self.unseen;
        write!(f, "  unseen calls       {told} told, {sure} true ({unclear} at an edge; not asked for: ")?;
        writeln!(f, "{without_gateway} while no gateway was there, {without_records} lost with their node)")?;
        write!(f, "  violations         {}", self.violations.len())
    }
}
