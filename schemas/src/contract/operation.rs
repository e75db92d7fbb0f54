//! An operation as one row: what it is called, who may call it, who answers it, what goes in and
//! what comes out. The macro here makes of each row the request struct and the entry in
//! [`OPERATIONS`](super::OPERATIONS).
//!
//! The rows are in the `ops_*` siblings. What an operation does is the business of its handler.

use super::Service;
use super::record::{Card, Record, TypeRow};

/// What a session must be to call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Anyone: this is how one gets a session, proves its certificate, keeps or leaves it.
    Open,
    /// Any session that is logged in; one that asked for Advanced service has proven its certificate.
    Standard,
    /// A session that proved its certificate.
    Advanced,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesTo {
    /// Where sessions begin: accounts, certificates, tokens.
    Admission,
    /// The caller's own session: its events, its timer.
    Session,
    /// The monitored object that the request names.
    Device,
    /// The node that the request names: ids, configuration, descriptions.
    Node,
    /// The node-wide monitor of the node that the request names.
    SystemMonitor,
    /// The synchronised tables.
    Data,
}

/// One operation of the contract.
#[derive(Debug, Clone, Copy)]
pub struct OperationRow {
    pub service: Service,
    /// Name of the operation and of its request element; the reply's is `<name>Response`, the
    /// action `urn:<name>`.
    pub name: &'static str,
    pub permission: Permission,
    pub goes_to: GoesTo,
    /// The wrapper of the request.
    pub request: &'static TypeRow,
    /// The type of `return`.
    pub reply: &'static TypeRow,
    /// How often the schema lets `return` occur; we always write it.
    pub reply_card: Card,
}

impl PartialEq for OperationRow {
    fn eq(&self, other: &Self) -> bool {
        self.service == other.service && self.name == other.name
    }
}

impl Eq for OperationRow {}

/// A request struct, tied to its row and its reply.
pub trait Request: Record {
    const OPERATION: &'static OperationRow;
    /// The type of `return`.
    type Reply: Record;
}

/// Something to be done for every operation with its types at hand (tests, descriptions).
pub trait Visitor {
    fn operation<R: Request + Clone + PartialEq + std::fmt::Debug>(&mut self)
    where
        R::Reply: Clone + PartialEq + std::fmt::Debug;
}

/// Joins the rows of the four tables at compile time.
pub(super) const fn concat<const N: usize>(parts: &[&[OperationRow]]) -> [OperationRow; N] {
    let mut all = [parts[0][0]; N];
    let (mut part, mut filled) = (0, 0);
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() {
            all[filled] = parts[part][at];
            filled += 1;
            at += 1;
        }
        part += 1;
    }
    assert!(filled == N, "the number of operations has changed");
    all
}

/// Request structs and rows; `Call` holds any request of the table, read by its row's name.
macro_rules! operations {
    ($service:ident;
        $(
            $(#[$meta:meta])*
            $name:ident = $wire_name:literal $permission:ident $goes_to:ident {
                $($fields:tt)*
            } -> $reply:ident $card:tt
        )*
    ) => {
        $crate::contract::macros::record! {$(
            $(#[$meta])*
            $name = $service $wire_name { $($fields)* }
        )*}

        $(
            impl $crate::contract::operation::Request for $name {
                const OPERATION: &'static $crate::contract::operation::OperationRow =
                    &$crate::contract::operation::OperationRow {
                        service: $crate::contract::Service::$service,
                        name: $wire_name,
                        permission: $crate::contract::operation::Permission::$permission,
                        goes_to: $crate::contract::operation::GoesTo::$goes_to,
                        request: <$name as $crate::contract::record::Record>::ROW,
                        reply: <$reply as $crate::contract::record::Record>::ROW,
                        reply_card: $crate::contract::macros::card!($card),
                    };
                type Reply = $reply;
            }
        )*

        /// The rows of this table.
        pub const ROWS: &[$crate::contract::operation::OperationRow] =
            &[$( *<$name as $crate::contract::operation::Request>::OPERATION, )*];

        /// Any request of this table.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Call {
            $( $name($name), )*
        }

        impl Call {
            /// Reads the request of an operation from its wrapper; `None` where the operation is
            /// not of this table.
            #[must_use]
            pub fn read(
                operation: &$crate::contract::operation::OperationRow,
                wrapper: $crate::xml::Element<'_, '_>,
            ) -> Option<Result<Self, $crate::fault::Refusal>> {
                if operation.service != $crate::contract::Service::$service {
                    return None;
                }
                match operation.name {
                    $( $wire_name =>
                        Some(<$name as $crate::contract::record::Record>::read(wrapper).map(Call::$name)), )*
                    _ => None,
                }
            }

            /// The row of the operation.
            #[must_use]
            pub fn operation(&self) -> &'static $crate::contract::operation::OperationRow {
                match self {
                    $( Call::$name(_) => <$name as $crate::contract::operation::Request>::OPERATION, )*
                }
            }
        }

        /// Shows every operation of this table to a visitor.
        pub fn visit(visitor: &mut impl $crate::contract::operation::Visitor) {
            $( visitor.operation::<$name>(); )*
        }
    };
}

pub(crate) use operations;
