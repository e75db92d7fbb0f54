//! Types of advanced call control: advanced events, descriptions of groups, agents, peers, trunks.
//!
//! Rows only, as in `cc`. Advanced events differ from standard ones in their attribute names and in
//! their namespace, which is why both forms are rendered.

use super::cc::{
    AccountCodeType, AttributeType, CallState, ConnectionState, DeviceAttributeNames, DeviceName, DeviceType,
    EventCauseType, FeatureEventType, FeaturesAllowed, SystemEventType,
};
use super::macros::{enumeration, record};

enumeration! {
    AcdAgentType = Adv "acdAgentType" {
        Traditional = "TRADITIONAL", HotdeskAcdExpress = "HOTDESK_ACD_EXPRESS", HotdeskAcd2 = "HOTDESK_ACD2",
    }

    AdvCallEventAttributeNames = Adv "advCallEventAttributeNames" {
        DialedDigits = "DIALED_DIGITS", CurrentGlobalCallId = "CURRENT_GLOBAL_CALL_ID",
        PrimaryGlobalCallid = "PRIMARY_GLOBAL_CALLID", SecondaryGlobalCallid = "SECONDARY_GLOBAL_CALLID",
        WorkTimerActive = "WORK_TIMER_ACTIVE", DistributionRingGrpRingall = "DISTRIBUTION_RING_GRP_RINGALL",
        DistributionRingGrpCascade = "DISTRIBUTION_RING_GRP_CASCADE",
        DistributionHuntGrpCircular = "DISTRIBUTION_HUNT_GRP_CIRCULAR",
        DistributionHuntGrpLinear = "DISTRIBUTION_HUNT_GRP_LINEAR",
        DistributionPersonalRingGrp = "DISTRIBUTION_PERSONAL_RING_GRP",
        DistributionRingGrpTerminal = "DISTRIBUTION_RING_GRP_TERMINAL",
        DistributionRingGrpCircularCascade = "DISTRIBUTION_RING_GRP_CIRCULAR_CASCADE",
        DistributionRingGrpCircular = "DISTRIBUTION_RING_GRP_CIRCULAR", QueuePosition = "QUEUE_POSITION",
        PinSecurityService = "PIN_SECURITY_SERVICE", IcpId = "ICP_ID", GroupMemberAnswered = "GROUP_MEMBER_ANSWERED",
        TrunkCallId = "TRUNK_CALL_ID",
    }

    /// As `CallEventType`, with one value named differently (`INFORMATION_UPDATE`).
    AdvCallEventType = Adv "advCallEventType" {
        Unknown = "UNKNOWN", AccountCodeSet = "ACCOUNT_CODE_SET", Acd2Path = "ACD2_PATH", Acd2Group = "ACD2_GROUP",
        Group = "GROUP", AcdAgentFeature = "ACD_AGENT_FEATURE", ActivateFeature = "ACTIVATE_FEATURE",
        CallClear = "CALL_CLEAR", CallConferenced = "CALL_CONFERENCED", CallDelivered = "CALL_DELIVERED",
        CallDiverted = "CALL_DIVERTED", CallEstablished = "CALL_ESTABLISHED", CallFailed = "CALL_FAILED",
        CallHeld = "CALL_HELD", CallOriginated = "CALL_ORIGINATED", CallQueued = "CALL_QUEUED",
        CallReceived = "CALL_RECEIVED", CallRetrieved = "CALL_RETRIEVED", CallTransferred = "CALL_TRANSFERRED",
        CmdResponse = "CMD_RESPONSE", ConferenceHeld = "CONFERENCE_HELD", ConferenceFeature = "CONFERENCE_FEATURE",
        DeviceDropped = "DEVICE_DROPPED", ExtensionInUse = "EXTENSION_IN_USE", ForwardFeature = "FORWARD_FEATURE",
        InService = "IN_SERVICE", MonitorSet = "MONITOR_SET", OutOfService = "OUT_OF_SERVICE",
        RemotePartyUpdate = "REMOTE_PARTY_UPDATE", ResilientDevice = "RESILIENT_DEVICE",
        RoutingDevice = "ROUTING_DEVICE", TrunkDigitsOutpulsed = "TRUNK_DIGITS_OUTPULSED",
        WorkTimerExpired = "WORK_TIMER_EXPIRED", UseridFeature = "USERID_FEATURE",
        GroupPresenceFeature = "GROUP_PRESENCE_FEATURE", AcdExpressGroupEvent = "ACD_EXPRESS_GROUP_EVENT",
        InformationUpdate = "INFORMATION_UPDATE", MonitorFailedEvent = "MONITOR_FAILED_EVENT",
        PrgMonitorSetEvent = "PRG_MONITOR_SET_EVENT", PrgMonitorFailedEvent = "PRG_MONITOR_FAILED_EVENT",
    }

    AdvEventType = Adv "advEventType" {
        Unknown = "UNKNOWN", CallEvent = "CALL_EVENT", FeatureEvent = "FEATURE_EVENT", AcdEvent = "ACD_EVENT",
        SystemEvent = "SYSTEM_EVENT",
    }

    AdvFeatureEventAttributeNames = Adv "advFeatureEventAttributeNames" {
        CallState = "CALL_STATE", DeviceNumber = "DEVICE_NUMBER", UserDn = "USER_DN", GroupDn = "GROUP_DN",
        ForwardDn = "FORWARD_DN", AgentDn = "AGENT_DN", AgentId = "AGENT_ID", RegistrationDn = "REGISTRATION_DN",
        UserType = "USER_TYPE", FeatureEventState = "FEATURE_EVENT_STATE", IcpId = "ICP_ID",
        AcdAgentMakeBusyCode = "ACD_AGENT_MAKE_BUSY_CODE", InvokerDn = "INVOKER_DN",
        InvokerLineNum = "INVOKER_LINE_NUM", BridgePartyDn = "BRIDGE_PARTY_DN",
        BridgePartyLineNum = "BRIDGE_PARTY_LINE_NUM", BridgeStatus = "BRIDGE_STATUS",
        BridgeCoachMode = "BRIDGE_COACH_MODE", BridgeNumberRequestors = "BRIDGE_NUMBER_REQUESTORS",
        BridgeRequestorDn = "BRIDGE_REQUESTOR_DN",
    }

    BridgeCoachType = Adv "bridgeCoachType" {
        All = "COACH_ALL", Whisper = "COACH_WHISPER",
    }

    HuntGroupMode = Adv "huntGroupMode" {
        Linear = "HuntGroupModeLinear", Cyclic = "HuntGroupModeCyclic", Auto = "HuntGroupModeAuto",
    }

    HuntGroupType = Adv "huntGroupType" {
        Voice = "HuntGroupVoice", Rad = "HuntGroupRad", Phantom = "HuntGroupPhantom",
        VoiceMail = "HuntGroupVoiceMail", HCIReroute = "HuntGroupHCIReroute",
    }

    PeerTrunkType = Adv "peerTrunkType" {
        Unknown = "PEER_UNKNOWN", PublicTrunk = "PEER_PUBLIC_TRUNK", PrivateTrunk = "PEER_PRIVATE_TRUNK",
        BothTrunk = "PEER_BOTH_TRUNK",
    }

    PeerType = Adv "peerType" {
        Unknown = "PEER_UNKNOWN", Sip = "PEER_SIP", Ip = "PEER_IP",
    }

    RingType = Adv "ringType" {
        All = "RING_ALL", Cascade = "RING_CASCADE",
    }
}

record! {
    AcdAgentDescriptionResult = Adv "acdAgentDescriptionResult" {
        elem error_description: "errorDescription" String ?;
        elem agent_id: "agentId" String ?;
        elem agent_name: "agentName" String ?;
        elem agent_dn: "agentDn" String ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        elem agent_type: "agentType" AcdAgentType ?;
        attr result: "result" bool 1;
        attr agent_skill: "agentSkill" i32 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    AcdAgentGroupPresence = Adv "acdAgentGroupPresence" {
        elem group_dn: "groupDn" String ?;
        attr present: "present" bool 1;
    }

    AcdGroupDescriptionResult = Adv "acdGroupDescriptionResult" {
        elem error_description: "errorDescription" String ?;
        elem group_number: "groupNumber" String ?;
        elem group_name: "groupName" String ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        attr result: "result" bool 1;
        attr number_of_members: "numberOfMembers" i32 1;
        attr uses_skills: "usesSkills" i32 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    AcdPathDescriptionResult = Adv "acdPathDescriptionResult" {
        elem error_description: "errorDescription" String ?;
        elem path_name: "pathName" String ?;
        elem first_rad: "firstRad" String ?;
        elem second_rad: "secondRad" String ?;
        elem third_rad: "thirdRad" String ?;
        elem fourth_rad: "fourthRad" String ?;
        elem interflow_dn: "interflowDn" String ?;
        elem path_unavailable_dn: "pathUnavailableDn" String ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        attr result: "result" bool 1;
        attr num_groups: "numGroups" i32 1;
        attr interflow_enabled: "interflowEnabled" bool 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    AcdStatusResult = Adv "acdStatusResult" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
        attr num_of_members: "numOfMembers" i32 1;
        attr members_logged_in: "membersLoggedIn" i32 1;
        attr members_busy: "membersBusy" i32 1;
        attr calls_waiting: "callsWaiting" i32 1;
        attr members_in_dnd: "membersInDND" i32 1;
        attr members_idle: "membersIdle" i32 1;
        attr members_logged_in_present: "membersLoggedInPresent" i32 1;
    }

    AdvCallEventAttributeValue = Adv "advCallEventAttributeValue" {
        elem attribute_name: "attributeName" AdvCallEventAttributeNames ?;
        elem attribute_value: "attributeValue" String ?;
        elem attribute_type: "attributeType" AttributeType ?;
    }

    /// `callEventTime` in milliseconds since the epoch; `localCallId` is 0 where no call is.
    AdvCallEventMsg = Adv "advCallEventMsg" {
        elem kind: "type" AdvCallEventType ?;
        elem cause: "cause" EventCauseType ?;
        elem call_state: "callState" CallState ?;
        elem call_event_attribute: "callEventAttribute" AdvCallEventAttributeValue *;
        elem features_allowed: "featuresAllowed" FeaturesAllowed *;
        elem device: "device" AdvDevice *;
        elem party: "party" AdvPartyMember *;
        elem account_code: "accountCode" String ?;
        elem account_code_type: "accountCodeType" AccountCodeType ?;
        attr local_call_id: "localCallId" i64 1;
        attr call_event_time: "callEventTime" i64 1;
        attr object_id: "objectId" i64 1;
    }

    AdvCallStatusResult = Adv "advCallStatusResult" {
        elem error_description: "errorDescription" String ?;
        elem call_event: "callEvent" AdvCallEventMsg ?;
        attr result: "result" bool 1;
    }

    AdvCoachCallRequest = Adv "advCoachCallRequest" {
        elem coach_type: "coachType" BridgeCoachType ?;
        attr session_id: "sessionId" i64 1;
        attr object_id: "objectId" i64 1;
        attr call_id: "callId" i64 1;
    }

    AdvDevice = Adv "advDevice" {
        elem device_name: "deviceName" DeviceName ?;
        elem device_attribute: "deviceAttribute" AdvDeviceAttributeValue *;
    }

    AdvDeviceAttributeValue = Adv "advDeviceAttributeValue" {
        elem attribute_name: "attributeName" DeviceAttributeNames ?;
        elem attribute_value: "attributeValue" String ?;
        elem attribute_type: "attributeType" AttributeType ?;
    }

    AdvEventMsg = Adv "advEventMsg" {
        elem error_description: "errorDescription" String ?;
        elem event_type: "eventType" AdvEventType ?;
        elem call_event: "callEvent" AdvCallEventMsg ?;
        elem feature_event: "featureEvent" AdvFeatureEventMsg ?;
        elem system_event: "systemEvent" AdvSystemEventMsg ?;
        attr result: "result" bool 1;
    }

    AdvFeatureEventAttributeValue = Adv "advFeatureEventAttributeValue" {
        elem attribute_name: "attributeName" AdvFeatureEventAttributeNames ?;
        elem attribute_value: "attributeValue" String ?;
        elem attribute_type: "attributeType" AttributeType ?;
    }

    /// `time` in milliseconds since the epoch.
    AdvFeatureEventMsg = Adv "advFeatureEventMsg" {
        elem event_type: "eventType" FeatureEventType ?;
        elem feature_event_attribute: "featureEventAttribute" AdvFeatureEventAttributeValue *;
        attr object_id: "objectId" i64 1;
        attr time: "time" i64 1;
    }

    AdvPartyMember = Adv "advPartyMember" {
        elem member_num: "memberNum" String ?;
        elem member_name: "memberName" String ?;
        elem device_type: "deviceType" DeviceType ?;
        elem remote_member_ext: "remoteMemberExt" String ?;
        elem remote_member_name: "remoteMemberName" String ?;
        elem member_network_ext: "memberNetworkExt" String ?;
        elem peer_id: "peerId" String ?;
        elem peer_name: "peerName" String ?;
        attr call_id: "callId" i64 1;
        attr number_privacy: "numberPrivacy" bool 1;
        attr name_privacy: "namePrivacy" bool 1;
    }

    /// `time` in milliseconds since the epoch.
    AdvSystemEventMsg = Adv "advSystemEventMsg" {
        elem event_type: "eventType" SystemEventType ?;
        elem connection_state: "connectionState" ConnectionState ?;
        attr icp_id: "icpId" i64 1;
        attr time: "time" i64 1;
    }

    HuntGroupDescriptionResult = Adv "huntGroupDescriptionResult" {
        elem error_description: "errorDescription" String ?;
        elem group_number: "groupNumber" String ?;
        elem group_name: "groupName" String ?;
        elem first_rad: "firstRad" String ?;
        elem second_rad: "secondRad" String ?;
        elem night_rad: "nightRad" String ?;
        elem hunt_mode: "huntMode" HuntGroupMode ?;
        elem hunt_type: "huntType" HuntGroupType ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        attr result: "result" bool 1;
        attr number_of_members: "numberOfMembers" i32 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    RingGroupDescriptionResult = Adv "ringGroupDescriptionResult" {
        elem error_description: "errorDescription" String ?;
        elem group_number: "groupNumber" String ?;
        elem group_name: "groupName" String ?;
        elem overflow_point: "overflowPoint" String ?;
        elem ring_type: "ringType" RingType ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        attr result: "result" bool 1;
        attr number_of_members: "numberOfMembers" i32 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    SipPeerDescriptionResult = Adv "sipPeerDescriptionResult" {
        elem error_description: "errorDescription" String ?;
        elem peer_type: "peerType" PeerType ?;
        elem peer_trunk_type: "peerTrunkType" PeerTrunkType ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        attr result: "result" bool 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    SipPeerStatusResult = Adv "sipPeerStatusResult" {
        elem error_description: "errorDescription" String ?;
        elem global_call_id: "globalCallId" String ?;
        elem call_state: "callState" CallState ?;
        attr result: "result" bool 1;
        attr local_call_id: "localCallId" i64 1;
    }

    TdmTrunkStatusResult = Adv "tdmTrunkStatusResult" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
        attr in_service: "inService" bool 1;
    }
}
