//! Random numbers of the operating system, for session ids and jitter.

use actors::env::Entropy;
use ring::rand::{SecureRandom, SystemRandom};

#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        let mut bytes = [0; 8];
        // The kernel's source does not fail once it is seeded, and the process could not go on
        // without it: a guessable session id would be worse than none.
        self.0.fill(&mut bytes).expect("the system's source of random numbers works");
        u64::from_le_bytes(bytes)
    }
}
