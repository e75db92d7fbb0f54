//! Whether two copies of a form have the same rows, without comparing them: a number that every row changes, whatever the
//! order. It finds what was lost or is left over, not what somebody forged: whoever could does so with the rows.

use super::form::Form;
use super::row::{Row, Value};

/// Of the rows of one form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    pub rows: u64,
    sum: u64,
}

impl Digest {
    #[must_use]
    pub fn new(rows: u64, sum: u64) -> Self {
        Self { rows, sum }
    }

    /// As both ends say it.
    #[must_use]
    pub fn sum(self) -> u64 {
        self.sum
    }

    pub fn add(&mut self, form: &Form, row: &Row) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(form, row));
    }

    pub fn remove(&mut self, form: &Form, row: &Row) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(hash(form, row));
    }
}

impl FromIterator<u64> for Digest {
    /// Of the hashes of rows.
    fn from_iter<T: IntoIterator<Item = u64>>(hashes: T) -> Self {
        hashes
            .into_iter()
            .fold(Self::default(), |all, hash| Self { rows: all.rows.wrapping_add(1), sum: all.sum.wrapping_add(hash) })
    }
}

/// FNV-1a, 64 bits, over each column that has a value: its name, a byte 1, the value as text, a byte 2; then mixed, since sums
/// of like rows would hardly differ in their upper bits.
#[must_use]
pub fn hash(form: &Form, row: &Row) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for (column, value) in form.columns.iter().zip(&row.0) {
        let text = match value {
            Value::Null => continue,
            Value::Boolean(true) => "true",
            Value::Boolean(false) => "false",
            Value::Integer(number) => &number.to_string(),
            Value::Text(text) => text,
        };
        eat(column.name.as_bytes());
        eat(&[1]);
        eat(text.as_bytes());
        eat(&[2]);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 29)
}
