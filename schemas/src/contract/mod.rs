//! The contract with applications as data: every type, every operation, and the WSDL and XSD files
//! that describe them to the outside.
//!
//! Described once, in rows (`record`, `operation`); read and written by `soap`. What the operations
//! do is not here. The tests walk the WSDL and compare every row with it.
//!
//! Import from here by name, not with `*`: the module `std` (namespace `std` of the contract) would
//! hide the standard library.

pub mod adv;
mod adv_form;
pub mod cc;
pub mod da;
pub mod files;
mod macros;
pub mod operation;
pub mod ops_call_control_advanced;
pub mod ops_call_control_standard;
pub mod ops_data_access;
pub mod ops_event_handlers;
pub mod ops_session;
pub mod record;
pub mod session;
pub mod std;

use ::std::collections::HashMap;
use ::std::sync::LazyLock;

pub use operation::{GoesTo, OperationRow, Permission, Request, Visitor};
pub use record::{Card, EnumRow, FieldRow, Place, Record, Scalar, Ty, TypeRow, Value};

/// The version of the server; a login may ask for this or an older one.
pub const SERVER_VERSION: &str = "4.1";

/// The six services: three that we serve, three that applications host and we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    SessionService,
    StandardCcService,
    DataAccessService,
    EventHandler,
    AdvEventHandler,
    SessionHaEventHandler,
}

impl Service {
    /// The services that applications call.
    pub const SERVED: [Service; 3] = [Service::SessionService, Service::StandardCcService, Service::DataAccessService];
    /// Every service that has a WSDL.
    pub const ALL: [Service; 6] = [
        Service::SessionService,
        Service::StandardCcService,
        Service::DataAccessService,
        Service::EventHandler,
        Service::AdvEventHandler,
        Service::SessionHaEventHandler,
    ];

    /// Name of the service and of its WSDL file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Service::SessionService => "SessionService",
            Service::StandardCcService => "StandardCCService",
            Service::DataAccessService => "DataAccessService",
            Service::EventHandler => "EventHandlerCCService",
            Service::AdvEventHandler => "AdvEventHandlerCCService",
            Service::SessionHaEventHandler => "SessionHAEventHandler",
        }
    }

    /// The service of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Namespace of its wrapper elements.
    #[must_use]
    pub fn namespace(self) -> Namespace {
        match self {
            Service::SessionService => Namespace::SessionService,
            Service::StandardCcService => Namespace::StandardCcService,
            Service::DataAccessService => Namespace::DataAccessService,
            Service::EventHandler => Namespace::EventHandler,
            Service::AdvEventHandler => Namespace::AdvEventHandler,
            Service::SessionHaEventHandler => Namespace::SessionHaEventHandler,
        }
    }
}

/// A namespace of the contract: five of types, and one of wrappers for each service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace {
    Session,
    Cc,
    Adv,
    Std,
    Da,
    SessionService,
    StandardCcService,
    DataAccessService,
    EventHandler,
    AdvEventHandler,
    SessionHaEventHandler,
}

impl Namespace {
    /// The name that is matched and declared.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Namespace::Session => "http://mitel.com/oig/session",
            Namespace::Cc => "http://mitel.com/oig/cc",
            Namespace::Adv => "http://mitel.com/oig/cc/advanced",
            Namespace::Std => "http://mitel.com/oig/cc/standard",
            Namespace::Da => "http://mitel.com/oig/da",
            Namespace::SessionService => "http://mitel.com/oig/session/SessionService",
            Namespace::StandardCcService => "http://mitel.com/oig/cc/standard/StandardCCService",
            Namespace::DataAccessService => "http://mitel.com/oig/da/DataAccessService",
            Namespace::EventHandler => "http://mitel.com/oig/cc/standard/EventHandlerCCService",
            Namespace::AdvEventHandler => "http://mitel.com/oig/cc/advanced/AdvEventHandlerCCService",
            Namespace::SessionHaEventHandler => "http://mitel.com/oig/session/SessionHAEventHandler",
        }
    }

    /// The prefix that we write; rendered events rely on it wherever they are embedded.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Namespace::Session => "session",
            Namespace::Cc => "cc",
            Namespace::Adv => "adv",
            Namespace::Std => "std",
            Namespace::Da => "da",
            _ => "svc",
        }
    }
}

/// Every operation that applications may call.
pub static OPERATIONS: [OperationRow; 140] = operation::concat(&[
    ops_session::ROWS,
    ops_call_control_standard::ROWS,
    ops_call_control_advanced::ROWS,
    ops_data_access::ROWS,
]);

/// The operation of a service by its name.
#[must_use]
pub fn operation(service: Service, name: &str) -> Option<&'static OperationRow> {
    static BY_NAME: LazyLock<HashMap<(Service, &'static str), &'static OperationRow>> =
        LazyLock::new(|| OPERATIONS.iter().map(|row| ((row.service, row.name), row)).collect());
    BY_NAME.get(&(service, name)).copied()
}

/// Shows every operation of [`OPERATIONS`] to a visitor, in that order.
pub fn visit(visitor: &mut impl Visitor) {
    ops_session::visit(visitor);
    ops_call_control_standard::visit(visitor);
    ops_call_control_advanced::visit(visitor);
    ops_data_access::visit(visitor);
}
