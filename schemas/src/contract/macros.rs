//! One row describes a field once: these macros make of a list of rows the struct, its SOAP reader
//! and writer, and its descriptor. The rules themselves are in `record`; the tables are the users.
//!
//! A row reads like one of the contract: place, our name, name on the wire, type, occurrence
//! (`1` required, `?` optional, `*` any number, `=` required by the schema but with a value of its
//! own when it is left out):
//!
//! ```text
//! record! {
//!     ObjectIdResult = Cc "objectIdResult" {
//!         elem error_description: "errorDescription" String ?;
//!         attr result: "result" bool 1;
//!         attr object_id: "objectId" i64 1;
//!     }
//! }
//! ```

macro_rules! place {
    (elem) => {
        $crate::contract::record::Place::Elem
    };
    (attr) => {
        $crate::contract::record::Place::Attr
    };
}

macro_rules! card {
    (1) => {
        $crate::contract::record::Card::One
    };
    (=) => {
        $crate::contract::record::Card::One
    };
    (?) => {
        $crate::contract::record::Card::Opt
    };
    (*) => {
        $crate::contract::record::Card::Many
    };
}

macro_rules! field_type {
    (1 $ty:ident) => { $ty };
    (= $ty:ident) => { $ty };
    (? $ty:ident) => { Option<$ty> };
    (* $ty:ident) => { Vec<$ty> };
}

macro_rules! read_field {
    (elem 1 $element:ident $ns:ident $wire:literal) => {
        $crate::contract::record::required($element, $ns, $wire)?
    };
    (elem ? $element:ident $ns:ident $wire:literal) => {
        $crate::contract::record::optional($element, $ns, $wire)?
    };
    (elem * $element:ident $ns:ident $wire:literal) => {
        $crate::contract::record::any_number($element, $ns, $wire)?
    };
    (elem = $element:ident $ns:ident $wire:literal $absent:expr) => {
        $crate::contract::record::optional($element, $ns, $wire)?.unwrap_or_else(|| $absent.into())
    };
    (attr 1 $element:ident $ns:ident $wire:literal) => {
        $crate::contract::record::attribute($element, $wire)?
    };
}

macro_rules! write_attribute {
    (elem $out:ident $field:expr, $wire:literal) => {};
    (attr $out:ident $field:expr, $wire:literal) => {
        $out.raw(concat!(" ", $wire, "=\""));
        $crate::contract::record::Scalar::render($field, $out);
        $out.raw("\"");
    };
}

macro_rules! write_child {
    (attr $card:tt $out:ident $prefix:ident $field:expr, $wire:literal) => {};
    (elem 1 $out:ident $prefix:ident $field:expr, $wire:literal) => {
        $crate::contract::record::Value::write_element($field, $out, $prefix, $wire);
    };
    (elem = $out:ident $prefix:ident $field:expr, $wire:literal) => {
        $crate::contract::record::Value::write_element($field, $out, $prefix, $wire);
    };
    // An Option and a Vec are both written item by item.
    (elem $card:tt $out:ident $prefix:ident $field:expr, $wire:literal) => {
        for item in ($field).iter() {
            $crate::contract::record::Value::write_element(item, $out, $prefix, $wire);
        }
    };
}

macro_rules! is_absent {
    (attr $card:tt $field:expr) => {
        true
    };
    (elem ? $field:expr) => {
        $field.is_none()
    };
    (elem * $field:expr) => {
        $field.is_empty()
    };
    (elem $card:tt $field:expr) => {
        false
    };
}

/// Structs from rows; see the head of this file.
macro_rules! record {
    ($(
        $(#[$meta:meta])*
        $name:ident = $ns:ident $wire_name:literal {
            $( $(#[$field_meta:meta])* $place:ident $field:ident : $wire:literal $ty:ident $card:tt $(($absent:expr))? );+ $(;)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $crate::contract::macros::field_type!($card $ty), )+
        }

        impl $crate::contract::record::Record for $name {
            const ROW: &'static $crate::contract::record::TypeRow = &$crate::contract::record::TypeRow {
                name: $wire_name,
                ns: $crate::contract::Namespace::$ns,
                fields: &[$(
                    $crate::contract::record::FieldRow {
                        place: $crate::contract::macros::place!($place),
                        name: $wire,
                        ty: <$ty as $crate::contract::record::Value>::TY,
                        card: $crate::contract::macros::card!($card),
                    },
                )+],
            };

            fn read(element: $crate::xml::Element<'_, '_>) -> Result<Self, $crate::fault::Refusal> {
                let ns = $crate::contract::Namespace::$ns;
                let _ = ns; // a record may consist of attributes alone
                Ok(Self {
                    $( $field: $crate::contract::macros::read_field!($place $card element ns $wire $($absent)?), )+
                })
            }

            fn write_attributes(&self, out: &mut $crate::xml::Writer) {
                let _ = &out; // a record may have no attributes
                $( $crate::contract::macros::write_attribute!($place out &self.$field, $wire); )+
            }

            fn write_children(&self, out: &mut $crate::xml::Writer) {
                let prefix = $crate::contract::Namespace::$ns.prefix();
                let _ = (&out, prefix); // a record may consist of attributes alone
                $( $crate::contract::macros::write_child!($place $card out prefix &self.$field, $wire); )+
            }

            fn is_bare(&self) -> bool {
                true $( && $crate::contract::macros::is_absent!($place $card self.$field) )+
            }
        }

        impl $crate::contract::record::Value for $name {
            const TY: $crate::contract::record::Ty =
                $crate::contract::record::Ty::Record(<$name as $crate::contract::record::Record>::ROW);

            fn read_element(
                element: $crate::xml::Element<'_, '_>,
                _name: &'static str,
            ) -> Result<Self, $crate::fault::Refusal> {
                <Self as $crate::contract::record::Record>::read(element)
            }

            fn write_element(&self, out: &mut $crate::xml::Writer, prefix: &str, name: &str) {
                $crate::contract::record::write_record(self, out, prefix, name);
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $( .field(stringify!($field), &$crate::contract::record::Shown(&self.$field, $wire)) )+
                    .finish()
            }
        }
    )*};
}

/// Enumerations from their values, in the order of the schema.
macro_rules! enumeration {
    ($(
        $(#[$meta:meta])*
        $name:ident = $ns:ident $wire_name:literal {
            $( $variant:ident = $wire:literal ),+ $(,)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $variant, )+
        }

        impl $name {
            /// The descriptor.
            pub const ROW: &'static $crate::contract::record::EnumRow = &$crate::contract::record::EnumRow {
                name: $wire_name,
                ns: $crate::contract::Namespace::$ns,
                values: &[$( $wire, )+],
            };
            /// Every value, in the order of the schema.
            pub const ALL: &'static [$name] = &[$( $name::$variant, )+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $( $name::$variant => $wire, )+
                }
            }

            /// The value of this name on the wire.
            #[must_use]
            pub fn from_wire(text: &str) -> Option<Self> {
                match text {
                    $( $wire => Some($name::$variant), )+
                    _ => None,
                }
            }
        }

        impl $crate::contract::record::Scalar for $name {
            const TYPE: $crate::contract::record::Ty = $crate::contract::record::Ty::Enum($name::ROW);

            fn parse(text: &str) -> Result<Self, $crate::contract::record::Wrong> {
                $name::from_wire(text).ok_or($crate::contract::record::Wrong::NotAmongTheValues)
            }

            fn render(&self, out: &mut $crate::xml::Writer) {
                out.raw(self.as_str());
            }
        }
    )*};
}

pub(crate) use {card, enumeration, field_type, is_absent, place, read_field, record, write_attribute, write_child};
