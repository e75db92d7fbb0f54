//! The administration's API as programs meet it: over HTTPS with tokens, by the rights of each, with a stack that is not
//! ours, and by `oig admin --url`.

mod command_line;
mod life;
mod programs;
mod rights;
mod schemathesis;
mod tokens;
