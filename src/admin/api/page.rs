//! Lists, a page at a time.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Of a page, unless it is said.
const USUAL: u16 = 100;
pub(super) const LARGEST: u16 = 200;

/// A page of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to send as `after` for the next page; empty on the last one.
    pub next: Option<String>,
}

// By hand: what is derived has one name for the pages of every list.
impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let next = SchemaType::from_iter([Type::String, Type::Null]);
        ObjectBuilder::new()
            .description(Some("A page of a list."))
            .property("items", ArrayBuilder::new().items(Ref::from_schema_name(T::name())))
            .property(
                "next",
                ObjectBuilder::new()
                    .schema_type(next)
                    .description(Some("What to send as `after` for the next page; empty on the last one.")),
            )
            .required("items")
            .required("next")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("PageOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// Which page of a list whose things have ids.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Paged {
    /// Things on a page: 100 unless it is said.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, example = 50)]
    pub limit: Option<Limit>,
    /// `next` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{29}$")]
    pub after: Option<Id>,
}

/// How many things.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
pub(super) struct Limit(u16);

impl TryFrom<u16> for Limit {
    type Error = &'static str;

    fn try_from(limit: u16) -> Result<Self, Self::Error> {
        if (1..=LARGEST).contains(&limit) { Ok(Self(limit)) } else { Err("1 to 200") }
    }
}

impl Limit {
    pub fn of(limit: Option<Self>) -> usize {
        limit.map_or(USUAL, |limit| limit.0).into()
    }
}

/// The id of a row.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Id(pub String);

impl TryFrom<String> for Id {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if crate::admin::is_id(&text) { Ok(Self(text)) } else { Err("no id") }
    }
}

impl Paged {
    /// The page of a list, by the ids of its things: the oldest come first. One that was removed meanwhile is still a
    /// place in it.
    pub fn of<T>(&self, mut all: Vec<T>, id: impl Fn(&T) -> &str) -> Page<T> {
        if let Some(Id(after)) = &self.after {
            all.retain(|thing| id(thing) > after.as_str());
        }
        all.sort_by(|a, b| id(a).cmp(id(b)));
        let limit = Limit::of(self.limit);
        let more = all.len() > limit;
        all.truncate(limit);
        let next = all.last().filter(|_| more).map(|last| id(last).to_owned());
        Page { items: all, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_whatever_is_removed_between() {
        let paged = |limit: u16, after: Option<&str>| Paged {
            limit: Limit::try_from(limit).ok(),
            after: after.map(|after| Id(after.into())),
        };
        let all = || ["c", "a", "d", "b"].map(str::to_owned).to_vec();
        let page = paged(2, None).of(all(), |text| text);
        assert_eq!((page.items, page.next.as_deref()), (vec!["a".to_owned(), "b".into()], Some("b")));
        let page = paged(2, Some("b")).of(all(), |text| text);
        assert_eq!((page.items, page.next), (vec!["c".to_owned(), "d".into()], None));
        let page = paged(2, Some("b")).of(vec!["d".to_owned()], |text| text);
        assert_eq!(page.items, ["d"], "b and c are gone");
        for limit in [0, 201, u16::MAX] {
            assert!(Limit::try_from(limit).is_err(), "{limit}");
        }
        assert_eq!(Limit::of(None), 100);
    }
}
