//! A message that is sent when its holder ends, be it by stop or by panic.
//!
//! actix does not tell anyone when an actor dies; an actor that holds a `LastWord` does, because
//! its fields are dropped either way. Keep it as the *last* field: the others (the socket first)
//! are then gone when the word arrives.

use actix::{Message, Recipient};

pub struct LastWord<M>
where
    M: Message + Send,
    M::Result: Send,
{
    to: Recipient<M>,
    word: Option<M>,
}

impl<M> LastWord<M>
where
    M: Message + Send,
    M::Result: Send,
{
    pub fn new(to: Recipient<M>, word: M) -> Self {
        Self { to, word: Some(word) }
    }

    /// What will be said, for a change in place.
    pub fn word(&mut self) -> Option<&mut M> {
        self.word.as_mut()
    }
}

impl<M> Drop for LastWord<M>
where
    M: Message + Send,
    M::Result: Send,
{
    fn drop(&mut self) {
        if let Some(word) = self.word.take() {
            self.to.do_send(word);
        }
    }
}
