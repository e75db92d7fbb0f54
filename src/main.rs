//! The `oig` command.

fn main() -> anyhow::Result<()> {
    oig::commands::run()
}
