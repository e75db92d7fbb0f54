//! Operations of StandardCCService that need an advanced session.
//!
//! Rows only (see `operation`): name, permission, who answers, fields, reply.

use super::adv::{
    AcdAgentDescriptionResult, AcdGroupDescriptionResult, AcdPathDescriptionResult, AcdStatusResult,
    AdvCallStatusResult, AdvCoachCallRequest, AdvEventMsg, HuntGroupDescriptionResult, RingGroupDescriptionResult,
    SipPeerDescriptionResult, SipPeerStatusResult, TdmTrunkStatusResult,
};
use super::cc::{AcdAgentStatusExResult, AcdAgentStatusResult, ObjectIdResult, Outcome};
use super::operation::operations;
use super::record::Secret;
use super::std::MonitorResult;

operations! {StandardCcService;
    AdvGetTdmTrunkId = "advGetTdmTrunkId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem trunk_num: "trunkNum" i32 1
    } -> ObjectIdResult 1

    AdvGetSipPeerId = "advGetSipPeerId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem sip_peer_name: "sipPeerName" String 1
    } -> ObjectIdResult 1

    AdvGetSipPeerDescription = "advGetSipPeerDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> SipPeerDescriptionResult 1

    AdvGetAcd2PathId = "advGetACD2PathId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem path_dn: "pathDn" String 1
    } -> ObjectIdResult 1

    AdvGetAcd2PathDescription = "advGetACD2PathDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdPathDescriptionResult 1

    AdvGetAcd2GroupId = "advGetACD2GroupId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem acd2_group_dn: "acd2GroupDn" String 1
    } -> ObjectIdResult 1

    AdvGetAcd2GroupDescription = "advGetACD2GroupDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdGroupDescriptionResult 1

    AdvGetAcdAgentId = "advGetACDAgentId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem agent_dn: "agentDn" String 1
    } -> ObjectIdResult 1

    AdvGetAcdAgentDescription = "advGetACDAgentDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdAgentDescriptionResult 1

    AdvGetAcdxGroupId = "advGetACDXGroupId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1;
        elem acd_x_group_dn: "acdXGroupDn" String 1
    } -> ObjectIdResult 1

    AdvGetAcdxGroupDescription = "advGetACDXGroupDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdGroupDescriptionResult 1

    AdvGetRingGroupId = "advGetRingGroupId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem ring_group_dn: "ringGroupDn" String 1
    } -> ObjectIdResult 1

    AdvGetRingGroupDescription = "advGetRingGroupDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> RingGroupDescriptionResult 1

    AdvGetHuntGroupId = "advGetHuntGroupId" Advanced Node {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1; elem hunt_group_dn: "huntGroupDn" String 1
    } -> ObjectIdResult 1

    AdvGetHuntGroupDescription = "advGetHuntGroupDescription" Advanced Node {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> HuntGroupDescriptionResult 1

    AdvMonitorAllTrunkFeatures = "advMonitorAllTrunkFeatures" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> MonitorResult 1

    AdvStopMonitorAllTrunkFeatures = "advStopMonitorAllTrunkFeatures" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome 1

    AdvMonitorAcd2AgentFeatures = "advMonitorACD2AgentFeatures" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> MonitorResult 1

    AdvStopMonitorAcd2AgentFeatures = "advStopMonitorACD2AgentFeatures" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome 1

    AdvMonitorAcdExpress = "advMonitorACDExpress" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> MonitorResult 1

    AdvStopMonitorAcdExpressObjects = "advStopMonitorACDExpressObjects" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome 1

    AdvMonitorConferences = "advMonitorConferences" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> MonitorResult 1

    AdvStopMonitorConferences = "advStopMonitorConferences" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome 1

    AdvSetAcdAgentPresence = "advSetACDAgentPresence" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem group_dn: "groupDn" String 1;
        elem presence_value: "presenceValue" bool 1; elem invoker_dn: "invokerDn" String ?
    } -> Outcome 1

    AdvSetGroupMemberPresence = "advSetGroupMemberPresence" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem group_dn: "groupDn" String 1;
        elem presence_value: "presenceValue" bool 1; elem invoker_dn: "invokerDn" String ?
    } -> Outcome 1

    AdvAssignCallerId = "advAssignCallerId" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem new_name: "newName" String 1
    } -> Outcome 1

    /// Turns the message waiting lamp on or off.
    AdvSetMsgWaitingInd = "advSetMsgWaitingInd" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem state: "state" bool 1
    } -> Outcome 1

    AdvSetTrunkMakeBusy = "advSetTrunkMakeBusy" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem forced: "forced" bool 1
    } -> Outcome 1

    AdvCancelTrunkMakeBusy = "advCancelTrunkMakeBusy" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    /// Breaks into a call of a busy device.
    AdvIntrudeCall = "advIntrudeCall" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem call_id: "callId" i64 1
    } -> Outcome 1

    AdvAcdSilentMonitor = "advACDSilentMonitor" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem agent_dn: "agentDn" String 1
    } -> Outcome 1

    AdvAcdRequestHelp = "advACDRequestHelp" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem supervisor_dn: "supervisorDn" String 1
    } -> Outcome 1

    AdvGetAcdGroupStatus = "advGetACDGroupStatus" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdStatusResult 1

    AdvTapCall = "advTapCall" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem dn: "dn" String ?
    } -> Outcome 1

    AdvSetAcdAgentMakeBusyWithCode = "advSetACDAgentMakeBusyWithCode" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem busy_state: "busyState" bool 1;
        elem busy_code: "busyCode" i32 1
    } -> Outcome 1

    AdvSetAcdAgentMakeBusy = "advSetACDAgentMakeBusy" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem busy_state: "busyState" bool 1
    } -> Outcome 1

    AdvSetAutoAnswer = "advSetAutoAnswer" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem auto_answer_mode: "autoAnswerMode" bool 1
    } -> Outcome 1

    AdvSetAcd2AgentPresenceAllGroups = "advSetACD2AgentPresenceAllGroups" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem group_presence_value: "groupPresenceValue" bool 1; elem invoker_dn: "invokerDn" String 1
    } -> Outcome 1

    AdvLoginAcdAgent = "advLoginACDAgent" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem agent_dn: "agentDn" String 1;
        elem pin: "pin" Secret ?
    } -> Outcome 1

    AdvLoginExternalAcdAgent = "advLoginExternalACDAgent" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem pin: "pin" Secret 1
    } -> Outcome 1

    AdvLogoutExternalAcdAgent = "advLogoutExternalACDAgent" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    AdvLogoutAcdAgent = "advLogoutACDAgent" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    AdvCancelAcdWorkTimer = "advCancelACDWorkTimer" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    /// Ends the work timer that a re-seized call started; the name is misspelt on the wire.
    AdvCancelAcdResezeWorkTimer = "advCancelACDResezeWorkTimer" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> Outcome 1

    /// Holds the request until an event is there or `timeout` milliseconds have passed.
    AdvGetEvent = "advGetEvent" Advanced Session {
        elem session_id: "sessionId" i64 1; elem timeout: "timeout" i32 1
    } -> AdvEventMsg 1

    AdvGetCallStatus = "advGetCallStatus" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AdvCallStatusResult 1

    AdvGetTdmTrunkStatus = "advGetTdmTrunkStatus" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> TdmTrunkStatusResult ?

    AdvGetSipPeerStatus = "advGetSipPeerStatus" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1;
        elem local_call_id: "localCallId" i64 1; elem global_call_id: "globalCallId" String ?
    } -> SipPeerStatusResult ?

    AdvGetAcdAgentStatus = "advGetACDAgentStatus" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdAgentStatusResult ?

    AdvGetAcdAgentStatusEx = "advGetACDAgentStatusEx" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1
    } -> AcdAgentStatusExResult ?

    AdvMonitorAllBridges = "advMonitorAllBridges" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> MonitorResult ?

    AdvStopMonitorAllBridges = "advStopMonitorAllBridges" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome ?

    AdvCoachCall = "advCoachCall" Advanced Device {
        elem coach_call: "coachCall" AdvCoachCallRequest ?
    } -> Outcome ?

    AdvClearCoachCall = "advClearCoachCall" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem call_id: "callId" i64 1
    } -> Outcome ?

    AdvGetSystemConferences = "advGetSystemConferences" Advanced SystemMonitor {
        elem session_id: "sessionId" i64 1; elem icp_id: "icpId" i64 1
    } -> Outcome ?

    AdvAcdSilentMonitorEx = "advACDSilentMonitorEx" Advanced Device {
        elem session_id: "sessionId" i64 1; elem object_id: "objectId" i64 1; elem agent_dn: "agentDn" String ?
    } -> Outcome ?
}
