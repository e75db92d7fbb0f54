//! What an application does with calls that are there: two legs of a line, redirection, pickup; and
//! what is configured for a device.

use schemas::contract::cc::{
    CallEventMsg, CallEventType as Type, DeviceAttributeNames, DeviceName, EventCauseType as Why,
};
use schemas::contract::ops_call_control_standard::{
    AlternateCall, CancelConsCall, ConferenceCall, ConsultationCall, GetDeviceConfiguration, GetDeviceConfigurationEx,
    GetDeviceMembers, GetLineAppearanceId, NewCall, OutPulseDigits, PickupCall, RedirectCall, SplitConferenceCall,
    TransferCall,
};
use schemas::contract::std::{
    DeviceConfigExResult, DeviceConfigResult, DeviceMembersResult, GetDeviceConfigurationRequest,
    GetDeviceMembersRequest, GetLineAppearanceIdRequest,
};

use super::app::{App, done};

type Done = Result<(), String>;

impl App {
    pub async fn consult(&self, object_id: i64, local_call_id: i64, number: &str) -> Done {
        let (session_id, number) = (self.session_id, number.to_owned());
        done(self.call(&ConsultationCall { session_id, object_id, local_call_id, number }).await)
    }

    pub async fn cancel(&self, object_id: i64, local_call_id: i64) -> Done {
        done(self.call(&CancelConsCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn alternate(&self, object_id: i64, local_call_id: i64) -> Done {
        done(self.call(&AlternateCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn transfer(&self, object_id: i64, local_call_id: i64) -> Done {
        done(self.call(&TransferCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn conference(&self, object_id: i64, local_call_id: i64) -> Done {
        done(self.call(&ConferenceCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn split(&self, object_id: i64, local_call_id: i64) -> Done {
        done(self.call(&SplitConferenceCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn new_call(&self, object_id: i64, local_call_id: i64) -> Done {
        done(self.call(&NewCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn redirect(&self, object_id: i64, local_call_id: i64, redirect_dn: &str) -> Done {
        let (session_id, redirect_dn) = (self.session_id, redirect_dn.to_owned());
        done(self.call(&RedirectCall { session_id, object_id, local_call_id, redirect_dn }).await)
    }

    pub async fn pick_up(&self, object_id: i64, ring_dn: &str) -> Done {
        let (session_id, ring_dn) = (self.session_id, ring_dn.to_owned());
        done(self.call(&PickupCall { session_id, object_id, ring_dn }).await)
    }

    pub async fn out_pulse(&self, object_id: i64, local_call_id: i64, digits: &str) -> Done {
        let (session_id, digits) = (self.session_id, digits.to_owned());
        done(self.call(&OutPulseDigits { session_id, object_id, local_call_id, digits }).await)
    }

    pub async fn appearance_id(&self, icp_id: i64, dn: &str, button_num: i32) -> Result<i64, String> {
        let prime_dn = dn.to_owned();
        let request = GetLineAppearanceIdRequest { prime_dn, session_id: self.session_id, icp_id, button_num };
        let reply = self.call(&GetLineAppearanceId { request }).await;
        if reply.result { Ok(reply.object_id) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    fn configuration_of(&self, icp_id: i64, dn: &str) -> GetDeviceConfigurationRequest {
        GetDeviceConfigurationRequest { prime_dn: dn.to_owned(), session_id: self.session_id, icp_id }
    }

    pub async fn configuration(&self, icp_id: i64, dn: &str) -> DeviceConfigResult {
        self.call(&GetDeviceConfiguration { request: self.configuration_of(icp_id, dn) }).await
    }

    pub async fn configuration_ex(&self, icp_id: i64, dn: &str) -> DeviceConfigExResult {
        self.call(&GetDeviceConfigurationEx { request: Some(self.configuration_of(icp_id, dn)) }).await
    }

    pub async fn members(&self, icp_id: i64, dn: &str) -> DeviceMembersResult {
        let request = GetDeviceMembersRequest { prime_dn: dn.to_owned(), session_id: self.session_id, icp_id };
        self.call(&GetDeviceMembers { request: Some(request) }).await
    }

    /// The next of each object in turn; gives the events.
    pub async fn hear_each<const N: usize>(&self, expected: [(i64, Type, Why); N]) -> [CallEventMsg; N] {
        let mut events = Vec::with_capacity(N);
        for (object, kind, why) in expected {
            events.push(self.hear(object, kind, why).await);
        }
        events.try_into().expect("one event for each that is expected")
    }
}

/// The devices of an event with their numbers, in the event's order.
pub fn devices(event: &CallEventMsg) -> Vec<(DeviceName, String)> {
    let number = |device: &schemas::contract::cc::Device| {
        let number = device.device_attribute.iter().find(|a| a.attribute_name == Some(DeviceAttributeNames::Number));
        number.and_then(|a| a.attribute_value.clone()).unwrap_or_default()
    };
    event.device.iter().map(|d| (d.device_name.expect("a device has a role"), number(d))).collect()
}
