//! Why an application was refused; what its `result="false"` says.

use schemas::domain::NodeRefusal;

use crate::allowance::NotLicensed;
use crate::push::UnfitUrl;

/// A refusal with a text that an application may be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("The session is not known or has ended.")]
    NoSession,
    /// Logged in by REST; call control by SOAP is for those that logged in by SOAP.
    #[error("A session that was logged in by REST may not use call control by SOAP.")]
    SoapNotPermitted,
    #[error("The object is not monitored in this session.")]
    NotMonitored,
    #[error("The call is not known at this object.")]
    NoCall,
    #[error("The object has no active call with another one held.")]
    NoConsultation,
    #[error("The node is not connected.")]
    NotConnected,
    #[error("The link to the node was lost; the outcome is not known.")]
    LinkLost,
    #[error("The object is not an object of this gateway.")]
    NoObject,
    #[error("The node is not configured in this gateway.")]
    NoNode,
    #[error("The number is not known at this node.")]
    NoNumber,
    #[error("The number may hold only digits, * and #, at most 32 of them.")]
    BadNumber,
    #[error("A number cannot be forwarded to itself.")]
    ForwardToItself,
    #[error("An account code has 2 to 12 digits.")]
    BadAccountCode,
    #[error("All {0} sessions of this gateway are in use.")]
    Full(usize),
    #[error("{0}")]
    NotLicensed(NotLicensed),
    /// The kind of session, and how many there may be.
    #[error("All {1} licences for {0} sessions of this gateway are in use.")]
    Licences(&'static str, usize),
    #[error("The gateway is stopping.")]
    Stopping,
    #[error("The session has reached its limit of {0} monitors.")]
    TooManyMonitors(usize),
    #[error("The application has reached its limit of {0} monitors in all its sessions.")]
    MonitorQuota(usize),
    #[error("The application has reached its limit of {0} commands a second.")]
    CommandQuota(u32),
    #[error("The session holds {0} polls already.")]
    TooManyPolls(usize),
    #[error("{0}")]
    Handler(#[from] UnfitUrl),
    #[error("The session has not proven its certificate yet; until authenticate it may do nothing else.")]
    Unproven,
    /// Holds the operation's name.
    #[error("{0} needs Advanced service.")]
    NeedsAdvanced(&'static str),
    /// The part of the gateway that was asked ended before it answered.
    #[error("The gateway could not complete the request; the outcome is not known.")]
    Lost,
    #[error("{0}")]
    Node(#[from] NodeRefusal),
}
