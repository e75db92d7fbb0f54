//! The administration's API as programs meet it: over HTTPS with tokens, by the rights of each, with a stack that is not
//! ours, and by `oig admin --url`.

mod backups;
mod certificates;
mod command_line;
mod data;
mod life;
mod nodes;
mod programs;
mod record;
mod rights;
mod schemathesis;
mod settings;
mod support;
mod texts;
mod tokens;
mod users;
mod verbs;

pub(crate) use self::programs::token;
