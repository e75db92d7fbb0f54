//! A small XML writer: appends to a string, escapes, and drops what XML 1.0 cannot carry.
//!
//! It trusts its callers for names and nesting (they come from tables in this crate), never for
//! content (that comes from phones and people).

use super::is_xml_char;

/// Builds one document or fragment.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// An empty writer with room for a usual reply.
    #[must_use]
    pub fn new() -> Self {
        Self { out: String::with_capacity(1024) }
    }

    /// What was written so far.
    #[must_use]
    pub fn finish(self) -> String {
        self.out
    }

    /// Appends markup as it is.
    pub fn raw(&mut self, markup: &str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// `<name>`
    pub fn open(&mut self, name: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">")
    }

    /// `</name>`
    pub fn close(&mut self, name: &str) -> &mut Self {
        self.raw("</").raw(name).raw(">")
    }

    /// `<name/>`
    pub fn empty(&mut self, name: &str) -> &mut Self {
        self.raw("<").raw(name).raw("/>")
    }

    /// `<name` without its end, for attributes; finish with `raw(">")` or `raw("/>")`.
    pub fn start(&mut self, name: &str) -> &mut Self {
        self.raw("<").raw(name)
    }

    /// ` name="value"`
    pub fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"");
        self.escape(value);
        self.raw("\"")
    }

    /// Escaped character data.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.escape(text);
        self
    }

    /// `<name>text</name>`
    pub fn element(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        self.escape(text);
        self.close(name)
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                // Kept by a reference: readers fold them otherwise (attributes) or drop the CR.
                '\t' | '\n' | '\r' => {
                    self.out.push_str(match c {
                        '\t' => "&#9;",
                        '\n' => "&#10;",
                        _ => "&#13;",
                    });
                }
                c if is_xml_char(c) => self.out.push(c),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Limits, Tree, is_xml_char};
    use super::*;

    proptest::proptest! {
        #[test]
        fn text_comes_back_as_it_went(text in "\\PC{0,60}[&<>\"'\\t\\n\\r]{0,4}\\PC{0,20}") {
            let mut writer = Writer::new();
            writer.start("a").attribute("x", &text).raw(">").text(&text).close("a");
            let xml = writer.finish();
            let tree = Tree::parse(xml.as_bytes(), &Limits::default()).expect("own output is well formed");
            let expected: String = text.chars().filter(|c| is_xml_char(*c)).collect();
            proptest::prop_assert_eq!(tree.root().text(), expected.as_str());
            proptest::prop_assert_eq!(tree.root().attribute("", "x"), Some(expected.as_str()));
        }
    }
}
