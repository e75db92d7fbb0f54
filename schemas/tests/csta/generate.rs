//! Any message that can be said: what a strategy makes here, reader and writer must agree on.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use schemas::csta::message::{
    AppearanceType, CallConnection, CallEnd, CallEvent, CallEventKind, CallRecord, ConnectionId, DeviceCategory,
    DeviceConnection, DeviceProfile, Edition, Event, EventBody, Failure, FeatureChange, FeatureRequest,
    FeatureResponse, ForwardItem, ForwardingType, GroupCall, HotDeskOf, HotDeskRequest, HotDeskState, InformationEvent,
    JoinKind, JoinedConnection, JoinedEvent, ListedDevice, Message, Period, PresenceMonitor, PresenceRequest,
    PresenceState, PrivateFeature, PrivateRequest, PrivateResponse, ProfileLine, RecordsRequest, RecordsResponse,
    Request, Response, SpecificInfo, SystemStatus, TransferMode,
};
use schemas::csta::private::only_private;
use schemas::domain::{Account, Cause, DeviceRef, Feature, Features, Group, GroupKind, LocalState, Party, Pin};
use schemas::xml::tree::is_xml_char;

pub const EDITIONS: [Edition; 4] = [Edition::Ed3, Edition::Ed4, Edition::Ed5, Edition::Ed6];

pub const KINDS: [CallEventKind; 11] = [
    CallEventKind::ServiceInitiated,
    CallEventKind::Originated,
    CallEventKind::Delivered,
    CallEventKind::Established,
    CallEventKind::Held,
    CallEventKind::Retrieved,
    CallEventKind::Diverted,
    CallEventKind::ConnectionCleared,
    CallEventKind::Failed,
    CallEventKind::Queued,
    CallEventKind::NetworkReached,
];

const STATES: [LocalState; 7] = [
    LocalState::Null,
    LocalState::Initiated,
    LocalState::Alerting,
    LocalState::Connected,
    LocalState::Hold,
    LocalState::Queued,
    LocalState::Fail,
];

const STATUSES: [SystemStatus; 9] = [
    SystemStatus::Initializing,
    SystemStatus::Enabled,
    SystemStatus::Normal,
    SystemStatus::MessagesLost,
    SystemStatus::Disabled,
    SystemStatus::PartiallyDisabled,
    SystemStatus::OverloadImminent,
    SystemStatus::OverloadReached,
    SystemStatus::OverloadRelieved,
];

/// `Cause::Other` is not among them: it is written as `normal`.
pub const CAUSES: [Cause; 32] = [
    Cause::Normal,
    Cause::NewCall,
    Cause::MakeCall,
    Cause::Busy,
    Cause::DoNotDisturb,
    Cause::CallNotAnswered,
    Cause::InvalidNumberFormat,
    Cause::NumberUnallocated,
    Cause::DestNotObtainable,
    Cause::DestOutOfOrder,
    Cause::TrunksBusy,
    Cause::NetworkCongestion,
    Cause::NetworkNotObtainable,
    Cause::Blocked,
    Cause::Consultation,
    Cause::Alternate,
    Cause::CallForwardImmediate,
    Cause::CallForwardBusy,
    Cause::CallForwardNoAnswer,
    Cause::CallPickup,
    Cause::Redirected,
    Cause::Transfer,
    Cause::Conference,
    Cause::Distributed,
    Cause::EnteringDistribution,
    Cause::MultipleAlerting,
    Cause::Recall,
    Cause::RecallBusy,
    Cause::RecallNoAnswer,
    Cause::CallBack,
    Cause::CampOn,
    Cause::NormalClearing,
];

/// Those that servicesPermitted or our private data has a word for.
const FEATURES: [Feature; 19] = [
    Feature::TradeCall,
    Feature::NewCall,
    Feature::SplitConferenceCall,
    Feature::AnswerCall,
    Feature::RedirectCall,
    Feature::CamponCall,
    Feature::SetCallMeBack,
    Feature::IntrudeCall,
    Feature::AlternateCall,
    Feature::ConferenceCall,
    Feature::ConsultationCall,
    Feature::CancelConsultationCall,
    Feature::TransferCall,
    Feature::SendCallbackMessage,
    Feature::SetAccountCode,
    Feature::ClearCall,
    Feature::OutPulseDigits,
    Feature::HoldCall,
    Feature::RetrieveCall,
];

const FAILURES: [(&str, &str); 11] = [
    ("operation", "generic"),
    ("operation", "invalidDeviceID"),
    ("operation", "serviceNotSupported"),
    ("performanceManagement", "performanceLimitExceeded"),
    ("privateData", "cSTAPrivateDataInfoError"),
    ("privateErrorCode", "17 <&> 4"),
    ("security", "generic"),
    ("stateIncompatibility", "noCallToAnswer"),
    ("subscribedResourceAvailability", "objectMonitorLimitExceeded"),
    ("systemResourceAvailibility", "deviceOutOfService"),
    ("unspecified", ""),
];

/// Any text that a peer may use for an identifier or a name: not empty, no white space around it.
pub fn text() -> impl Strategy<Value = String> {
    "\\PC{1,40}".prop_filter_map("nothing is left", |text| {
        let text: String = text.chars().filter(|c| is_xml_char(*c)).collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}

fn device() -> impl Strategy<Value = DeviceRef> {
    let plain = "[0-9*#+,!&/%>]{1,24}".prop_map(DeviceRef::number);
    let told = ("[0-9*#+,]{1,24}", option::of(any::<u8>()), option::of(text()));
    let told = told.prop_map(|(number, button, name)| DeviceRef { button, name, ..DeviceRef::number(number) });
    let shared = ("[0-9]{1,7}", any::<u8>(), "[0-9]{8,12}", option::of(text()));
    let shared = shared.prop_map(|(number, button, set, name)| DeviceRef {
        button: Some(button),
        set: Some(set),
        name,
        ..DeviceRef::number(number)
    });
    (prop_oneof![plain, told, shared], any::<bool>(), any::<bool>())
        .prop_map(|(device, private_number, private_name)| DeviceRef { private_number, private_name, ..device })
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![
        4 => device().prop_map(Party::Known),
        1 => Just(Party::Restricted),
        1 => Just(Party::NotKnown),
    ]
}

fn connection() -> impl Strategy<Value = ConnectionId> {
    prop_oneof![
        (text(), option::of(device())).prop_map(|(call, device)| ConnectionId { call: Some(call), device }),
        device().prop_map(|device| ConnectionId { call: None, device: Some(device) }),
    ]
}

fn features() -> impl Strategy<Value = Option<Features>> {
    option::of(subsequence(FEATURES.to_vec(), 0..=FEATURES.len()).prop_map(|f| f.into_iter().collect()))
}

fn groups() -> impl Strategy<Value = GroupCall> {
    let kind = option::of(Just(GroupKind::Personal));
    let group = (device(), kind).prop_map(|(device, kind)| Box::new(Group { device, kind }));
    (option::of(group), any::<bool>()).prop_map(|(group, handoff)| GroupCall { group, handoff })
}

fn call_event() -> impl Strategy<Value = CallEvent> {
    let parties = (party(), party(), party(), party(), party(), party());
    let rest =
        (option::of(select(&STATES[..])), select(&CAUSES[..]), features(), option::of(text()), connection(), groups());
    (select(&KINDS[..]), parties, rest).prop_map(
        |(kind, (subject, calling, called, last_redirection, new_destination, network), rest)| {
            let (local, cause, permitted, global_call_id, connection, groups) = rest;
            let mut event = CallEvent {
                kind,
                connection,
                subject,
                calling,
                called,
                last_redirection,
                new_destination,
                network,
                local,
                cause,
                permitted,
                global_call_id,
                groups,
            };
            keep_what_the_kind_says(&mut event);
            event
        },
    )
}

/// The shapes of the standard, said once more and otherwise than in the code under test.
fn keep_what_the_kind_says(event: &mut CallEvent) {
    use CallEventKind::{
        ConnectionCleared, Delivered, Diverted, Established, Failed, Held, Originated, Retrieved, ServiceInitiated,
    };
    if event.kind != Diverted {
        event.new_destination = Party::NotKnown;
    }
    // Of a trunk or peer it is only said which, in what rings, is answered or fails.
    if !matches!(event.kind, Delivered | Established | Failed) || event.network == Party::Restricted {
        event.network = Party::NotKnown;
    }
    if matches!(event.kind, Held | Retrieved | ConnectionCleared) {
        event.called = Party::NotKnown;
    }
    if matches!(event.kind, Held | Retrieved | ConnectionCleared | ServiceInitiated | Originated) {
        event.calling = Party::NotKnown;
        event.last_redirection = Party::NotKnown;
    }
    if event.kind == Originated {
        event.calling = event.subject.clone();
    }
}

fn joined_event() -> impl Strategy<Value = JoinedEvent> {
    let item = (option::of(connection()), option::of(connection()), party())
        .prop_map(|(new, old, endpoint)| JoinedConnection { new, old, endpoint });
    let calls = (connection(), option::of(connection()), party(), party(), vec(item, 0..9));
    let rest =
        (option::of(select(&STATES[..])), select(&CAUSES[..]), features(), option::of(text()), option::of(text()));
    let kind = prop_oneof![(Just(JoinKind::Transferred), any::<bool>()), (Just(JoinKind::Conferenced), Just(false)),];
    (kind, calls, rest).prop_map(|((kind, ringing), calls, rest)| {
        let (primary_old, secondary_old, controller, joined, connections) = calls;
        let (local, cause, permitted, global_call_id, old_global_call_id) = rest;
        JoinedEvent {
            kind,
            primary_old,
            secondary_old,
            controller,
            joined,
            connections,
            local,
            cause,
            permitted,
            global_call_id,
            old_global_call_id,
            ringing,
        }
    })
}

fn information_event() -> impl Strategy<Value = InformationEvent> {
    let account = (text(), option::of(any::<bool>())).prop_map(|(code, verified)| Account { code, verified });
    (connection(), party(), party(), option::of(account), features(), option::of(text())).prop_map(
        |(connection, device, calling, account, permitted, global_call_id)| InformationEvent {
            connection,
            device,
            calling,
            account,
            permitted,
            global_call_id,
        },
    )
}

fn private_request() -> impl Strategy<Value = PrivateRequest> {
    prop_oneof![
        text().prop_map(|dn| PrivateRequest::DeviceProfile { dn }),
        connection().prop_map(|connection| PrivateRequest::SplitConference { connection }),
        connection().prop_map(|connection| PrivateRequest::NewCall { connection }),
        hot_desk_request().prop_map(PrivateRequest::HotDesk),
        presence_request().prop_map(PrivateRequest::Presence),
        connection().prop_map(|connection| PrivateRequest::TradeCall { connection }),
        (device(), device()).prop_map(|(held, requesting)| PrivateRequest::RemoteRetrieve { held, requesting }),
        Just(PrivateRequest::Unsupported),
    ]
}

fn hot_desk_request() -> impl Strategy<Value = HotDeskRequest> {
    let pin = || "[0-9]{1,8}".prop_map(|digits| Pin::new(&digits).expect("a PIN"));
    let of = || prop_oneof![text().prop_map(HotDeskOf::Set), text().prop_map(HotDeskOf::User)];
    prop_oneof![
        (text(), text(), pin()).prop_map(|(set, user, pin)| HotDeskRequest::Login { set, user, pin }),
        (text(), pin(), option::of(text())).prop_map(|(user, pin, number)| HotDeskRequest::LoginOutside {
            user,
            pin,
            number
        }),
        of().prop_map(HotDeskRequest::Logout),
        (text(), pin()).prop_map(|(user, pin)| HotDeskRequest::Verify { user, pin }),
        of().prop_map(HotDeskRequest::State),
    ]
}

fn presence_state() -> impl Strategy<Value = PresenceState> {
    (text(), text(), any::<bool>()).prop_map(|(group, member, present)| PresenceState { group, member, present })
}

fn presence_request() -> impl Strategy<Value = PresenceRequest> {
    prop_oneof![
        (presence_state(), option::of(text())).prop_map(|(state, invoker)| PresenceRequest::Set { state, invoker }),
        Just(PresenceRequest::Monitor),
        option::of(text()).prop_map(|member| PresenceRequest::State { member }),
    ]
}

fn presence_monitor() -> impl Strategy<Value = PresenceMonitor> {
    (text(), vec((text(), text()), 0..4)).prop_map(|(cross_ref, absent)| PresenceMonitor { cross_ref, absent })
}

fn hot_desk_state() -> impl Strategy<Value = HotDeskState> {
    (option::of(text()), option::of(text()), option::of(text())).prop_map(|(user, set, outside)| HotDeskState {
        user,
        set,
        outside,
    })
}

fn profile() -> impl Strategy<Value = DeviceProfile> {
    let line = (any::<u8>(), text(), any::<bool>()).prop_map(|(button, dn, ring)| ProfileLine { button, dn, ring });
    let texts = (option::of(text()), option::of(text()), option::of(text()));
    (texts, vec(line, 0..4), option::of(any::<u16>()), option::of(any::<u16>()), vec(text(), 0..4)).prop_map(
        |((name, kind, cos), lines, home, secondary, members)| DeviceProfile {
            name,
            kind,
            cos,
            lines,
            home,
            secondary,
            members,
        },
    )
}

fn private_features() -> impl Strategy<Value = Vec<PrivateFeature>> {
    subsequence(PrivateFeature::ALL.to_vec(), 0..=PrivateFeature::ALL.len())
}

fn event() -> impl Strategy<Value = Event> {
    let body = prop_oneof![
        6 => call_event().prop_map(EventBody::Call).boxed(),
        3 => joined_event().prop_map(EventBody::Joined).boxed(),
        2 => information_event().prop_map(EventBody::Information).boxed(),
        1 => party().prop_map(|device| EventBody::OutOfService { device }),
        1 => party().prop_map(|device| EventBody::BackInService { device }),
        3 => (party(), feature_change()).prop_map(|(device, change)| EventBody::Feature { device, change }).boxed(),
        1 => (text(), hot_desk_state())
            .prop_map(|(user, state)| EventBody::HotDesk(HotDeskState { user: Some(user), ..state }))
            .boxed(),
        1 => presence_state().prop_map(EventBody::Presence),
        1 => select(&["AutoWorkModeEvent", "DivertedDNDEvent", "PrivateEvent"][..])
            .prop_map(|name| EventBody::Other(name.to_owned())),
    ];
    (text(), body).prop_map(|(cross_ref, body)| Event { cross_ref, body })
}

const FORWARDINGS: [ForwardingType; 7] = [
    ForwardingType::Immediate,
    ForwardingType::Busy,
    ForwardingType::BusyInternal,
    ForwardingType::BusyExternal,
    ForwardingType::NoAnswer,
    ForwardingType::NoAnswerInternal,
    ForwardingType::NoAnswerExternal,
];

fn dialled() -> impl Strategy<Value = Option<String>> {
    option::of("[0-9*#+]{1,24}")
}

fn forward_item() -> impl Strategy<Value = ForwardItem> {
    (option::of(select(&FORWARDINGS[..])), any::<bool>(), dialled()).prop_map(|(kind, on, number)| ForwardItem {
        kind,
        on,
        number,
    })
}

fn feature_change() -> impl Strategy<Value = FeatureChange> {
    prop_oneof![
        any::<bool>().prop_map(FeatureChange::DoNotDisturb),
        forward_item().prop_map(FeatureChange::Forwarding),
        any::<bool>().prop_map(FeatureChange::AutoAnswer),
        any::<bool>().prop_map(FeatureChange::MessageWaiting),
    ]
}

fn feature_request() -> impl Strategy<Value = FeatureRequest> {
    prop_oneof![
        device().prop_map(|device| FeatureRequest::GetDoNotDisturb { device }),
        (device(), any::<bool>()).prop_map(|(device, on)| FeatureRequest::SetDoNotDisturb { device, on }),
        device().prop_map(|device| FeatureRequest::GetForwarding { device }),
        (device(), forward_item()).prop_map(|(device, ForwardItem { kind, on, number })| {
            FeatureRequest::SetForwarding { device, kind, on, number }
        }),
        device().prop_map(|device| FeatureRequest::GetAutoAnswer { device }),
        device().prop_map(|device| FeatureRequest::GetMessageWaiting { device }),
    ]
}

fn feature_response() -> impl Strategy<Value = FeatureResponse> {
    prop_oneof![
        any::<bool>().prop_map(|on| FeatureResponse::GetDoNotDisturb { on }),
        Just(FeatureResponse::SetDoNotDisturb),
        vec(forward_item(), 0..6).prop_map(|list| FeatureResponse::GetForwarding { list }),
        Just(FeatureResponse::SetForwarding),
        any::<bool>().prop_map(|on| FeatureResponse::GetAutoAnswer { on }),
        any::<bool>().prop_map(|on| FeatureResponse::GetMessageWaiting { on }),
    ]
}

/// A time that a calendar has.
fn moment() -> impl Strategy<Value = i64> {
    0..253_402_300_800_000_i64
}

fn record() -> impl Strategy<Value = CallRecord> {
    use CallEnd::{Abnormal, Normal, Other, Transferred, Unsuccessful};
    let when = (option::of(moment()), option::of(moment()), option::of(moment()), option::of(any::<u32>()));
    let who = (party(), party(), party(), party(), option::of(connection()));
    let end = option::of(select(&[Normal, Unsuccessful, Abnormal, Transferred, Other][..]));
    (option::of(any::<u64>()), when, who, end).prop_map(|(number, when, who, end)| {
        let (created_ms, began_ms, ended_ms, lasted_s) = when;
        let (calling, called, associated_calling, associated_called, call) = who;
        CallRecord {
            number,
            created_ms,
            calling,
            called,
            associated_calling,
            associated_called,
            call,
            began_ms,
            ended_ms,
            lasted_s,
            end,
        }
    })
}

fn records_request() -> impl Strategy<Value = RecordsRequest> {
    let modes = [TransferMode::AtEndOfCall, TransferMode::OnRequest, TransferMode::OnThresholdReached];
    let period = (moment(), moment()).prop_map(|(from_ms, to_ms)| Period { from_ms, to_ms });
    prop_oneof![
        select(modes.to_vec()).prop_map(|mode| RecordsRequest::Start { mode }),
        (text(), option::of(period)).prop_map(|(cross_ref, period)| RecordsRequest::Send { cross_ref, period }),
        (text(), vec(record(), 0..4), any::<bool>()).prop_map(|(cross_ref, records, last)| RecordsRequest::Report {
            cross_ref,
            records,
            last
        }),
        text().prop_map(|cross_ref| RecordsRequest::Stop { cross_ref }),
    ]
}

fn records_response() -> impl Strategy<Value = RecordsResponse> {
    prop_oneof![
        (text(), option::of(moment())).prop_map(|(cross_ref, clock_ms)| RecordsResponse::Start { cross_ref, clock_ms }),
        Just(RecordsResponse::Send),
        Just(RecordsResponse::Report),
        Just(RecordsResponse::Stop),
    ]
}

fn listed() -> impl Strategy<Value = ListedDevice> {
    use DeviceCategory::{Acd, Group, NetworkInterface, Other, Station};
    (device(), select(&[Station, Group, Acd, NetworkInterface, Other][..]))
        .prop_map(|(device, category)| ListedDevice { device, category })
}

fn appearances() -> impl Strategy<Value = AppearanceType> {
    use AppearanceType::{
        BasicBridged, BasicStandard, ExclusiveBridged, IndependentSharedBridged, InterdependentSharedBridged,
        SelectedStandard,
    };
    select(
        &[
            SelectedStandard,
            BasicStandard,
            BasicBridged,
            ExclusiveBridged,
            IndependentSharedBridged,
            InterdependentSharedBridged,
        ][..],
    )
}

/// Requests of CSTA; those of ECMA-354 are in [`session`].
fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        select(&STATUSES[..]).prop_map(|status| Request::SystemStatus { status }),
        Just(Request::SystemRegister),
        Just(Request::GetSwitchingFunctionDevices),
        (text(), option::of(any::<u32>()), any::<bool>(), vec(listed(), 0..5)).prop_map(
            |(cross_ref, segment, last, devices)| Request::SwitchingFunctionDevices {
                cross_ref,
                segment,
                last,
                devices
            }
        ),
        device().prop_map(|device| Request::GetLogicalDeviceInformation { device }),
        device().prop_map(|device| Request::MonitorStart { device }),
        text().prop_map(|cross_ref| Request::MonitorStop { cross_ref }),
        device().prop_map(|device| Request::SnapshotDevice { device }),
        connection().prop_map(|connection| Request::SnapshotCall { connection }),
        (device(), "[0-9*#+,!&/%]{0,32}", option::of("[0-9]{1,12}"))
            .prop_map(|(calling, called, account)| Request::MakeCall { calling, called, account }),
        connection().prop_map(|connection| Request::AnswerCall { connection }),
        connection().prop_map(|connection| Request::ClearConnection { connection }),
        connection().prop_map(|connection| Request::HoldCall { connection }),
        connection().prop_map(|connection| Request::RetrieveCall { connection }),
        (connection(), text())
            .prop_map(|(existing, consulted)| Request::ConsultationCall { existing, consulted: number(&consulted) }),
        (connection(), connection()).prop_map(|(active, held)| Request::ReconnectCall { active, held }),
        (connection(), connection()).prop_map(|(held, active)| Request::AlternateCall { held, active }),
        (connection(), connection()).prop_map(|(held, active)| Request::TransferCall { held, active }),
        (connection(), connection()).prop_map(|(held, active)| Request::ConferenceCall { held, active }),
        (connection(), device()).prop_map(|(connection, destination)| Request::DeflectCall { connection, destination }),
        (connection(), device())
            .prop_map(|(connection, requesting)| Request::DirectedPickupCall { connection, requesting }),
        (connection(), text()).prop_map(|(connection, digits)| Request::GenerateDigits { connection, digits }),
        waiting().boxed(),
        Just(Request::GetCstaFeatures),
        private_request().prop_map(Request::Escape),
        select(&["ParkCall", "IntrudeCall", "x17"][..]).prop_map(|name| Request::Unsupported { name: name.to_owned() }),
    ]
}

/// Requests of features around a call that does not come about: account codes, waiting, callbacks.
fn waiting() -> impl Strategy<Value = Request> {
    prop_oneof![
        (connection(), "[0-9]{1,12}").prop_map(|(connection, account)| Request::AssociateData { connection, account }),
        connection().prop_map(|connection| Request::CamponCall { connection }),
        connection().prop_map(|connection| Request::CallBack { connection }),
        connection().prop_map(|connection| Request::CallBackMessage { connection }),
        (device(), device())
            .prop_map(|(originating, target)| Request::CallBackMessageNonCallRelated { originating, target }),
        (device(), device()).prop_map(|(originating, target)| Request::CancelCallBackMessage { originating, target }),
    ]
}

/// A number to consult: a text that has none of the forms of a device.
fn number(text: &str) -> String {
    text.chars().map(|c| char::from(b'0' + (u32::from(c) % 10) as u8)).collect()
}

fn device_connection() -> impl Strategy<Value = DeviceConnection> {
    (connection(), party(), vec(select(&STATES[..]), 0..4), features(), option::of(text())).prop_map(
        |(connection, endpoint, states, permitted, global_call_id)| {
            // What only private data permits is said by call: a line that names none cannot have it.
            let named = connection.call.is_some();
            let permitted = permitted.map(|f| if named { f } else { f.without(only_private()) });
            DeviceConnection { connection, endpoint, states, permitted, global_call_id }
        },
    )
}

fn call_connection() -> impl Strategy<Value = CallConnection> {
    (party(), connection(), option::of(select(&STATES[..]))).prop_map(|(device, connection, state)| CallConnection {
        device,
        connection,
        state,
    })
}

fn response() -> impl Strategy<Value = Response> {
    prop_oneof![
        select(
            &[
                Response::SystemStatus,
                Response::MonitorStop,
                Response::AnswerCall,
                Response::ClearConnection,
                Response::HoldCall,
                Response::RetrieveCall,
                Response::ReconnectCall,
                Response::AlternateCall,
                Response::DeflectCall,
                Response::GenerateDigits,
                Response::AssociateData,
                Response::CamponCall,
                Response::CallBackMessageNonCallRelated,
                Response::CancelCallBackMessage,
                Response::Escape(PrivateResponse::Done),
            ][..]
        ),
        (connection(), option::of(text()))
            .prop_map(|(initiated, global_call_id)| Response::ConsultationCall { initiated, global_call_id }),
        connection().prop_map(|transferred| Response::TransferCall { transferred }),
        connection().prop_map(|conference| Response::ConferenceCall { conference }),
        connection().prop_map(|picked| Response::DirectedPickupCall { picked }),
        option::of(device()).prop_map(|target| Response::CallBack { target }),
        option::of(device()).prop_map(|target| Response::CallBackMessage { target }),
        private_features().prop_map(|private| Response::GetCstaFeatures { private }),
        profile().prop_map(|profile| Response::Escape(PrivateResponse::DeviceProfile(profile))),
        hot_desk_state().prop_map(|state| Response::Escape(PrivateResponse::HotDesk(state))),
        presence_monitor().prop_map(|monitor| Response::Escape(PrivateResponse::PresenceMonitor(monitor))),
        vec(presence_state(), 0..4).prop_map(|states| Response::Escape(PrivateResponse::PresenceState(states))),
        text().prop_map(|register| Response::SystemRegister { register }),
        text().prop_map(|cross_ref| Response::GetSwitchingFunctionDevices { cross_ref }),
        appearances().prop_map(|appearances| Response::GetLogicalDeviceInformation { appearances }),
        text().prop_map(|cross_ref| Response::MonitorStart { cross_ref }),
        (vec(device_connection(), 0..4), option::of(any::<bool>()))
            .prop_map(|(connections, in_service)| Response::SnapshotDevice { connections, in_service }),
        (party(), party(), option::of(text()), vec(call_connection(), 0..4)).prop_map(
            |(calling, called, global_call_id, devices)| Response::SnapshotCall {
                calling,
                called,
                global_call_id,
                devices
            }
        ),
        (connection(), option::of(text()))
            .prop_map(|(calling, global_call_id)| Response::MakeCall { calling, global_call_id }),
    ]
}

/// Any message of CSTA. Its parts are boxed: a union keeps every arm inline, and a test's stack is small.
pub fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        4 => request().prop_map(Message::Request).boxed(),
        4 => response().prop_map(Message::Response).boxed(),
        2 => feature_request().prop_map(|request| Message::Request(Request::Feature(request))).boxed(),
        2 => feature_response().prop_map(|response| Message::Response(Response::Feature(response))).boxed(),
        1 => records_request().prop_map(|request| Message::Request(Request::Records(request))).boxed(),
        1 => records_response().prop_map(|response| Message::Response(Response::Records(response))).boxed(),
        6 => event().prop_map(Message::Event).boxed(),
        1 => select(&FAILURES[..]).prop_map(|(category, value)| {
            Message::Failure(Failure { category: category.into(), value: value.into() })
        }),
        1 => Just(Message::Unknown("ParkCallResponse".into())),
    ]
}

/// Any message of ECMA-354.
pub fn session() -> impl Strategy<Value = Message> {
    let session = || text();
    prop_oneof![
        (text(), option::of(text().prop_map(SpecificInfo::Text)), vec(text(), 0..4), any::<u32>()).prop_map(
            |(application, specific, versions, duration_s)| {
                Message::Request(Request::StartApplicationSession { application, specific, versions, duration_s })
            }
        ),
        (session(), any::<u32>()).prop_map(|(session, duration_s)| {
            Message::Request(Request::ResetApplicationSessionTimer { session, duration_s })
        }),
        session().prop_map(|session| Message::Request(Request::StopApplicationSession { session })),
        session().prop_map(|session| Message::Request(Request::ApplicationSessionTerminated { session })),
        (session(), text(), any::<u32>()).prop_map(|(session, version, duration_s)| {
            Message::Response(Response::StartApplicationSession { session, version, duration_s })
        }),
        any::<u32>()
            .prop_map(|duration_s| { Message::Response(Response::ResetApplicationSessionTimer { duration_s }) }),
        Just(Message::Response(Response::StopApplicationSession)),
        prop_oneof![text(), Just("invalidSessionID".to_owned()), Just("maxNumberSessions".to_owned())]
            .prop_map(|value| Message::Failure(Failure::application_session(&value))),
    ]
}
