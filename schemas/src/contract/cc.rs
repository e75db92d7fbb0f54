//! Types that standard and advanced call control share: enumerations, events, plain results.
//!
//! Rows only; the macros of `record` make structs, readers and writers of them. Built by whoever
//! renders an event or answers an operation.

use super::adv::{AcdAgentGroupPresence, AdvCallEventMsg, AdvEventType, AdvFeatureEventMsg, AdvSystemEventMsg};
use super::macros::{enumeration, record};

enumeration! {
    AccountCodeType = Cc "accountCodeType" {
        Verified = "VERIFIED_ACCOUNT_CODE", Unverified = "UNVERIFIED_ACCOUNT_CODE",
    }

    /// How the text of an attribute value is to be read.
    AttributeType = Cc "attributeType" {
        String = "STRING", Integer = "INTEGER", LongInteger = "LONG_INTEGER", Boolean = "BOOLEAN",
    }

    CallEventAttributeNames = Cc "callEventAttributeNames" {
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
        IcpId = "ICP_ID", GroupMemberAnswered = "GROUP_MEMBER_ANSWERED",
    }

    /// What happened to a call at the monitored object.
    CallEventType = Cc "callEventType" {
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
        InformationUpdateEvent = "INFORMATION_UPDATE_EVENT", MonitorFailedEvent = "MONITOR_FAILED_EVENT",
        PrgMonitorSetEvent = "PRG_MONITOR_SET_EVENT", PrgMonitorFailedEvent = "PRG_MONITOR_FAILED_EVENT",
    }

    /// State of the call at the monitored object after the event.
    CallState = Cc "callState" {
        Nil = "NIL", Delivered = "DELIVERED", Established = "ESTABLISHED", ExtensionInUse = "EXTENSION_IN_USE",
        Failed = "FAILED", FeatureDisabled = "FEATURE_DISABLED", FeatureEnabled = "FEATURE_ENABLED", Held = "HELD",
        Idle = "IDLE", Originated = "ORIGINATED", OutOfService = "OUT_OF_SERVICE", Queued = "QUEUED",
        Received = "RECEIVED", Unavailable = "UNAVAILABLE",
    }

    /// State of the link to a node.
    ConnectionState = Cc "connectionState" {
        NotConnected = "NOT_CONNECTED", Connected = "CONNECTED", ConnectionFailure = "CONNECTION_FAILURE",
        ConnectionAttempt = "CONNECTION_ATTEMPT", ConnectionInitializing = "CONNECTION_INITIALIZING",
    }

    DeviceAttributeNames = Cc "deviceAttributeNames" {
        Number = "NUMBER", Name = "NAME", DeviceType = "DEVICE_TYPE", DialedDigits = "DIALED_DIGITS",
        AdvMsg = "ADV_MSG", CallId = "CALL_ID", SuitePilotNumber = "SUITE_PILOT_NUMBER",
        LineAppearance = "LINE_APPEARANCE", NumberPrivacy = "NUMBER_PRIVACY", NamePrivacy = "NAME_PRIVACY",
        SuitePilotName = "SUITE_PILOT_NAME", PrgNumber = "PRG_NUMBER", PrgName = "PRG_NAME",
        TrunkOutpulsedDigits = "TRUNK_OUTPULSED_DIGITS", EhduNumber = "EHDU_NUMBER", TrunkNumber = "TRUNK_NUMBER",
        TrunkName = "TRUNK_NAME", MfaniInfoDigit = "MFANI_INFO_DIGIT", CallingLineCategory = "CALLING_LINE_CATEGORY",
        PeerName = "PEER_NAME", PeerId = "PEER_ID", AgentDn = "AGENT_DN", AgentId = "AGENT_ID",
    }

    /// The role that a device plays in an event.
    DeviceName = Cc "deviceName" {
        CallingDevice = "CALLING_DEVICE", CallingDeviceNetworkExt = "CALLING_DEVICE_NETWORK_EXT",
        OriginalDestinationDevice = "ORIGINAL_DESTINATION_DEVICE", GroupDevice = "GROUP_DEVICE",
        CalledDevice = "CALLED_DEVICE", ControllerDevice = "CONTROLLER_DEVICE", ConnectedDevice = "CONNECTED_DEVICE",
        PickupDevice = "PICKUP_DEVICE", SplittingDevice = "SPLITTING_DEVICE",
        TransferControllerDevice = "TRANSFER_CONTROLLER_DEVICE", TransferredDevice = "TRANSFERRED_DEVICE",
        NewDestinationDevice = "NEW_DESTINATION_DEVICE", DroppedDevice = "DROPPED_DEVICE",
        UsingDevice = "USING_DEVICE", HoldingDevice = "HOLDING_DEVICE", WaitingDevice = "WAITING_DEVICE",
        AcdCallerDevice = "ACD_CALLER_DEVICE", AcdAgentDevice = "ACD_AGENT_DEVICE",
        AcdForwardingDevice = "ACD_FORWARDING_DEVICE",
        AcdUnavailableAnswerPointDevice = "ACD_UNAVAILABLE_ANSWER_POINT_DEVICE",
        AcdPathExitDevice = "ACD_PATH_EXIT_DEVICE", AcdInterflowDevice = "ACD_INTERFLOW_DEVICE",
        AcdAgentGroupDevice = "ACD_AGENT_GROUP_DEVICE", AcdRadDevice = "ACD_RAD_DEVICE",
        AcdRemotePathDevice = "ACD_REMOTE_PATH_DEVICE", GroupMemberDevice = "GROUP_MEMBER_DEVICE",
        GroupOverflowDevice = "GROUP_OVERFLOW_DEVICE", GroupWaitingDevice = "GROUP_WAITING_DEVICE",
        RoutingDevice = "ROUTING_DEVICE", TransferrerDevice = "TRANSFERRER_DEVICE",
    }

    DeviceType = Cc "deviceType" {
        Unknown = "UNKNOWN", SipPrivateTrunk = "SIP_PRIVATE_TRUNK", SipPublicTrunk = "SIP_PUBLIC_TRUNK",
        MulticallGroup = "MULTICALL_GROUP", HuntGroup = "HUNT_GROUP", Keyline = "KEYLINE",
        VoiceSetPrime = "VOICE_SET_PRIME", AcdStructure = "ACD_STRUCTURE", LineAppearance = "LINE_APPEARANCE",
        DataExtension = "DATA_EXTENSION", Acd2Path = "ACD2_PATH", Acd2Agent = "ACD2_AGENT", Acd2Group = "ACD2_GROUP",
        RoutingDevice = "ROUTING_DEVICE", Acd2RemoteSubgroup = "ACD2_REMOTE_SUBGROUP",
        RingAllGroup = "RING_ALL_GROUP", RingCascadeGroup = "RING_CASCADE_GROUP", AcdxAgent = "ACDX_AGENT",
        AcdxGroup = "ACDX_GROUP", AcdxPath = "ACDX_PATH", PersonalRingGroup = "PERSONAL_RING_GROUP", Peer = "PEER",
        ExternalDeviceType = "EXTERNAL_DEVICE_TYPE", InternalDeviceType = "INTERNAL_DEVICE_TYPE",
    }

    /// Why a call event happened, seen from the monitored object; `…_INVOKED` means that it was done there.
    EventCauseType = Cc "eventCauseType" {
        Unknown = "UNKNOWN", AccountCodeSet = "ACCOUNT_CODE_SET", AcdAgentTimeout = "ACD_AGENT_TIMEOUT",
        AcdCallQueued = "ACD_CALL_QUEUED", AcdCallDelivered = "ACD_CALL_DELIVERED",
        AcdCallAnswered = "ACD_CALL_ANSWERED", AcdCallCleared = "ACD_CALL_CLEARED",
        AcdCallOverflowed = "ACD_CALL_OVERFLOWED", AcdCallAbandoned = "ACD_CALL_ABANDONED",
        AcdCallClearInvoked = "ACD_CALL_CLEAR_INVOKED", AcdCallQueuedFailed = "ACD_CALL_QUEUED_FAILED",
        AcdCallQueuedOverflowed = "ACD_CALL_QUEUED_OVERFLOWED", AcdCallRedirected = "ACD_CALL_REDIRECTED",
        AcdCallReceived = "ACD_CALL_RECEIVED", AcdRemoteCallQueued = "ACD_REMOTE_CALL_QUEUED",
        AcdRemoteCallDequeued = "ACD_REMOTE_CALL_DEQUEUED", AcdRemoteCallDistributed = "ACD_REMOTE_CALL_DISTRIBUTED",
        AcdHelpCall = "ACD_HELP_CALL", AcdInterflowedDisconnected = "ACD_INTERFLOWED_DISCONNECTED",
        AcdInterflowedRerouted = "ACD_INTERFLOWED_REROUTED", AcdRadStarted = "ACD_RAD_STARTED",
        AcdRequest = "ACD_REQUEST", AcdRequestDisconnected = "ACD_REQUEST_DISCONNECTED",
        AcdRequestRerouted = "ACD_REQUEST_REROUTED", AcdRequeueRequest = "ACD_REQUEUE_REQUEST",
        AcdRequeueRequestDisconnected = "ACD_REQUEUE_REQUEST_DISCONNECTED",
        AcdRequeueRequestRerouted = "ACD_REQUEUE_REQUEST_REROUTED",
        AcdSilentMonitorEstablished = "ACD_SILENT_MONITOR_ESTABLISHED",
        AcdSilentMonitorDropped = "ACD_SILENT_MONITOR_DROPPED", AcdSilentMonitor = "ACD_SILENT_MONITOR",
        AcdSilentMonitorInvoked = "ACD_SILENT_MONITOR_INVOKED", AlternateCallInvoked = "ALTERNATE_CALL_INVOKED",
        Answered = "ANSWERED", AnsweredInvoked = "ANSWERED_INVOKED", CallbackInvoked = "CALLBACK_INVOKED",
        CallbackMatured = "CALLBACK_MATURED", CallQueued = "CALL_QUEUED", CallIsWaiting = "CALL_IS_WAITING",
        Cleared = "CLEARED", ClearInvoked = "CLEAR_INVOKED", ConferenceCallHeld = "CONFERENCE_CALL_HELD",
        ConferenceCallRetrieved = "CONFERENCE_CALL_RETRIEVED", ConferenceConsHeld = "CONFERENCE_CONS_HELD",
        ConferenceConsRetrieved = "CONFERENCE_CONS_RETRIEVED", Conferenced = "CONFERENCED",
        ConferenceEstablished = "CONFERENCE_ESTABLISHED", ConferenceInvoked = "CONFERENCE_INVOKED",
        ConferenceMemberAdded = "CONFERENCE_MEMBER_ADDED", ConferenceMemberDropped = "CONFERENCE_MEMBER_DROPPED",
        ConferenceMonitorSet = "CONFERENCE_MONITOR_SET", ConferenceRemoteUpdate = "CONFERENCE_REMOTE_UPDATE",
        ConferenceSplit = "CONFERENCE_SPLIT", ConferenceSplitInvoked = "CONFERENCE_SPLIT_INVOKED",
        ConferenceTransferred = "CONFERENCE_TRANSFERRED", ConfRetrieveInvoked = "CONF_RETRIEVE_INVOKED",
        ConsHold = "CONS_HOLD", ConsHoldInvoked = "CONS_HOLD_INVOKED", ConsCallInvoked = "CONS_CALL_INVOKED",
        ConsHeldPartyDropped = "CONS_HELD_PARTY_DROPPED", ControllerCommsFailed = "CONTROLLER_COMMS_FAILED",
        ControllerCommsRestored = "CONTROLLER_COMMS_RESTORED", Delivered = "DELIVERED",
        DestinationBusy = "DESTINATION_BUSY", DestinationDoNotDisturb = "DESTINATION_DO_NOT_DISTURB",
        DestinationNotObtainable = "DESTINATION_NOT_OBTAINABLE", DestinationUnavailable = "DESTINATION_UNAVAILABLE",
        DeviceInService = "DEVICE_IN_SERVICE", DeviceOutOfService = "DEVICE_OUT_OF_SERVICE",
        DivertedAlwaysFrom = "DIVERTED_ALWAYS_FROM", DivertedAlwaysTo = "DIVERTED_ALWAYS_TO",
        DivertedNoAnswerFrom = "DIVERTED_NO_ANSWER_FROM", DivertedNoAnswerTo = "DIVERTED_NO_ANSWER_TO",
        DivertedNoAnswerAway = "DIVERTED_NO_ANSWER_AWAY", DivertedOnBusyFrom = "DIVERTED_ON_BUSY_FROM",
        DivertedOnBusyTo = "DIVERTED_ON_BUSY_TO", DivertedPickupAway = "DIVERTED_PICKUP_AWAY",
        ErrorDetected = "ERROR_DETECTED", ExtensionInUse = "EXTENSION_IN_USE",
        HardHeldPartyDropped = "HARD_HELD_PARTY_DROPPED", HardHold = "HARD_HOLD",
        HardHoldInvoked = "HARD_HOLD_INVOKED", HardHoldRetrieved = "HARD_HOLD_RETRIEVED", Intrusion = "INTRUSION",
        IntrusionInvoked = "INTRUSION_INVOKED", InvalidAccountCode = "INVALID_ACCOUNT_CODE",
        MemberAnswered = "MEMBER_ANSWERED", MonitorSet = "MONITOR_SET", NetworkBusy = "NETWORK_BUSY",
        NetworkCongestion = "NETWORK_CONGESTION", NetworkNotObtainable = "NETWORK_NOT_OBTAINABLE",
        NewCallInvoked = "NEW_CALL_INVOKED", NewCall = "NEW_CALL", NoAnswer = "NO_ANSWER",
        NoSuchNumber = "NO_SUCH_NUMBER", OnsCallOriginated = "ONS_CALL_ORIGINATED",
        OtherDeviceCleared = "OTHER_DEVICE_CLEARED", OtherDeviceDropped = "OTHER_DEVICE_DROPPED", Pickup = "PICKUP",
        PickupInvoked = "PICKUP_INVOKED", PrivilegeViolation = "PRIVILEGE_VIOLATION",
        QueuedPartyDropped = "QUEUED_PARTY_DROPPED", RadUnavailable = "RAD_UNAVAILABLE",
        RecallHeldParty = "RECALL_HELD_PARTY", RedirectedAway = "REDIRECTED_AWAY", RedirectedFrom = "REDIRECTED_FROM",
        RedirectedHandoff = "REDIRECTED_HANDOFF", RedirectedOnError = "REDIRECTED_ON_ERROR",
        RedirectedTo = "REDIRECTED_TO", RemotePartyUpdated = "REMOTE_PARTY_UPDATED",
        GlobalCallidUpdated = "GLOBAL_CALLID_UPDATED", CallDistributed = "CALL_DISTRIBUTED",
        CallAnswered = "CALL_ANSWERED", CallDisconnected = "CALL_DISCONNECTED", CallOverflowed = "CALL_OVERFLOWED",
        CallWaitingPartyDisconnected = "CALL_WAITING_PARTY_DISCONNECTED", CfnaCallQueued = "CFNA_CALL_QUEUED",
        CfaCallQueued = "CFA_CALL_QUEUED", CfbCallQueued = "CFB_CALL_QUEUED",
        CfaDestinationBusy = "CFA_DESTINATION_BUSY", CfbDestinationBusy = "CFB_DESTINATION_BUSY",
        Retrieve = "RETRIEVE", RetrieveInvoked = "RETRIEVE_INVOKED",
        RoutingDeviceCallQueued = "ROUTING_DEVICE_CALL_QUEUED",
        RoutingDeviceCallOverflow = "ROUTING_DEVICE_CALL_OVERFLOW",
        RoutingDeviceCallRerouted = "ROUTING_DEVICE_CALL_REROUTED",
        RoutingDeviceCallAbandoned = "ROUTING_DEVICE_CALL_ABONDONED",
        RoutingDeviceCfalwaysCallQueued = "ROUTING_DEVICE_CFALWAYS_CALL_QUEUED",
        RoutingDeviceCfbusyCallQueued = "ROUTING_DEVICE_CFBUSY_CALL_QUEUED",
        RoutingDeviceCfnoansCallQueued = "ROUTING_DEVICE_CFNOANS_CALL_QUEUED",
        RoutingDeviceRadStarted = "ROUTING_DEVICE_RAD_STARTED",
        RoutingDeviceReroutedCallQueued = "ROUTING_DEVICE_REROUTED_CALL_QUEUED",
        RoutingDeviceTransCallQueued = "ROUTING_DEVICE_TRANS_CALL_QUEUED",
        SecondaryControllerCommsFailed = "SECONDARY_CONTROLLER_COMMS_FAILED",
        SecondaryMonitorSet = "SECONDARY_MONITOR_SET", SupervisedTransfer = "SUPERVISED_TRANSFER",
        TapCall = "TAP_CALL", ThisDeviceDropped = "THIS_DEVICE_DROPPED", TransferInvoked = "TRANSFER_INVOKED",
        TransferRecallNoAnswer = "TRANSFER_RECALL_NO_ANSWER", TransferRecallOnBusy = "TRANSFER_RECALL_ON_BUSY",
        TransferToBusy = "TRANSFER_TO_BUSY", TransferredCall = "TRANSFERRED_CALL", TrunksBusy = "TRUNKS_BUSY",
        TrunkDigitsOutpulsed = "TRUNK_DIGITS_OUTPULSED", UnsupervisedTransfer = "UNSUPERVISED_TRANSFER",
        WaitingCallRinging = "WAITING_CALL_RINGING", WorkTimerExpired = "WORK_TIMER_EXPIRED",
        HandoffPush = "HANDOFF_PUSH", PeerOutOfService = "PEER_OUT_OF_SERVICE", PeerInService = "PEER_INSERVICE",
        EhduAccess = "EHDU_ACCESS", EhduCallBack = "EHDU_CALL_BACK", CallingNameUpdated = "CALLING_NAME_UPDATED",
        FeaturesAllowedChanged = "FEATURES_ALLOWED_CHANGED", BargeInvoked = "BARGE_INVOKED",
        ClosingCallServer = "CLOSING_CALL_SERVER", ResilientInfoUpdate = "RESILIENT_INFO_UPDATE",
    }

    EventType = Cc "eventType" {
        Unknown = "UNKNOWN", CallEvent = "CALL_EVENT", FeatureEvent = "FEATURE_EVENT", AcdEvent = "ACD_EVENT",
        SystemEvent = "SYSTEM_EVENT",
    }

    FeatureEventAttributeNames = Cc "featureEventAttributeNames" {
        CallState = "CALL_STATE", DeviceNumber = "DEVICE_NUMBER", UserDn = "USER_DN", GroupDn = "GROUP_DN",
        ForwardDn = "FORWARD_DN", AgentDn = "AGENT_DN", AgentId = "AGENT_ID", RegistrationDn = "REGISTRATION_DN",
        UserType = "USER_TYPE", FeatureEventState = "FEATURE_EVENT_STATE", IcpId = "ICP_ID",
    }

    FeatureEventType = Cc "featureEventType" {
        Unknown = "UNKNOWN", AutoAnswerFeature = "AUTO_ANSWER_FEATURE", DoNotDisturb = "DO_NOT_DISTURB",
        MsgWaitingIndicator = "MSG_WAITING_INDICATOR", InService = "INSERVICE",
        DoNotDisturbAll = "DO_NOT_DISTURB_ALL", MsgWaitingIndAll = "MSG_WAITING_IND_ALL", MakeBusy = "MAKE_BUSY",
        JoinGroup = "JOIN_GROUP", LeaveGroup = "LEAVE_GROUP", JoinAllAcdGroups = "JOIN_ALL_ACD_GROUPS",
        MakeBusyState = "MAKE_BUSY_STATE", LeaveAllAcdGroups = "LEAVE_All_ACD_GROUPS", AcdAgent = "ACD_AGENT",
        AcdAgentBlocked = "ACD_AGENT_BLOCKED", Acd2LoginNoLicense = "ACD2_LOGIN_NO_LICENSE",
        HotDeskUser = "HOT_DESK_USER", CfAlways = "CF_ALWAYS", CfBusyExternal = "CF_BUSY_EXTERNAL",
        CfBusyInternal = "CF_BUSY_INTERNAL", CfNoAnswerInternal = "CF_NO_ANSWER_INTERNAL",
        CfNoAnswerExternal = "CF_NO_ANSWER_EXTERNAL", CfNoAnswerBusy = "CF_NO_ANSWER_BUSY",
        CfAllModes = "CF_ALL_MODES", BridgeJoin = "BRIDGE_JOIN", BridgeLeave = "BRIDGE_LEAVE",
        BridgeEnableCoaching = "BRIDGE_ENABLE_COACHING", BridgeDisableCoaching = "BRIDGE_DISABLE_COACHING",
        BridgeEnableAllCoaching = "BRIDGE_ENABLE_ALL_COACHING", BridgeDisconnected = "BRIDGE_DISCONNECTED",
        BridgeConnected = "BRIDGE_CONNECTED", AcdAgentFeature = "ACD_AGENT_FEATURE",
        ActivateFeature = "ACTIVATE_FEATURE", ConferenceFeature = "CONFERENCE_FEATURE",
        ForwardFeature = "FORWARD_FEATURE", UserIdFeatureEvent = "USER_ID_FEATURE_EVENT",
        BridgeFeatureEvent = "BRIDGE_FEATURE_EVENT",
    }

    /// What may be done with the call next.
    FeaturesAllowed = Cc "featuresAllowed" {
        NotSupported = "NOT_SUPPORTED", AnswerCall = "ANSWER_CALL", RedirectCall = "REDIRECT_CALL",
        CamponCall = "CAMPON_CALL", SetCallMeBack = "SET_CALL_ME_BACK", IntrudeCall = "INTRUDE_CALL",
        AlternateCall = "ALTERNATE_CALL", TradeCall = "TRADE_CALL", ConferenceCall = "CONFERENCE_CALL",
        SplitConferenceCall = "SPLIT_CONFERENCE_CALL", ConsultationCall = "CONSULTATION_CALL",
        CancelConsultationCall = "CANCEL_CONSULTATION_CALL", TransferCall = "TRANSFER_CALL",
        SendCallbackMessage = "SEND_CALLBACK_MESSAGE", SetAccountCode = "SET_ACCOUNT_CODE", NewCall = "NEW_CALL",
        ClearCall = "CLEAR_CALL", OutPulseDigits = "OUT_PULSE_DIGITS", HoldCall = "HOLD_CALL",
        RetrieveCall = "RETRIEVE_CALL", ListenCall = "LISTEN_CALL", AssignCallerId = "ASSIGN_CALLER_ID",
        AlterWorkTimer = "ALTER_WORK_TIMER", TapCall = "TAP_CALL",
    }

    SystemEventType = Cc "systemEventType" {
        IcpCommunicationEvent = "ICP_COMMUNICATION_EVENT", OigShutdown = "OIG_SHUTDOWN",
        HaActivitySwitch = "HA_ACTIVITY_SWITCH",
    }
}

record! {
    /// `AcdAgentStatusResult` with the make-busy state.
    AcdAgentStatusExResult = Cc "acdAgentStatusExResult" {
        elem error_description: "errorDescription" String ?;
        elem agent_dn: "agentDn" String ?;
        elem registration_dn: "registrationDn" String ?;
        elem cfna_ext: "CFNAExt" ForwardingInfo ?;
        elem cfna_int: "CFNAInt" ForwardingInfo ?;
        elem cf_busy_ext: "CFBusyExt" ForwardingInfo ?;
        elem cf_busy_int: "CFBusyInt" ForwardingInfo ?;
        elem cf_always: "CFAlways" ForwardingInfo ?;
        elem agent_group_statu: "agentGroupStatu" AcdAgentGroupPresence *;
        attr result: "result" bool 1;
        attr dnd: "DND" bool 1;
        attr make_busy_state: "makeBusyState" bool 1;
        attr auto_answer: "autoAnswer" bool 1;
        attr msg_waiting_lamp: "msgWaitingLamp" bool 1;
    }

    AcdAgentStatusResult = Cc "acdAgentStatusResult" {
        elem error_description: "errorDescription" String ?;
        elem agent_dn: "agentDn" String ?;
        elem registration_dn: "registrationDn" String ?;
        elem cfna_ext: "CFNAExt" ForwardingInfo ?;
        elem cfna_int: "CFNAInt" ForwardingInfo ?;
        elem cf_busy_ext: "CFBusyExt" ForwardingInfo ?;
        elem cf_busy_int: "CFBusyInt" ForwardingInfo ?;
        elem cf_always: "CFAlways" ForwardingInfo ?;
        elem agent_group_statu: "agentGroupStatu" AcdAgentGroupPresence *;
        attr result: "result" bool 1;
        attr dnd: "DND" bool 1;
        attr auto_answer: "autoAnswer" bool 1;
        attr msg_waiting_lamp: "msgWaitingLamp" bool 1;
    }

    CallEventAttributeValue = Cc "callEventAttributeValue" {
        elem attribute_name: "attributeName" CallEventAttributeNames ?;
        elem attribute_value: "attributeValue" String ?;
        elem attribute_type: "attributeType" AttributeType ?;
    }

    /// `callEventTime` in milliseconds since the epoch; `localCallId` is 0 where no call is.
    CallEventMsg = Cc "callEventMsg" {
        elem kind: "type" CallEventType ?;
        elem cause: "cause" EventCauseType ?;
        elem call_state: "callState" CallState ?;
        elem call_event_attribute: "callEventAttribute" CallEventAttributeValue *;
        elem features_allowed: "featuresAllowed" FeaturesAllowed *;
        elem device: "device" Device *;
        elem party: "party" PartyMember *;
        elem account_code: "accountCode" String ?;
        elem account_code_type: "accountCodeType" AccountCodeType ?;
        attr local_call_id: "localCallId" i64 1;
        attr call_event_time: "callEventTime" i64 1;
        attr object_id: "objectId" i64 1;
    }

    CallStatusResult = Cc "callStatusResult" {
        elem error_description: "errorDescription" String ?;
        elem call_event: "callEvent" CallEventMsg ?;
        attr result: "result" bool 1;
    }

    /// A device that takes part in an event, as a role with attributes.
    Device = Cc "device" {
        elem device_name: "deviceName" DeviceName ?;
        elem device_attribute: "deviceAttribute" DeviceAttributeValue *;
    }

    DeviceAttributeValue = Cc "deviceAttributeValue" {
        elem attribute_name: "attributeName" DeviceAttributeNames ?;
        elem attribute_value: "attributeValue" String ?;
        elem attribute_type: "attributeType" AttributeType ?;
    }

    DeviceFeaturesResult = Cc "deviceFeaturesResult" {
        elem error_description: "errorDescription" String ?;
        elem hot_desk_user_logged_in_dn: "hotDeskUserLoggedInDn" String ?;
        elem registration_dn: "registrationDn" String ?;
        elem cfna_ext: "CFNAExt" ForwardingInfo ?;
        elem cfna_int: "CFNAInt" ForwardingInfo ?;
        elem cf_busy_ext: "CFBusyExt" ForwardingInfo ?;
        elem cf_busy_int: "CFBusyInt" ForwardingInfo ?;
        elem cf_always: "CFAlways" ForwardingInfo ?;
        attr result: "result" bool 1;
        attr dnd: "DND" bool 1;
        attr auto_answer: "autoAnswer" bool 1;
        attr msg_waiting_lamp: "msgWaitingLamp" bool 1;
    }

    FeatureEventAttributeValue = Cc "featureEventAttributeValue" {
        elem attribute_name: "attributeName" FeatureEventAttributeNames ?;
        elem attribute_value: "attributeValue" String ?;
        elem attribute_type: "attributeType" AttributeType ?;
    }

    /// `time` in milliseconds since the epoch.
    FeatureEventMsg = Cc "featureEventMsg" {
        elem event_type: "eventType" FeatureEventType ?;
        elem feature_event_attribute: "featureEventAttribute" FeatureEventAttributeValue *;
        attr time: "time" i64 1;
        attr object_id: "objectId" i64 1;
    }

    ForwardingInfo = Cc "forwardingInfo" {
        elem dn: "dn" String ?;
        attr fwd_on: "fwdOn" bool 1;
    }

    /// The id of a configured node and the state of its link.
    IcpIdResult = Cc "icpIdResult" {
        elem error_description: "errorDescription" String ?;
        elem connection_state: "connectionState" ConnectionState ?;
        elem icp_version: "icpVersion" String ?;
        attr result: "result" bool 1;
        attr icp_id: "icpId" i64 1;
    }

    /// An event with its number in the session; carries the advanced form when `advanced` is set.
    NumberedEventMsg = Cc "numberedEventMsg" {
        elem error_description: "errorDescription" String ?;
        elem event_type: "eventType" EventType ?;
        elem call_event: "callEvent" CallEventMsg ?;
        elem feature_event: "featureEvent" FeatureEventMsg ?;
        elem system_event: "systemEvent" SystemEventMsg ?;
        elem adv_call_event: "advCallEvent" AdvCallEventMsg ?;
        elem adv_event_type: "advEventType" AdvEventType ?;
        elem adv_feature_event: "advFeatureEvent" AdvFeatureEventMsg ?;
        elem adv_system_event: "advSystemEvent" AdvSystemEventMsg ?;
        attr result: "result" bool 1;
        attr event_number: "eventNumber" i32 1;
        attr advanced: "advanced" bool 1;
    }

    ObjectIdResult = Cc "objectIdResult" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
        attr object_id: "objectId" i64 1;
    }

    /// One party of a conference.
    PartyMember = Cc "partyMember" {
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

    /// An event for a session that was paired with a REST session.
    RestEventMsg = Cc "restEventMsg" {
        elem event_msg: "eventMsg" NumberedEventMsg ?;
        elem error_description: "errorDescription" String ?;
        attr session_id: "sessionId" i64 1;
        attr result: "result" bool 1;
    }

    /// Done, or not and why.
    Outcome = Cc "result" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
    }

    StandardEventMsg = Cc "standardEventMsg" {
        elem error_description: "errorDescription" String ?;
        elem event_type: "eventType" EventType ?;
        elem call_event: "callEvent" CallEventMsg ?;
        elem feature_event: "featureEvent" FeatureEventMsg ?;
        elem system_event: "systemEvent" SystemEventMsg ?;
        attr result: "result" bool 1;
    }

    /// `time` in milliseconds since the epoch.
    SystemEventMsg = Cc "systemEventMsg" {
        elem event_type: "eventType" SystemEventType ?;
        elem connection_state: "connectionState" ConnectionState ?;
        attr icp_id: "icpId" i64 1;
        attr time: "time" i64 1;
    }
}
