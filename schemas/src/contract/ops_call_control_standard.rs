//! Operations of StandardCCService that any session may call.
//!
//! Rows only (see `operation`): name, permission, who answers, fields, reply.

use super::cc::{
    CallStatusResult, DeviceFeaturesResult, IcpIdResult, NumberedEventMsg, ObjectIdResult, Outcome, RestEventMsg,
    StandardEventMsg,
};
use super::operation::operations;
use super::record::Secret;
use super::std::{
    DeviceConfigExResult, DeviceConfigResult, DeviceMembersResult, DialNumberResult, GetDeviceConfigurationRequest,
    GetDeviceMembersRequest, GetIcpIdRequest, GetLineAppearanceIdRequest, GetPhoneNumberIdRequest,
    HotDeskUserLoginDeviceResult, HotDeskUserLoginResult, IcpConfigResult, IncomingPhoneNumberResult,
    LoginExtHotDeskUserRequest, LoginHotDeskUserRequest, MonitorResult, ResilientStatusResult, SetCfRequest,
};

operations! {StandardCcService;
    /// Pushes events from the next one on to this URL; an empty one ends it.
    RegisterEventHandler = "registerEventHandler" Standard Session {
        elem session_id: "sessionId" i64 1; elem event_handler_url: "eventHandlerURL" String 1
    } -> Outcome 1

    /// The active leg, else the newest held or alerting one, else MONITOR_SET with IDLE.
    GetCallStatus = "getCallStatus" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> CallStatusResult 1

    GetDeviceConfiguration = "getDeviceConfiguration" Standard Node {
        elem request: "request" GetDeviceConfigurationRequest 1
    } -> DeviceConfigResult 1

    GetPhoneNumberId = "getPhoneNumberId" Standard Node {
        elem request: "request" GetPhoneNumberIdRequest 1
    } -> ObjectIdResult 1

    GetLineAppearanceId = "getLineAppearanceId" Standard Node {
        elem request: "request" GetLineAppearanceIdRequest 1
    } -> ObjectIdResult 1

    /// Knows configured addresses only; never connects anywhere.
    GetIcpId = "getIcpId" Standard Node {
        elem request: "request" GetIcpIdRequest 1
    } -> IcpIdResult 1

    /// Call events of an object; the first is MONITOR_SET.
    MonitorObject = "monitorObject" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> MonitorResult 1

    /// Feature events of an object; there is no first one.
    MonitorFeatures = "monitorFeatures" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> MonitorResult 1

    MonitorPrgPresence = "monitorPRGPresence" Standard SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> MonitorResult 1

    StopPrgPresenceMonitor = "stopPRGPresenceMonitor" Standard SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome 1

    StopFeatureMonitor = "stopFeatureMonitor" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    StopMonitor = "stopMonitor" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    MakeCall = "makeCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem number: "number" String 1;
        elem account_code: "accountCode" String ?
    } -> Outcome 1

    ConsultationCall = "consultationCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem number: "number" String 1
    } -> Outcome 1

    ClearCall = "clearCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    /// Drops the consultation and returns to the held party; accepts the id of either leg.
    CancelConsCall = "cancelConsCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    /// Joins the held and the active leg in one conference; accepts the id of either.
    ConferenceCall = "conferenceCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    SplitConferenceCall = "splitConferenceCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    /// Clears the leg and gives dial tone on the same line.
    NewCall = "newCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    AnswerCall = "answerCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    HoldCall = "holdCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    RetrieveCall = "retrieveCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    /// Joins the held and the active leg; accepts the id of either.
    TransferCall = "transferCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    /// Waits for a busy device to become free.
    CamponCall = "camponCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    /// Changes between the held and the active leg; accepts the id of either.
    AlternateCall = "alternateCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    SetAccountCode = "setAccountCode" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem acc_code: "accCode" String 1
    } -> Outcome 1

    /// Joins or leaves a personal ring group.
    SetPrgPresence = "setPRGPresence" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem presence_value: "presenceValue" bool 1; elem prg_dn: "PRGDn" String 1;
        elem invoker_dn: "invokerDn" String ?
    } -> Outcome 1

    SetDeviceDnd = "setDeviceDND" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem dnd_state: "dndState" bool 1
    } -> Outcome 1

    LoginHotDeskUser = "loginHotDeskUser" Standard Device {
        elem request: "request" LoginHotDeskUserRequest 1
    } -> Outcome 1

    LoginExtHotDeskUser = "loginExtHotDeskUser" Standard Device {
        elem request: "request" LoginExtHotDeskUserRequest 1
    } -> Outcome 1

    LogoutHotDeskUser = "logoutHotDeskUser" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    LogoutExtHotDeskUser = "logoutExtHotDeskUser" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    GetHotDeskUserLoginDevice = "getHotDeskUserLoginDevice" Standard Device {
        elem session_id: "sessionId" i64 1; elem hot_desk_user_object_id: "hotDeskUserObjectId" i64 1
    } -> HotDeskUserLoginDeviceResult 1

    GetHotDeskUserDn = "getHotDeskUserDn" Standard Device {
        elem session_id: "sessionId" i64 1; elem hot_desk_device_object_id: "hotDeskDeviceObjectId" i64 1
    } -> HotDeskUserLoginResult 1

    VerifyHotDeskUserPin = "verifyHotDeskUserPin" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem hot_desk_user_dn: "hotDeskUserDn" String 1; elem pin: "pin" Secret 1
    } -> Outcome 1

    OutPulseDigits = "outPulseDigits" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem digits: "digits" String 1
    } -> Outcome 1

    /// Answers at this object what rings at `ringDn`.
    PickupCall = "pickupCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem ring_dn: "ringDn" String 1
    } -> Outcome 1

    RedirectCall = "redirectCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem redirect_dn: "redirectDn" String 1
    } -> Outcome 1

    GetDeviceFeatures = "getDeviceFeatures" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> DeviceFeaturesResult 1

    SendCallMeBackMsgForCall = "sendCallMeBackMsgForCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem obj_id: "objId" i64 1; elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    SendCallMeBackMsgNoCall = "sendCallMeBackMsgNoCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem obj_id: "objId" i64 1; elem dn: "dn" String 1
    } -> Outcome 1

    SetCallMeBack = "setCallMeBack" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    ClearCallMeBackMsg = "clearCallMeBackMsg" Standard Device {
        elem session_id: "sessionId" i64 1; elem obj_id_of_device_with_msg: "objIdOfDeviceWithMsg" i64 1;
        elem device_dn: "deviceDn" String 1
    } -> Outcome 1

    /// Changes between the active call and the one that waits.
    TradeCall = "tradeCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1
    } -> Outcome 1

    SetCfnaExternal = "setCFNAExternal" Standard Device {
        elem request: "request" SetCfRequest 1
    } -> Outcome 1

    SetCfnaInternal = "setCFNAInternal" Standard Device {
        elem request: "request" SetCfRequest 1
    } -> Outcome 1

    SetCfBusyExternal = "setCFBusyExternal" Standard Device {
        elem request: "request" SetCfRequest 1
    } -> Outcome 1

    SetCfBusyInternal = "setCFBusyInternal" Standard Device {
        elem request: "request" SetCfRequest 1
    } -> Outcome 1

    SetCfAlways = "setCFAlways" Standard Device {
        elem request: "request" SetCfRequest 1
    } -> Outcome 1

    /// Holds the request until a standard event is there or `timeout` milliseconds have passed.
    GetEvent = "getEvent" Standard Session {
        elem session_id: "sessionId" i64 1; elem timeout: "timeout" i32 1
    } -> StandardEventMsg 1

    GetResilientStatus = "getResilientStatus" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> ResilientStatusResult ?

    GetDeviceConfigurationEx = "getDeviceConfigurationEx" Standard Node {
        elem request: "request" GetDeviceConfigurationRequest ?
    } -> DeviceConfigExResult ?

    GetDeviceMembers = "getDeviceMembers" Standard Node {
        elem request: "request" GetDeviceMembersRequest ?
    } -> DeviceMembersResult ?

    /// Takes up at this object what `remoteDn` holds.
    RemoteRetrieveCall = "remoteRetrieveCall" Standard Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem remote_dn: "remoteDn" String ?
    } -> Outcome ?

    /// Releases every held poll of the session.
    CancelGetEvent = "cancelGetEvent" Standard Session {
        elem session_id: "sessionId" i64 1
    } -> Outcome ?

    /// Event `eventNumber` at once if it is kept, else as soon as it happens; moves no cursor. `timeout` in milliseconds.
    GetNumberedEvent = "getNumberedEvent" Standard Session {
        elem session_id: "sessionId" i64 1; elem timeout: "timeout" i32 1; elem event_number: "eventNumber" i32 1
    } -> NumberedEventMsg ?

    /// Pairs a REST session with this one, so that it hears the same events.
    RegisterRestSession = "registerRestSession" Standard Session {
        elem rest_session_id: "restSessionId" i64 1; elem session_id: "sessionId" i64 1
    } -> Outcome ?

    GetRestEvent = "getRestEvent" Standard Session {
        elem rest_session_id: "restSessionId" i64 1
    } -> RestEventMsg ?

    GetIcpConfig = "getIcpConfig" Standard Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> IcpConfigResult ?

    GetDialableNumber = "getDialableNumber" Standard Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem e164_str: "e164Str" String ?
    } -> DialNumberResult ?

    GetIncomingPhoneNumber = "getIncomingPhoneNumber" Standard Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem digit_str: "digitStr" String ?;
        elem incoming_call: "incomingCall" bool 1
    } -> IncomingPhoneNumberResult ?
}
