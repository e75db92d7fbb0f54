//! The gateway as its users meet it: one module per capability, in one binary.
mod simulation;
