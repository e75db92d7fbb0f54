//! The Open Integration Gateway: settings, HTTP, admission and commands around the actors, and the
//! simulated node that stands in for a switch.

pub mod acl;
pub mod admin;
pub mod admission;
pub mod advanced;
pub mod app;
pub mod applications;
pub mod backup;
pub mod certs;
pub mod client;
pub mod commands;
pub mod connect;
pub mod data;
mod entropy;
pub mod fetched;
mod following;
pub mod http;
pub mod issue;
pub mod jws;
pub mod licence;
pub mod licensing;
pub mod live_settings;
pub mod nodes;
pub mod pem;
pub mod push;
pub mod server_certificate;
pub mod settings;
pub mod sheet;
pub mod sim;
pub mod storage;
pub mod telemetry;
pub mod texts;
pub mod tls;
pub mod users;
pub mod web;
