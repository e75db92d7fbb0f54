//! The certificate server as those who use it meet it: a process of `oig certs`, over HTTPS, with a mail server that is
//! not ours, and pages in a real browser. On SQLite, and on PostgreSQL where `OIG_POSTGRES` names a server.

pub(crate) mod attacks;
pub(crate) mod flows;
mod outbox;
mod pages;
pub(crate) mod people;
mod roles;
pub(crate) mod server;
