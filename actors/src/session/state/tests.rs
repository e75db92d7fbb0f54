//! Table tests of the decisions.
