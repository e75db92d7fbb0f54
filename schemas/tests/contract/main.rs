//! The contract from outside: rows against WSDL and XSD, samples of every operation, golden bytes,
//! bad input, and properties. One binary; a module per question.

#![allow(clippy::unwrap_used)] // a test says what is wrong by failing

mod bad_input;
mod golden;
mod properties;
mod refusals;
mod rest;
mod sample;
mod samples;
mod wsdl;
