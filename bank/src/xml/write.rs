//! [`Xml`]: elements one after the other, indented, in UTF-8.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document that is being written.
pub(crate) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    pub(crate) fn new() -> Xml {
        let mut xml = Xml { writer: Writer::new_with_indent(Vec::new(), b' ', 1) };
        xml.put(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// An element, and within it what `inner` writes.
    pub(crate) fn element(&mut self, name: &str, inner: impl FnOnce(&mut Xml)) {
        self.element_with(BytesStart::new(name), inner);
    }

    pub(crate) fn element_with(&mut self, start: BytesStart<'_>, inner: impl FnOnce(&mut Xml)) {
        let end = BytesEnd::new(String::from(start.name().as_ref()));
        self.put(Event::Start(start));
        inner(self);
        self.put(Event::End(end));
    }

    /// Elements within each other, and a text in the innermost.
    pub(crate) fn text(&mut self, path: &[&str], text: &str) {
        match path {
            [] => self.put(Event::Text(BytesText::new(text))),
            [name, rest @ ..] => self.element(name, |xml| xml.text(rest, text)),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut bytes = self.writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    pub(crate) fn put(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect("a vector takes all that is written to it");
    }
}
