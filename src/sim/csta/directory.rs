//! The directory of a node, cut so that each segment fits into a frame.

use schemas::csta::message::{AppearanceType, DeviceCategory, ListedDevice, Request, Response};
use schemas::domain::DeviceRef;

use super::services::{Answer, failure};
use crate::sim::plan::Sharing;
use crate::sim::switch::{Line, Refusal, Switch};

/// Document bytes of one segment at most: peers that read a frame's length as signed take 32,767,
/// and the elements around the list need some.
const SEGMENT: usize = 30_000;
/// Markup around one device, generously.
const ENTRY: usize = 320;

/// The messages that list `devices`, the last one marked; one empty one when there are none.
pub(super) fn segments(cross_ref: &str, devices: impl Iterator<Item = DeviceRef>) -> Vec<Request> {
    let mut segments: Vec<Vec<ListedDevice>> = vec![Vec::new()];
    let mut size = 0;
    for device in devices {
        let entry = ENTRY + device.number.len() + device.name.as_deref().map_or(0, escaped);
        if size + entry > SEGMENT {
            segments.push(Vec::new());
            size = 0;
        }
        size += entry;
        if let Some(segment) = segments.last_mut() {
            segment.push(ListedDevice { device, category: DeviceCategory::Station });
        }
    }
    let last = segments.len();
    (1..)
        .zip(segments)
        .map(|(number, devices)| Request::SwitchingFunctionDevices {
            cross_ref: cross_ref.to_owned(),
            segment: u32::try_from(number).ok(),
            last: number == last,
            devices,
        })
        .collect()
}

/// How a number's lines share its calls: of a shared number's appearances, else of a set's buttons, each of which is a
/// device of its own.
pub(super) fn information(device: &DeviceRef, switch: &Switch) -> Answer {
    let shared = device.number.parse().ok().and_then(|number| switch.plan().shared.get(&number));
    let appearances = match shared.map(|shared| shared.sharing) {
        Some(Sharing::Key) => AppearanceType::ExclusiveBridged,
        Some(Sharing::Multicall) => AppearanceType::BasicBridged,
        None => {
            let line = Line::of(device).ok_or_else(|| failure(Refusal::UnknownDevice))?;
            switch.phone(line).map_err(failure)?;
            AppearanceType::SelectedStandard
        }
    };
    Ok(Response::GetLogicalDeviceInformation { appearances })
}

/// Bytes of a text on the wire, at most.
fn escaped(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() && !c.is_ascii_alphanumeric() { 6 } else { c.len_utf8() }).sum()
}
