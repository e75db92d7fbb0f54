//! The commands of `oig`, and what they share. Each command is a file.

mod admin;
mod asked;
mod backup;
mod bench;
mod certs;
mod demo;
mod lab;
mod lab_data;
mod lab_servers;
mod licences;
mod migrate;
mod node;
mod secret;
mod serve;
mod shared_lines;

use clap::{Parser, Subcommand};

use crate::settings::Log;
use crate::storage::By;

pub use self::lab::{Lab, LabOptions, settings as lab_settings, trusting as lab_trusting};
pub use self::lab_data::prepare as lab_data;

/// Open Integration Gateway: the one door between applications and a cluster of PBX nodes.
///
/// New here? `oig demo` shows a call from an application's point of view. `oig lab` starts a
/// gateway with three simulated nodes to develop against. `oig serve` is the product.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Oig {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway with a settings file.
    Serve(serve::Serve),
    /// Run one simulated node as a process of its own.
    Node(node::Node),
    /// Run a ready-made cluster: three simulated nodes and a gateway, nothing to configure.
    Lab(LabOptions),
    /// Log in as an application, monitor two phones, make a call, print each event, and end.
    Demo(demo::Demo),
    /// Measure this gateway on this machine; figures and their ratios to the budgets.
    Bench(bench::Bench),
    /// Look at and change what the database has: applications, nodes, accounts.
    Admin(admin::Admin),
    /// Keep all that the database has in a file, sealed with a passphrase.
    Backup(backup::Backup),
    /// Put what a backup has in the place of all that the database has.
    Restore(backup::Restore),
    /// Run the certificate server: registrations and certificates of applications, and the list of them.
    Certs(certs::Certs),
    /// Run the licence server, or say what it gives to gateways.
    Licences(licences::Licences),
    /// Bring the database up to date, or show what is missing. `oig serve` does it by itself.
    Migrate(migrate::Migrate),
    /// Turn a password (read from standard input) into the hash that the settings file holds.
    Secret(secret::Secret),
}

/// Reads the command line and does what it says.
///
/// # Errors
/// What went wrong, with its causes; the process then ends with 1.
pub fn run() -> anyhow::Result<()> {
    match Oig::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Node(node) => node.run(),
        Command::Lab(lab) => lab.run(),
        Command::Demo(demo) => demo.run(),
        Command::Bench(bench) => bench.run(),
        Command::Admin(admin) => admin.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Certs(certs) => certs.run(),
        Command::Licences(licences) => licences.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Secret(secret) => secret.run(),
    }
}

/// Who sits at the command line, as far as the surroundings say it.
fn who() -> By {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    By::new(name.as_deref().filter(|name| !name.is_empty()).unwrap_or("somebody"), "command line")
}

/// Runs a command that needs actors.
fn in_system<F: Future<Output = anyhow::Result<()>>>(log: &Log, run: F) -> anyhow::Result<()> {
    crate::telemetry::logs(log)?;
    actix_web::rt::System::new().block_on(run)
}

/// Logging as asked for on the command line.
fn log(filter: &str) -> Log {
    Log { filter: filter.to_owned(), ..Log::default() }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Oig::command().debug_assert();
    }
}
