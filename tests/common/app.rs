//! An application: logged in, kept alive, and hearing its events in order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use oig::client::SoapClient;
use schemas::contract::cc::{
    CallEventAttributeNames as Attribute, CallEventMsg, CallEventType as Type, CallState, ConnectionState,
    DeviceFeaturesResult, EventCauseType as Why, FeatureEventMsg, FeatureEventType, StandardEventMsg, SystemEventMsg,
    SystemEventType,
};
use schemas::contract::ops_call_control_standard::{
    AnswerCall, ClearCall, GetCallStatus, GetDeviceFeatures, GetEvent, GetIcpId, GetPhoneNumberId, HoldCall, MakeCall,
    MonitorFeatures, MonitorObject, RetrieveCall, SetDeviceDnd, StopFeatureMonitor, StopMonitor,
};
use schemas::contract::ops_session::{LoginEx, Logout, ResetSessionTimer};
use schemas::contract::session::{LoginExRequest, LoginExResponse};
use schemas::contract::std::{GetIcpIdRequest, GetPhoneNumberIdRequest};
use schemas::contract::{Record, Request};
use tokio::task::JoinHandle;

use super::{PATIENCE, eventually};

pub const NO_EVENT: &str = "Timeout no event message available.";
pub const NO_SESSION: &str = "The session is not known or has ended.";
pub const NOT_MONITORED: &str = "The object is not monitored in this session.";
pub const NO_CALL: &str = "The call is not known at this object.";
pub const WRONG_STATE: &str = "The call is not in a state that allows this.";
pub const NO_ANSWER: &str = "The node did not answer in time; the outcome is not known.";

/// Well below the ten seconds that a session lives without it.
const RESET: Duration = Duration::from_secs(3);

/// What an application hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Call(Box<CallEventMsg>),
    Feature(FeatureEventMsg),
    System(SystemEventMsg),
}

/// The login of the lab's first application.
pub fn login_request() -> LoginExRequest {
    LoginExRequest {
        application_name: "Screen Pop".into(),
        company_name: "Example Co".into(),
        application_password: "screen-pop".into(),
        local_password: "lab".into(),
        version: "4.1".into(),
        certificate: None,
    }
}

pub async fn log_in(client: &SoapClient, request: LoginExRequest) -> LoginExResponse {
    client.call(&LoginEx { req: Some(request) }).await.expect("the gateway answers a login")
}

pub struct App {
    pub client: SoapClient,
    pub session_id: i64,
    /// Heard and not asked for yet.
    heard: RefCell<VecDeque<Heard>>,
    keeper: Option<JoinHandle<()>>,
}

impl App {
    /// Logs in; the session lives as long as this does.
    pub async fn login(url: &str) -> Self {
        Self::login_as(url, login_request()).await
    }

    /// The same as the lab's second application.
    pub async fn login_other(url: &str) -> Self {
        let (name, password) = ("Console".into(), "console".into());
        let request = LoginExRequest { application_name: name, application_password: password, ..login_request() };
        Self::login_as(url, request).await
    }

    /// The same as another of the lab's applications.
    pub async fn login_as(url: &str, request: LoginExRequest) -> Self {
        Self::login_unkept_as(url, request).await.kept()
    }

    /// With Advanced service.
    pub async fn login_advanced(url: &str) -> Self {
        use super::advanced;
        let client = SoapClient::new(url).expect("an HTTP client can be made");
        let login = log_in(&client, advanced::console(Some(advanced::read("console.cert.pem")))).await;
        let challenge = login.authentication_data.expect("a challenge");
        let signed = advanced::as_list(&advanced::sign("console.key.pem", &challenge, advanced::By::Sha256));
        let proven = advanced::authenticate(&client, login.session_id, &signed).await;
        assert!(proven.result, "the proof is refused: {:?}", proven.error_description);
        Self { client, session_id: login.session_id, heard: RefCell::default(), keeper: None }.kept()
    }

    /// The session lives as long as this does.
    fn kept(mut self) -> Self {
        let (client, session_id) = (self.client.clone(), self.session_id);
        self.keeper = Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RESET).await;
                // A session that has ended, or a gateway that has, is for the test to notice.
                let _ = client.call(&ResetSessionTimer { session_id }).await;
            }
        }));
        self
    }

    /// Logs in; nobody resets the session's timer.
    pub async fn login_unkept(url: &str) -> Self {
        Self::login_unkept_as(url, login_request()).await
    }

    async fn login_unkept_as(url: &str, request: LoginExRequest) -> Self {
        let client = SoapClient::new(url).expect("an HTTP client can be made");
        let login = log_in(&client, request).await;
        assert!(login.result, "the login is refused: {:?}", login.error_desc);
        assert!((1..1 << 53).contains(&login.session_id), "the session id has 53 bits");
        Self { client, session_id: login.session_id, heard: RefCell::default(), keeper: None }
    }

    pub async fn call<R: Request>(&self, request: &R) -> R::Reply
    where
        R::Reply: Record,
    {
        self.client.call(request).await.unwrap_or_else(|e| panic!("{}: {e}", R::OPERATION.name))
    }

    pub async fn reset(&self) -> bool {
        self.call(&ResetSessionTimer { session_id: self.session_id }).await.result
    }

    pub async fn logout(&self) -> bool {
        self.call(&Logout { session_id: self.session_id }).await.result
    }

    /// A node's id, once it is connected.
    pub async fn icp(&self, address: &str) -> i64 {
        eventually(&format!("the node at {address} is connected"), async || {
            let request = GetIcpIdRequest { icp_ip_address: address.to_owned(), session_id: self.session_id };
            let reply = self.call(&GetIcpId { request }).await;
            assert!(reply.result, "getIcpId is refused: {:?}", reply.error_description);
            (reply.connection_state == Some(ConnectionState::Connected)).then_some(reply.icp_id)
        })
        .await
    }

    /// The node at this address, connected or not.
    pub async fn try_icp(&self, address: &str) -> Result<i64, String> {
        let request = GetIcpIdRequest { icp_ip_address: address.to_owned(), session_id: self.session_id };
        let reply = self.call(&GetIcpId { request }).await;
        if reply.result { Ok(reply.icp_id) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    pub async fn phone_id(&self, icp_id: i64, dn: &str) -> Result<i64, String> {
        let request = GetPhoneNumberIdRequest { prime_dn: dn.to_owned(), session_id: self.session_id, icp_id };
        let reply = self.call(&GetPhoneNumberId { request }).await;
        if reply.result { Ok(reply.object_id) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    /// Waits for the node, finds the phone, and monitors it.
    pub async fn monitor(&self, address: &str, dn: &str) -> i64 {
        let icp = self.icp(address).await;
        let object = self.phone_id(icp, dn).await.expect("the node has the phone");
        self.monitor_object(object).await.expect("the monitor is accepted");
        object
    }

    pub async fn monitor_object(&self, object_id: i64) -> Result<(), String> {
        let reply = self.call(&MonitorObject { session_id: self.session_id, object_id }).await;
        assert_eq!(reply.object_id, object_id);
        if reply.result { Ok(()) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    /// Monitors a phone and hears that it is idle.
    pub async fn watch(&self, address: &str, dn: &str) -> i64 {
        let object = self.monitor(address, dn).await;
        let set = self.hear(object, Type::MonitorSet, Why::MonitorSet).await;
        assert_eq!((set.call_state, set.local_call_id), (Some(CallState::Idle), 0));
        object
    }

    pub async fn stop(&self, object_id: i64) -> Result<(), String> {
        done(self.call(&StopMonitor { session_id: self.session_id, object_id }).await)
    }

    pub async fn monitor_features(&self, object_id: i64) -> Result<(), String> {
        let reply = self.call(&MonitorFeatures { session_id: self.session_id, object_id }).await;
        if reply.result { Ok(()) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    pub async fn stop_features(&self, object_id: i64) -> Result<(), String> {
        done(self.call(&StopFeatureMonitor { session_id: self.session_id, object_id }).await)
    }

    pub async fn set_dnd(&self, object_id: i64, dnd_state: bool) -> Result<(), String> {
        done(self.call(&SetDeviceDnd { session_id: self.session_id, object_id, dnd_state }).await)
    }

    /// How the features of a monitored object are set.
    pub async fn features(&self, object_id: i64) -> Result<DeviceFeaturesResult, String> {
        let reply = self.call(&GetDeviceFeatures { session_id: self.session_id, object_id }).await;
        if reply.result { Ok(reply) } else { Err(reply.error_description.unwrap_or_default()) }
    }

    /// The next feature event of this object, whatever else is told meanwhile; it must be this one.
    pub async fn hear_feature(&self, object: i64, kind: FeatureEventType) -> FeatureEventMsg {
        let is = |heard: &Heard| matches!(heard, Heard::Feature(event) if event.object_id == object);
        let Heard::Feature(event) = self.first(kind.as_str(), is).await else {
            unreachable!("only those were asked for")
        };
        assert_eq!(event.event_type, Some(kind), "{event:?}");
        event
    }

    pub async fn make(&self, object_id: i64, number: &str) -> Result<(), String> {
        let (session_id, number) = (self.session_id, number.to_owned());
        done(self.call(&MakeCall { session_id, object_id, number, account_code: None }).await)
    }

    pub async fn answer(&self, object_id: i64, local_call_id: i64) -> Result<(), String> {
        done(self.call(&AnswerCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn clear(&self, object_id: i64, local_call_id: i64) -> Result<(), String> {
        done(self.call(&ClearCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn hold(&self, object_id: i64, local_call_id: i64) -> Result<(), String> {
        done(self.call(&HoldCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    pub async fn retrieve(&self, object_id: i64, local_call_id: i64) -> Result<(), String> {
        done(self.call(&RetrieveCall { session_id: self.session_id, object_id, local_call_id }).await)
    }

    /// The present state of a monitored object.
    pub async fn status(&self, object_id: i64) -> CallEventMsg {
        let reply = self.call(&GetCallStatus { session_id: self.session_id, object_id }).await;
        assert!(reply.result, "getCallStatus is refused: {:?}", reply.error_description);
        reply.call_event.expect("a status holds an event")
    }

    /// Waits until getCallStatus gives this state.
    pub async fn until(&self, object: i64, state: CallState) {
        eventually(&format!("{object} is {}", state.as_str()), async || {
            (self.status(object).await.call_state == Some(state)).then_some(())
        })
        .await;
    }

    /// Asks for the next event; the reply as it is.
    pub async fn poll(&self, timeout: i32) -> StandardEventMsg {
        self.call(&GetEvent { session_id: self.session_id, timeout }).await
    }

    /// The next event.
    pub async fn next(&self) -> Heard {
        let timeout = i32::try_from(PATIENCE.as_millis()).expect("a poll's length");
        heard(self.poll(timeout).await)
    }

    async fn first(&self, what: &str, is: impl Fn(&Heard) -> bool) -> Heard {
        loop {
            {
                let mut heard = self.heard.borrow_mut();
                if let Some(at) = heard.iter().position(&is) {
                    return heard.remove(at).expect("it was found there");
                }
            }
            let timeout = i32::try_from(PATIENCE.as_millis()).expect("a poll's length");
            let reply = self.poll(timeout).await;
            assert!(
                reply.result,
                "{what} does not come ({:?}); heard besides: {:?}",
                reply.error_description,
                self.heard.borrow()
            );
            self.heard.borrow_mut().push_back(heard(reply));
        }
    }

    /// The next event of this object, whatever other objects tell meanwhile; it must be this one.
    pub async fn hear(&self, object: i64, kind: Type, cause: Why) -> CallEventMsg {
        let what = format!("{} / {} of {object}", kind.as_str(), cause.as_str());
        let is = |heard: &Heard| matches!(heard, Heard::Call(event) if event.object_id == object);
        let Heard::Call(event) = self.first(&what, is).await else { unreachable!("only calls were asked for") };
        assert_eq!((event.kind, event.cause), (Some(kind), Some(cause)), "instead of {what} came {event:?}");
        *event
    }

    /// The next event of this object, whatever it is.
    pub async fn hear_of(&self, object: i64) -> CallEventMsg {
        let is = |heard: &Heard| matches!(heard, Heard::Call(event) if event.object_id == object);
        let heard = self.first(&format!("an event of {object}"), is).await;
        let Heard::Call(event) = heard else { unreachable!("only calls were asked for") };
        *event
    }

    /// The next event that is not of a call; it must be this one.
    pub async fn hear_system(&self, kind: SystemEventType, state: Option<ConnectionState>) -> SystemEventMsg {
        let is = |heard: &Heard| matches!(heard, Heard::System(_));
        let Heard::System(event) = self.first(kind.as_str(), is).await else {
            unreachable!("only those were asked for")
        };
        assert_eq!((event.event_type, event.connection_state), (Some(kind), state), "{event:?}");
        event
    }

    /// Fails when something was heard that nobody asked for, or something is there to hear.
    pub async fn heard_everything(&self) {
        let reply = self.poll(1).await;
        assert!(!reply.result, "one more event: {:?}", heard(reply));
        assert_eq!(reply.error_description.as_deref(), Some(NO_EVENT));
        assert!(self.heard.borrow().is_empty(), "heard besides: {:?}", self.heard.borrow());
    }

    /// Lets go of everything that there is to hear now.
    pub async fn forget(&self) {
        self.heard.borrow_mut().clear();
        while self.poll(1).await.result {}
    }

    /// `caller` has called `callee`, who has answered: the legs of both.
    pub async fn connect(&self, caller: i64, callee: i64, number: &str) -> (i64, i64) {
        self.make(caller, number).await.expect("makeCall is accepted");
        let ours = self.hear(caller, Type::CallOriginated, Why::NewCallInvoked).await.local_call_id;
        self.hear(caller, Type::CallDelivered, Why::Delivered).await;
        let theirs = self.hear(callee, Type::CallReceived, Why::NewCall).await.local_call_id;
        self.answer(callee, theirs).await.expect("answerCall is accepted");
        self.hear(callee, Type::CallEstablished, Why::AnsweredInvoked).await;
        self.hear(caller, Type::CallEstablished, Why::Answered).await;
        (ours, theirs)
    }

    /// `a`, who talks with `b`, has consulted `c`, who has answered: the new legs of `a` and `c`.
    pub async fn consultation(&self, [a, b, c]: [i64; 3], held: i64, number: &str) -> (i64, i64) {
        self.consult(a, held, number).await.expect("consultationCall is accepted");
        let [.., ours, theirs] = self
            .hear_each([
                (a, Type::CallHeld, Why::ConsHoldInvoked),
                (b, Type::CallHeld, Why::ConsHold),
                (a, Type::CallOriginated, Why::ConsCallInvoked),
                (a, Type::CallDelivered, Why::Delivered),
                (c, Type::CallReceived, Why::NewCall),
            ])
            .await;
        self.answer(c, theirs.local_call_id).await.expect("answerCall is accepted");
        self.hear_each([(c, Type::CallEstablished, Why::AnsweredInvoked), (a, Type::CallEstablished, Why::Answered)])
            .await;
        (ours.local_call_id, theirs.local_call_id)
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

pub fn done(reply: schemas::contract::cc::Outcome) -> Result<(), String> {
    match (reply.result, reply.error_description) {
        (true, None) => Ok(()),
        (true, Some(text)) => panic!("accepted, and yet there is the text {text:?}"),
        (false, text) => Err(text.expect("a refusal has a text")),
    }
}

fn heard(reply: StandardEventMsg) -> Heard {
    assert!(reply.result, "no event: {:?}", reply.error_description);
    match (reply.call_event, reply.feature_event, reply.system_event) {
        (Some(event), None, None) => Heard::Call(Box::new(event)),
        (None, Some(event), None) => Heard::Feature(event),
        (None, None, Some(event)) => Heard::System(event),
        other => panic!("an event that is not of one kind: {other:?}"),
    }
}

/// An attribute of a call event.
pub fn attribute(event: &CallEventMsg, name: Attribute) -> Option<String> {
    event.call_event_attribute.iter().find(|a| a.attribute_name == Some(name))?.attribute_value.clone()
}

/// The Global Call ID of a call event.
pub fn global_call_id(event: &CallEventMsg) -> String {
    attribute(event, Attribute::CurrentGlobalCallId).expect("an event of a call has a Global Call ID")
}
