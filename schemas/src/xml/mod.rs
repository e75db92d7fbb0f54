//! XML as far as the wires need it: a guarded reader that builds a small tree, and a writer.
//!
//! Nothing from outside is read by anything else before it has passed the guard of [`tree`].

pub mod tree;
pub mod writer;

pub use tree::{Element, Limits, Tree, XmlFault};
pub(crate) use tree::{Growing, is_xml_char};
pub use writer::Writer;
