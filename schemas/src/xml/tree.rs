//! A guarded XML reader: one pass that refuses what no peer of ours has reason to send and keeps
//! the rest as a flat tree that borrows from the input.
//!
//! It is the only door for XML from outside (SOAP envelopes, CSTA frames). UTF-8 only; no DOCTYPE,
//! no processing instruction, no entity but the five predefined ones; depth, elements, attributes
//! and namespace declarations are bounded; one root and nothing after it. It does not validate
//! against a schema and never repeats input in an error, since errors reach logs and faults.

mod grow;

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

pub(crate) use self::grow::Growing;

/// How much XML one document may hold. The defaults fit both wires (SOAP and CSTA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Nesting of elements; the contract needs 8, CSTA 12.
    pub depth: usize,
    /// Elements in the document; a segment of a device list is the largest we write.
    pub elements: usize,
    /// Attributes in the document, namespace declarations not counted.
    pub attributes: usize,
    /// Namespace declarations; some stacks declare a prefix anew on every child.
    pub namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 * 1024, depth: 32, elements: 8192, attributes: 2048, namespaces: 512 }
    }
}

/// Why a document was refused. The texts name the rule, never the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    #[error("the document is not UTF-8")]
    NotUtf8,
    #[error("the document is not well-formed XML")]
    Malformed,
    #[error("a DOCTYPE is not allowed")]
    Doctype,
    #[error("a processing instruction is not allowed")]
    ProcessingInstruction,
    #[error("an entity other than the five predefined ones is not allowed")]
    Entity,
    #[error("a namespace prefix is not declared")]
    UnknownPrefix,
    #[error("the document is larger than is allowed")]
    TooLarge,
    #[error("the document is nested deeper than is allowed")]
    TooDeep,
    #[error("the document has more elements than are allowed")]
    TooManyElements,
    #[error("the document has more attributes than are allowed")]
    TooManyAttributes,
    #[error("the document has more namespace declarations than are allowed")]
    TooManyNamespaces,
    #[error("the document has no root element")]
    NoRoot,
    #[error("something follows the root element")]
    AfterRoot,
}

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Entry<'a> {
    namespace: u16,
    local: &'a str,
    text: Cow<'a, str>,
    first_attribute: u32,
    attributes: u32,
    first_child: u32,
    next: u32,
}

#[derive(Debug)]
struct AttributeEntry<'a> {
    namespace: u16,
    local: &'a str,
    value: Cow<'a, str>,
}

/// A parsed document. Index 0 is the root element.
#[derive(Debug)]
pub struct Tree<'a> {
    elements: Vec<Entry<'a>>,
    attributes: Vec<AttributeEntry<'a>>,
    /// Namespace names in order of first use; 0 is "no namespace".
    namespaces: Vec<Box<str>>,
}

/// One element of a [`Tree`]; cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Element<'t, 'a> {
    tree: &'t Tree<'a>,
    index: u32,
}

impl<'a> Tree<'a> {
    /// Reads a whole document.
    ///
    /// # Errors
    /// The first rule that the document breaks.
    pub fn parse(input: &'a [u8], limits: &Limits) -> Result<Self, XmlFault> {
        if input.len() > limits.bytes {
            return Err(XmlFault::TooLarge);
        }
        let text = std::str::from_utf8(input).map_err(|_| XmlFault::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Builder::new(text, limits).run()
    }

    /// The root element.
    #[must_use]
    pub fn root(&self) -> Element<'_, 'a> {
        Element { tree: self, index: 0 }
    }

    /// Makes a new element the last child of the innermost open one, and opens it.
    fn link(&mut self, open: &mut Vec<(u32, u32)>, index: u32) {
        if let Some((parent, last_child)) = open.last_mut() {
            if *last_child == NONE {
                self.elements[*parent as usize].first_child = index;
            } else {
                self.elements[*last_child as usize].next = index;
            }
            *last_child = index;
        }
        open.push((index, NONE));
    }

    /// The element at a position that [`Element::index`] gave.
    #[must_use]
    pub fn at(&self, index: u32) -> Element<'_, 'a> {
        debug_assert!((index as usize) < self.elements.len());
        Element { tree: self, index }
    }
}

impl<'t, 'a> Element<'t, 'a> {
    fn entry(self) -> &'t Entry<'a> {
        &self.tree.elements[self.index as usize]
    }

    /// Position in the tree, for keeping a place without a borrow.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The local name.
    #[must_use]
    pub fn local(self) -> &'a str {
        self.entry().local
    }

    /// The namespace name; empty for none.
    #[must_use]
    pub fn namespace(self) -> &'t str {
        &self.tree.namespaces[self.entry().namespace as usize]
    }

    /// Whether this is the element `local` of `namespace`.
    #[must_use]
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// The character data directly inside this element, untrimmed.
    #[must_use]
    pub fn text(self) -> &'t str {
        &self.entry().text
    }

    /// Child elements in document order.
    pub fn children(self) -> impl Iterator<Item = Element<'t, 'a>> {
        let tree = self.tree;
        let mut next = self.entry().first_child;
        std::iter::from_fn(move || {
            if next == NONE {
                return None;
            }
            let child = Element { tree, index: next };
            next = child.entry().next;
            Some(child)
        })
    }

    /// The first child with this local name, whatever its namespace: how CSTA is read, since
    /// peers differ in edition and so in namespace.
    #[must_use]
    pub fn child(self, local: &str) -> Option<Element<'t, 'a>> {
        self.children().find(|c| c.local() == local)
    }

    /// The text of the first child with this local name.
    #[must_use]
    pub fn child_text(self, local: &str) -> Option<&'t str> {
        self.child(local).map(Element::text)
    }

    /// Attributes as (namespace, local name, value), namespace declarations left out.
    pub fn attributes(self) -> impl Iterator<Item = (&'t str, &'a str, &'t str)> {
        let entry = self.entry();
        let first = entry.first_attribute as usize;
        let tree = self.tree;
        tree.attributes[first..first + entry.attributes as usize]
            .iter()
            .map(move |a| (&*tree.namespaces[a.namespace as usize], a.local, &*a.value))
    }

    /// The value of an attribute; `namespace` is empty for an unqualified one.
    #[must_use]
    pub fn attribute(self, namespace: &str, local: &str) -> Option<&'t str> {
        self.attributes().find(|(ns, name, _)| *name == local && *ns == namespace).map(|(_, _, value)| value)
    }
}

struct Builder<'a, 'l> {
    input: &'a str,
    limits: &'l Limits,
    tree: Tree<'a>,
    /// Open elements: index, and the last child seen so far.
    open: Vec<(u32, u32)>,
    declared: usize,
    finished: bool,
}

impl<'a, 'l> Builder<'a, 'l> {
    fn new(input: &'a str, limits: &'l Limits) -> Self {
        let tree = Tree { elements: Vec::with_capacity(16), attributes: Vec::new(), namespaces: vec![Box::from("")] };
        Self { input, limits, tree, open: Vec::with_capacity(8), declared: 0, finished: false }
    }

    fn run(mut self) -> Result<Tree<'a>, XmlFault> {
        let mut reader = NsReader::from_str(self.input);
        reader.config_mut().check_comments = true;
        reader.resolver_mut().set_max_namespace_bindings(usize::MAX); // counted here, over the document
        let mut first = true;
        loop {
            // Declarations are counted before the resolver has scanned them all: see `start`.
            let event = reader.read_event().map_err(|_| XmlFault::Malformed)?;
            match event {
                Event::Start(start) => self.start(&reader, &start)?,
                Event::Empty(start) => {
                    self.start(&reader, &start)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => {
                    let content = text.xml10_content();
                    self.text(match content {
                        Cow::Borrowed(part) => self.borrowed(part),
                        Cow::Owned(part) => Cow::Owned(part),
                    })?;
                }
                Event::CData(data) => {
                    let content = data.into_inner();
                    self.text(content)?;
                }
                Event::GeneralRef(reference) => {
                    let c = match reference.resolve_char_ref().map_err(|_| XmlFault::Malformed)? {
                        Some(c) if is_xml_char(c) => c,
                        Some(_) => return Err(XmlFault::Malformed),
                        None => match &*reference {
                            "lt" => '<',
                            "gt" => '>',
                            "amp" => '&',
                            "apos" => '\'',
                            "quot" => '"',
                            _ => return Err(XmlFault::Entity),
                        },
                    };
                    self.text(Cow::Owned(c.to_string()))?;
                }
                Event::Comment(_) => {}
                Event::Decl(declaration) => {
                    if !first {
                        return Err(XmlFault::Malformed);
                    }
                    if let Some(encoding) = declaration.encoding() {
                        let encoding = encoding.map_err(|_| XmlFault::Malformed)?;
                        if !encoding.eq_ignore_ascii_case("utf-8") {
                            return Err(XmlFault::NotUtf8);
                        }
                    }
                }
                Event::DocType(_) => return Err(XmlFault::Doctype),
                Event::PI(_) => return Err(XmlFault::ProcessingInstruction),
                Event::Eof => break,
            }
            first = false;
        }
        if !self.open.is_empty() {
            return Err(XmlFault::Malformed);
        }
        if !self.finished {
            return Err(XmlFault::NoRoot);
        }
        Ok(self.tree)
    }

    /// The part of the input that a name or text from the reader points into. The reader lends
    /// names for as long as its event lives; the input itself lives longer.
    fn slice(&self, part: &str) -> Option<&'a str> {
        let offset = (part.as_ptr() as usize).checked_sub(self.input.as_ptr() as usize)?;
        self.input.get(offset..offset + part.len())
    }

    fn borrowed(&self, part: &str) -> Cow<'a, str> {
        self.slice(part).map_or_else(|| Cow::Owned(part.to_owned()), Cow::Borrowed)
    }

    fn start(&mut self, reader: &NsReader<&'a [u8]>, start: &BytesStart<'_>) -> Result<(), XmlFault> {
        if self.finished {
            return Err(XmlFault::AfterRoot);
        }
        if self.open.len() >= self.limits.depth {
            return Err(XmlFault::TooDeep);
        }
        if self.tree.elements.len() >= self.limits.elements {
            return Err(XmlFault::TooManyElements);
        }
        let resolver = reader.resolver();
        let (resolved, local) = resolver.resolve_element(start.name());
        let namespace = self.intern(resolved)?;
        let local = self.slice(local.into_inner()).ok_or(XmlFault::Malformed)?;
        let first_attribute = self.tree.attributes.len();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| XmlFault::Malformed)?;
            if attribute.key.as_namespace_binding().is_some() {
                self.declared += 1;
                if self.declared > self.limits.namespaces {
                    return Err(XmlFault::TooManyNamespaces);
                }
                continue;
            }
            if self.tree.attributes.len() >= self.limits.attributes {
                return Err(XmlFault::TooManyAttributes);
            }
            let (resolved, local) = resolver.resolve_attribute(attribute.key);
            let namespace = self.intern(resolved)?;
            let local = self.slice(local.into_inner()).ok_or(XmlFault::Malformed)?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| XmlFault::Entity)?;
            let value = match value {
                Cow::Borrowed(part) => self.borrowed(part),
                Cow::Owned(part) => Cow::Owned(part),
            };
            self.tree.attributes.push(AttributeEntry { namespace, local, value });
        }
        let index = index_u32(self.tree.elements.len());
        let attributes = index_u32(self.tree.attributes.len() - first_attribute);
        self.tree.elements.push(Entry {
            namespace,
            local,
            text: Cow::Borrowed(""),
            first_attribute: index_u32(first_attribute),
            attributes,
            first_child: NONE,
            next: NONE,
        });
        self.tree.link(&mut self.open, index);
        Ok(())
    }

    fn end(&mut self) {
        self.open.pop();
        if self.open.is_empty() {
            self.finished = true;
        }
    }

    fn text(&mut self, part: Cow<'a, str>) -> Result<(), XmlFault> {
        let Some((index, _)) = self.open.last() else {
            // Between prolog and root, and after the root, only white space may stand.
            return match part.trim().is_empty() {
                true => Ok(()),
                false if self.finished => Err(XmlFault::AfterRoot),
                false => Err(XmlFault::Malformed),
            };
        };
        if !part.chars().all(is_xml_char) {
            return Err(XmlFault::Malformed);
        }
        let text = &mut self.tree.elements[*index as usize].text;
        if text.is_empty() {
            *text = part;
        } else {
            text.to_mut().push_str(&part);
        }
        Ok(())
    }

    fn intern(&mut self, resolved: ResolveResult<'_>) -> Result<u16, XmlFault> {
        let name = match resolved {
            ResolveResult::Unbound => return Ok(0),
            ResolveResult::Bound(namespace) => namespace.into_inner(),
            ResolveResult::Unknown(_) => return Err(XmlFault::UnknownPrefix),
        };
        if let Some(found) = self.tree.namespaces.iter().position(|n| &**n == name) {
            return Ok(found as u16);
        }
        // At most one name per declaration, and declarations are bounded.
        let index = u16::try_from(self.tree.namespaces.len()).map_err(|_| XmlFault::TooManyNamespaces)?;
        self.tree.namespaces.push(Box::from(name));
        Ok(index)
    }
}

fn index_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(NONE - 1) // counts are bounded far below by `Limits`
}

/// Whether XML 1.0 allows the character in a document.
#[must_use]
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Tree<'_>, XmlFault> {
        Tree::parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_document_is_kept_with_namespaces_text_and_attributes() {
        let tree = parse(
            "<?xml version='1.0' encoding='UTF-8'?><!-- c --><a:r xmlns:a='urn:a' xmlns='urn:d' x='1' a:y='&lt;2'>\
             <k>one &amp; <![CDATA[<two>]]>&#x21;</k><a:k/><z:k xmlns:z='urn:a'> </z:k></a:r>",
        )
        .expect("well formed");
        let root = tree.root();
        assert!(root.is("urn:a", "r"));
        assert_eq!(root.attribute("", "x"), Some("1"));
        assert_eq!(root.attribute("urn:a", "y"), Some("<2"));
        let kids: Vec<_> = root.children().map(|c| (c.namespace(), c.local(), c.text())).collect();
        assert_eq!(kids, [("urn:d", "k", "one & <two>!"), ("urn:a", "k", ""), ("urn:a", "k", " ")]);
    }

    #[test]
    fn every_rule_refuses() {
        let deep = "<a>".repeat(33) + &"</a>".repeat(33);
        let many = format!("<a>{}</a>", "<b/>".repeat(9000));
        let spaces = format!("<a>{}</a>", "<b xmlns:p='urn:x'/>".repeat(600));
        let attributes = format!("<a {}/>", (0..9000).map(|i| format!("a{i}=''")).collect::<Vec<_>>().join(" "));
        let large = format!("<a>{}</a>", "x".repeat(300_000));
        for (text, fault) in [
            ("", XmlFault::NoRoot),
            ("   ", XmlFault::NoRoot),
            ("<a>", XmlFault::Malformed),
            ("<a></b>", XmlFault::Malformed),
            ("<a/><b/>", XmlFault::AfterRoot),
            ("<a/>x", XmlFault::AfterRoot),
            ("x<a/>", XmlFault::Malformed),
            ("<a x='1' x='2'/>", XmlFault::Malformed),
            ("<!DOCTYPE a><a/>", XmlFault::Doctype),
            ("<?pi x?><a/>", XmlFault::ProcessingInstruction),
            ("<a><?pi x?></a>", XmlFault::ProcessingInstruction),
            ("<a>&nbsp;</a>", XmlFault::Entity),
            ("<a x='&nbsp;'/>", XmlFault::Entity),
            ("<a>&#0;</a>", XmlFault::Malformed),
            ("<a>&#1;</a>", XmlFault::Malformed),
            ("<a>\u{1}</a>", XmlFault::Malformed),
            ("<p:a/>", XmlFault::UnknownPrefix),
            ("<?xml version='1.0' encoding='latin1'?><a/>", XmlFault::NotUtf8),
            (&deep, XmlFault::TooDeep),
            (&many, XmlFault::TooManyElements),
            (&spaces, XmlFault::TooManyNamespaces),
            (&attributes, XmlFault::TooManyAttributes),
            (&large, XmlFault::TooLarge),
        ] {
            assert_eq!(parse(text).err(), Some(fault), "{}", text.get(..40).unwrap_or(text));
        }
        assert_eq!(Tree::parse(b"<a>\xff</a>", &Limits::default()).err(), Some(XmlFault::NotUtf8));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Tree::parse(&bytes, &Limits::default());
        }

        #[test]
        fn no_angle_soup_panics_the_reader(text in "[<>/a&;#'\"= !\\[\\]?:x-]{0,120}") {
            let _ = Tree::parse(text.as_bytes(), &Limits::default());
        }
    }
}
