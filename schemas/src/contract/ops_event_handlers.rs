//! The operations of the three services that applications host: what the gateway hands to them.
//!
//! Apart from the other tables, because here we are the caller and the answer is a bare boolean;
//! `soap::push` writes the request and reads the answer.

use super::adv::AdvEventMsg;
use super::cc::StandardEventMsg;
use super::macros::record;
use super::session::SessionHaEventMsg;

record! {
    HandleEvent = EventHandler "handleEvent" {
        elem event: "event" StandardEventMsg ?;
    }

    AdvHandleEvent = AdvEventHandler "advHandleEvent" {
        elem event: "event" AdvEventMsg ?;
    }

    SessionHaEvent = SessionHaEventHandler "sessionHAEvent" {
        elem event: "event" SessionHaEventMsg ?;
    }
}
