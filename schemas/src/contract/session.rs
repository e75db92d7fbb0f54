//! Types of the session service: logins and their replies.
//!
//! Rows only, as in `cc`. Passwords and tokens are kept out of `Debug` by `record`.

use super::macros::record;

record! {
    /// The signed challenge of `loginEx`.
    AuthenticateSessionRequest = Session "authenticateSessionRequest" {
        elem signed_authentication_data: "signedAuthenticationData" String 1;
        attr session_id: "sessionId" i64 1;
    }

    AuthenticateSessionResponse = Session "authenticateSessionResponse" {
        elem error_description: "errorDescription" String ?;
        attr session_id: "sessionId" i64 1;
        attr result: "result" bool 1;
    }

    LoginAppReq = Session "loginAppReq" {
        elem application_name: "applicationName" String ?;
        elem company_name: "companyName" String ?;
        elem application_password: "applicationPassword" String ?;
        elem local_password: "localPassword" String ?;
        elem certificate: "certificate" String ?;
        elem version: "version" String ?;
        elem user_id: "userId" String ?;
    }

    LoginAppResp = Session "loginAppResp" {
        elem error_desc: "errorDesc" String ?;
        elem authentication_data: "authenticationData" String ?;
        attr result: "result" bool 1;
        attr session_id: "sessionId" i64 1;
    }

    /// A certificate asks for advanced service; a missing version means the server's.
    LoginExRequest = Session "loginExRequest" {
        elem application_name: "applicationName" String 1;
        elem company_name: "companyName" String 1;
        elem application_password: "applicationPassword" String 1;
        elem local_password: "localPassword" String 1;
        elem version: "version" String = (super::SERVER_VERSION);
        elem certificate: "certificate" String ?;
    }

    /// `authenticationData` is a challenge to be signed; there is none without a certificate.
    LoginExResponse = Session "loginExResponse" {
        elem error_desc: "errorDesc" String ?;
        elem authentication_data: "authenticationData" String ?;
        attr result: "result" bool 1;
        attr session_id: "sessionId" i64 1;
    }

    LoginRequest = Session "loginRequest" {
        elem application_name: "applicationName" String 1;
        elem company_name: "companyName" String 1;
        elem local_password: "localPassword" String 1;
        elem application_password: "applicationPassword" String ?;
        elem certificate: "certificate" String ?;
    }

    /// `authenticationData` is a challenge to be signed; there is none without a certificate.
    LoginResponse = Session "loginResponse" {
        elem error_desc: "errorDesc" String ?;
        elem authentication_data: "authenticationData" String ?;
        attr result: "result" bool 1;
        attr session_id: "sessionId" i64 1;
    }

    LoginUserRequest = Session "loginUser" {
        elem application_name: "applicationName" String ?;
        elem application_password: "applicationPassword" String ?;
        elem certificate: "certificate" String ?;
        elem company_name: "companyName" String ?;
        elem local_password: "localPassword" String ?;
        elem user_email: "userEmail" String ?;
        elem user_password: "userPassword" String ?;
    }

    LoginUserResult = Session "loginUserResult" {
        elem error_description: "errorDescription" String ?;
        elem token: "token" String ?;
        attr result: "result" bool 1;
        attr session_id: "sessionId" i64 1;
        attr user_id: "userId" i32 1;
    }

    LogoutResponse = Session "logoutResponse" {
        elem error_desc: "errorDesc" String ?;
        attr result: "result" bool 1;
    }

    ResetSessionTimerResponse = Session "resetSessionTimerResponse" {
        elem error_desc: "errorDesc" String ?;
        attr result: "result" bool 1;
    }

    /// Done, or not and why.
    Outcome = Session "result" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
    }

    ValidateTokenResult = Session "validateTokenResult" {
        elem error_description: "errorDescription" String ?;
        elem token: "token" String ?;
        attr result: "result" bool 1;
        attr session_id: "sessionId" i64 1;
        attr user_id: "userId" i32 1;
    }

    VersionResponse = Session "versionResponse" {
        elem error_desc: "errorDesc" String ?;
        elem service_versions: "serviceVersions" String ?;
        attr result: "result" bool 1;
        attr session_id: "sessionId" i64 1;
    }
}

record! {
    /// Where the application finds its session from now on; spoken by SessionHAEventHandler alone.
    SessionHaEventMsg = Session "sessionHAEventMsg" {
        elem new_server_ip_address: "newServerIPAddress" String ?;
    }
}
