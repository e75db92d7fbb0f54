//! temp
pub mod listen;
pub mod plan;
