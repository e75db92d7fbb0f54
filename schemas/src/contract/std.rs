//! Types of standard call control: ids, configuration, hot desk users, forwarding.
//!
//! Rows only, as in `cc`.

use super::cc::{CallState, ConnectionState};
use super::macros::{enumeration, record};
use super::record::Secret;

enumeration! {
    NetworkElementType = Std "networkElementType" {
        MiVb = "MI_VB", Mi400 = "MI_400", MiCc = "MI_CC", MxOne = "MX_ONE",
    }
}

record! {
    DeviceConfigExResult = Std "deviceConfigExResult" {
        elem error_description: "errorDescription" String ?;
        elem line: "line" LineConfig *;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        attr result: "result" bool 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
    }

    DeviceConfigResult = Std "deviceConfigResult" {
        elem error_description: "errorDescription" String ?;
        elem line: "line" LineConfig *;
        elem primary_icp: "primaryIcp" String ?;
        elem secondary_icp: "secondaryIcp" String ?;
        attr result: "result" bool 1;
        attr is_resilient: "isResilient" bool 1;
    }

    DeviceMembersResult = Std "deviceMembersResult" {
        elem error_description: "errorDescription" String ?;
        elem member: "member" MemberConfig *;
        attr result: "result" bool 1;
    }

    DialNumberResult = Std "dialNumberResult" {
        elem error_description: "errorDescription" String ?;
        elem dialable_number: "dialableNumber" String ?;
        attr result: "result" bool 1;
    }

    GetDeviceConfigurationRequest = Std "getDeviceConfigurationRequest" {
        elem prime_dn: "primeDn" String 1;
        attr session_id: "sessionId" i64 1;
        attr icp_id: "icpId" i64 1;
    }

    GetDeviceMembersRequest = Std "getDeviceMembersRequest" {
        elem prime_dn: "primeDn" String 1;
        attr session_id: "sessionId" i64 1;
        attr icp_id: "icpId" i64 1;
    }

    GetIcpIdRequest = Std "getIcpIdRequest" {
        elem icp_ip_address: "icpIpAddress" String 1;
        attr session_id: "sessionId" i64 1;
    }

    GetLineAppearanceIdRequest = Std "getLineAppearanceIdRequest" {
        elem prime_dn: "primeDn" String 1;
        attr session_id: "sessionId" i64 1;
        attr icp_id: "icpId" i64 1;
        attr button_num: "buttonNum" i32 1;
    }

    GetPhoneNumberIdRequest = Std "getPhoneNumberIdRequest" {
        elem prime_dn: "primeDn" String 1;
        attr session_id: "sessionId" i64 1;
        attr icp_id: "icpId" i64 1;
    }

    HotDeskUserLoginDeviceResult = Std "hotDeskUserLoginDeviceResult" {
        elem error_description: "errorDescription" String ?;
        elem hot_desk_device_dn: "hotDeskDeviceDn" String ?;
        attr result: "result" bool 1;
        attr hot_desk_user_object_id: "hotDeskUserObjectId" i64 1;
    }

    HotDeskUserLoginResult = Std "hotDeskUserLoginResult" {
        elem error_description: "errorDescription" String ?;
        elem user_dn: "userDn" String ?;
        attr result: "result" bool 1;
        attr hot_desk_device_object_id: "hotDeskDeviceObjectId" i64 1;
    }

    IcpConfigResult = Std "icpConfigResult" {
        elem error_description: "errorDescription" String ?;
        elem max_ext_length: "maxExtLength" String ?;
        elem trunk_prefix: "trunkPrefix" String ?;
        elem long_distance_prefix: "longDistancePrefix" String ?;
        elem international_prefix: "internationalPrefix" String ?;
        elem local_area_codes: "localAreaCodes" String ?;
        elem outside_prefix: "outsidePrefix" String ?;
        elem local_country_code: "localCountryCode" String ?;
        elem ne_type: "neType" NetworkElementType ?;
        elem ip_addr: "ipAddr" String ?;
        attr result: "result" bool 1;
    }

    IncomingPhoneNumberResult = Std "incomingPhoneNumberResult" {
        elem error_description: "errorDescription" String ?;
        elem incoming_number: "incomingNumber" String *;
        attr result: "result" bool 1;
    }

    LineConfig = Std "lineConfig" {
        elem ext_number: "extNumber" String ?;
        attr object_id: "objectId" i64 1;
        attr button_number: "buttonNumber" i32 1;
    }

    LoginExtHotDeskUserRequest = Std "loginExtHotDeskUserRequest" {
        elem pin: "pin" Secret 1;
        attr session_id: "sessionId" i64 1;
        attr object_id: "objectId" i64 1;
    }

    LoginHotDeskUserRequest = Std "loginHotDeskUserRequest" {
        elem pin: "pin" Secret 1;
        elem hot_desk_user_dn: "hotDeskUserDn" String 1;
        attr session_id: "sessionId" i64 1;
        attr object_id: "objectId" i64 1;
    }

    MemberConfig = Std "memberConfig" {
        elem prime_dn: "primeDn" String ?;
        attr button_num: "buttonNum" i32 1;
        attr object_id: "objectId" i64 1;
    }

    /// Accepted or not; that the monitor is set is told by an event.
    MonitorResult = Std "monitorResult" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
        attr object_id: "objectId" i64 1;
        attr icp_id: "icpId" i64 1;
    }

    ResilientStatusResult = Std "resilientStatusResult" {
        elem error_description: "errorDescription" String ?;
        elem primary_icp_address: "primaryIcpAddress" String ?;
        elem primary_connection_state: "primaryConnectionState" ConnectionState ?;
        elem secondary_icp_address: "secondaryIcpAddress" String ?;
        elem secondary_connection_state: "secondaryConnectionState" ConnectionState ?;
        elem call_state_primary: "callStatePrimary" CallState ?;
        elem call_state_secondary: "callStateSecondary" CallState ?;
        attr result: "result" bool 1;
        attr is_resilient: "isResilient" bool 1;
        attr primary_icp_id: "primaryIcpId" i64 1;
        attr secondary_icp_id: "secondaryIcpId" i64 1;
        attr active_icp_id: "activeIcpId" i64 1;
    }

    SetCfRequest = Std "setCFRequest" {
        elem dn: "dn" String 1;
        attr session_id: "sessionId" i64 1;
        attr object_id: "objectId" i64 1;
        attr cf_on: "cfOn" bool 1;
    }
}
