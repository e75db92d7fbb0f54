//! Operations of SessionService: how a session begins, lives and ends.
//!
//! Rows only (see `operation`). An absent `req` is read as such; its handler refuses it.

use super::operation::operations;
use super::session::{
    AuthenticateSessionRequest, AuthenticateSessionResponse, LoginAppReq, LoginAppResp, LoginExRequest,
    LoginExResponse, LoginRequest, LoginResponse, LoginUserRequest, LoginUserResult, LogoutResponse, Outcome,
    ResetSessionTimerResponse, ValidateTokenResult, VersionResponse,
};

operations! {SessionService;
    Login = "login" Open Admission {
        elem req: "req" LoginRequest ?
    } -> LoginResponse ?

    /// First step of an advanced login; answers the challenge.
    LoginEx = "loginEx" Open Admission {
        elem req: "req" LoginExRequest ?
    } -> LoginExResponse ?

    LoginApp = "loginApp" Open Admission {
        elem req: "req" LoginAppReq ?
    } -> LoginAppResp ?

    /// Second step of an advanced login.
    Authenticate = "authenticate" Open Admission {
        elem req: "req" AuthenticateSessionRequest ?
    } -> AuthenticateSessionResponse ?

    ServiceVersions = "serviceVersions" Open Session {
        elem session_id: "sessionId" i64 1
    } -> VersionResponse ?

    /// Keeps the session for another 10 s.
    ResetSessionTimer = "resetSessionTimer" Open Session {
        elem session_id: "sessionId" i64 1
    } -> ResetSessionTimerResponse ?

    Logout = "logout" Open Session {
        elem session_id: "sessionId" i64 1
    } -> LogoutResponse ?

    /// Where to tell that another gateway took over.
    RegisterHaClientCallback = "registerHAClientCallback" Standard Session {
        elem session_id: "sessionId" i64 1; elem callback_uri: "callbackUri" String ?
    } -> Outcome ?

    LoginUser = "loginUser" Open Admission {
        elem request: "request" LoginUserRequest ?
    } -> LoginUserResult ?

    /// The session that a token of `loginUser` stands for.
    ValidateToken = "validateToken" Open Admission {
        elem token: "token" String ?
    } -> ValidateTokenResult ?
}
