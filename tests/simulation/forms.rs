//! The other ways in which an application is told: by its event handler, and in the advanced form.

use std::sync::PoisonError;

use schemas::contract::Record;
use schemas::contract::adv::AdvEventMsg;
use schemas::xml::Writer;

use super::polls::Numbered;
use super::world::Application;

/// Whether an application was told the same by its event handler and in the advanced form, each
/// event once and in order.
pub fn other_ways(application: &Application, numbered: &[(i32, Numbered)]) -> Vec<String> {
    let mut faults = Vec::new();
    let heard = application.heard.borrow();
    if let Some(pushed) = &application.pushed {
        let pushed = pushed.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, (number, event)) in pushed.iter().enumerate() {
            if usize::try_from(*number) != Ok(at + 1) {
                faults.push(format!("its handler took number {number} as its {at}th event"));
                break;
            }
            let polled = numbered.iter().find(|(n, _)| u32::try_from(*n) == Ok(*number));
            let same = polled.is_none_or(|(_, polled)| match polled {
                Numbered::Standard(polled) => {
                    let mut out = Writer::new();
                    polled.write_children(&mut out);
                    event.standard() == Some(&*out.finish())
                }
                Numbered::Advanced(_) => false,
            });
            if !same {
                faults.push(format!("its handler took another event as number {number}"));
                break;
            }
        }
        if pushed.len() != heard.len() {
            faults.push(format!("{} events, its handler took {}", heard.len(), pushed.len()));
        }
    }
    if let Some(advanced) = &application.heard_advanced {
        let advanced = advanced.borrow();
        let differs = heard.iter().zip(advanced.iter()).position(|(h, a)| AdvEventMsg::from(h.event.clone()) != *a);
        if let Some(at) = differs {
            faults.push(format!("event {at} in the advanced form: {:?} for {:?}", advanced[at], heard[at].event));
        }
        if advanced.len() != heard.len() {
            faults.push(format!("{} events, {} in the advanced form", heard.len(), advanced.len()));
        }
    }
    faults
}
