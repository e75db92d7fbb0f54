//! A [`Tree`] made by hand: what was read from JSON takes the shape that the rows read, so that
//! they have one reader. Called by `rest`, which has bounded and checked what goes in.

use std::borrow::Cow;

use super::{AttributeEntry, Entry, NONE, Tree, index_u32};

/// A tree that grows in document order.
pub(crate) struct Growing<'a> {
    tree: Tree<'a>,
    /// Open elements: index, and the last child so far.
    open: Vec<(u32, u32)>,
}

impl<'a> Growing<'a> {
    pub(crate) fn new() -> Self {
        let tree = Tree { elements: Vec::with_capacity(8), attributes: Vec::new(), namespaces: vec![Box::from("")] };
        Self { tree, open: Vec::with_capacity(4) }
    }

    /// Begins an element, with its text and its unqualified attributes.
    pub(crate) fn open(
        &mut self,
        namespace: &'static str,
        local: &'a str,
        text: Cow<'a, str>,
        attributes: impl IntoIterator<Item = (&'a str, Cow<'a, str>)>,
    ) {
        let known = self.tree.namespaces.iter().position(|n| **n == *namespace);
        let namespace = known.unwrap_or_else(|| {
            self.tree.namespaces.push(Box::from(namespace));
            self.tree.namespaces.len() - 1
        });
        let first = self.tree.attributes.len();
        for (local, value) in attributes {
            self.tree.attributes.push(AttributeEntry { namespace: 0, local, value });
        }
        let index = index_u32(self.tree.elements.len());
        self.tree.elements.push(Entry {
            namespace: namespace as u16, // the contract has eleven
            local,
            text,
            first_attribute: index_u32(first),
            attributes: index_u32(self.tree.attributes.len() - first),
            first_child: NONE,
            next: NONE,
        });
        self.tree.link(&mut self.open, index);
    }

    /// Ends the innermost element.
    pub(crate) fn close(&mut self) {
        self.open.pop();
    }

    pub(crate) fn finish(self) -> Tree<'a> {
        self.tree
    }
}
