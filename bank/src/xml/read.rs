//! [`parse`]: an XML document as a tree, within bounds. Nothing is expanded but the five signs and numbers of characters that XML itself
//! knows; a document type is refused. Namespaces are not looked at: what an element is called decides.

use crate::BankError;
use crate::answer::BYTES_MAX;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Elements within elements: statements have 15 or so.
const DEPTH_MAX: usize = 64;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Without its prefix.
    pub(crate) name: String,
    /// The currency of an amount.
    pub(crate) currency: Option<String>,
    /// Its own text, trimmed.
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
    /// Where it begins.
    pub(crate) line: usize,
}

impl Node {
    /// The first element below by these names, each within the one before.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.children.iter().find(|child| child.name == *name))
    }

    /// The text of [`Node::at`], if there is any.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|node| node.text.as_str()).filter(|text| !text.is_empty())
    }

    /// All children of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// The root element.
pub(crate) fn parse(bytes: &[u8]) -> Result<Node, BankError> {
    parse_taking(bytes, &[], |_| Ok(()))
}

/// The root element, without what is in the elements of that path below it: each is taken as it ends, and only its name stays. A file of many
/// payments, which a tree takes many times the room of, is read one by one.
pub(crate) fn parse_taking(bytes: &[u8], path: &[&str], take: impl FnMut(Node) -> Result<(), BankError>) -> Result<Node, BankError> {
    if bytes.len() > BYTES_MAX {
        return Err(BankError::Refused(format!("it has {} bytes, and at most {BYTES_MAX} are read", bytes.len())));
    }
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        BankError::damaged(line, "not UTF-8, which messages of ISO 20022 are written in")
    })?;
    Tree { lines: Lines { text, byte: 0, line: 1 }, open: vec![Node::default()], path, take }.read(text)
}

/// The elements that are open, the document itself first.
struct Tree<'a, T> {
    lines: Lines<'a>,
    open: Vec<Node>,
    path: &'a [&'a str],
    take: T,
}

/// Counts line ends as reading goes on.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: usize,
}

impl<T: FnMut(Node) -> Result<(), BankError>> Tree<'_, T> {
    fn read(mut self, text: &str) -> Result<Node, BankError> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        loop {
            let line = self.lines.at(reader.buffer_position());
            match reader.read_event() {
                Err(error) => {
                    return Err(BankError::damaged(self.lines.at(reader.error_position()), format!("not well-formed XML: {error}")));
                }
                Ok(Event::Eof) => return self.root(line),
                Ok(event) => self.event(event, line)?,
            }
        }
    }

    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), BankError> {
        match event {
            Event::DocType(_) => {
                return Err(BankError::Refused(format!("line {line} declares a document type, which messages of banks never do")));
            }
            Event::Start(start) => self.begin(&start, line)?,
            Event::Empty(start) => {
                self.begin(&start, line)?;
                self.end()?;
            }
            Event::End(_) => self.end()?,
            Event::Text(text) => self.push(&text.xml10_content()),
            Event::CData(text) => self.push(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = character(&reference, line)?;
                self.push(character.encode_utf8(&mut [0; 4]));
            }
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn begin(&mut self, start: &BytesStart<'_>, line: usize) -> Result<(), BankError> {
        if self.open.len() > DEPTH_MAX {
            return Err(BankError::Refused(format!("line {line} has elements more than {DEPTH_MAX} deep")));
        }
        let damaged = |error: &dyn std::fmt::Display| BankError::damaged(line, format!("not well-formed XML: {error}"));
        let mut node = Node { name: String::from(start.local_name().as_ref()), line, ..Node::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| damaged(&error))?;
            if attribute.key.as_ref() == "Ccy" {
                node.currency = Some(attribute.value.trim().to_owned());
            }
        }
        self.open.push(node);
        Ok(())
    }

    /// The reader has seen to it that there is one open for each that ends.
    fn end(&mut self) -> Result<(), BankError> {
        if let Some(mut node) = self.open.pop() {
            let trimmed = node.text.trim();
            if trimmed.len() < node.text.len() {
                node.text = trimmed.to_owned();
            }
            if self.is_taken(&node) {
                let left = Node { name: node.name.clone(), line: node.line, ..Node::default() };
                (self.take)(std::mem::replace(&mut node, left))?;
            }
            self.open.last_mut().into_iter().for_each(|parent| parent.children.push(std::mem::take(&mut node)));
        }
        Ok(())
    }

    /// Whether an element that has just ended is one of the path: the document and the root element are open around it.
    fn is_taken(&self, node: &Node) -> bool {
        let Some((last, around)) = self.path.split_last() else { return false };
        node.name == *last && self.open.get(2..).is_some_and(|open| open.iter().map(|node| &*node.name).eq(around.iter().copied()))
    }

    fn push(&mut self, text: &str) {
        self.open.last_mut().into_iter().for_each(|node| node.text.push_str(text));
    }

    fn root(mut self, line: usize) -> Result<Node, BankError> {
        let document = self.open.drain(..).next().unwrap_or_default();
        if !document.text.trim().is_empty() {
            return Err(BankError::damaged(line, "text outside of the document's element"));
        }
        let mut roots = document.children;
        match (roots.pop(), roots.is_empty()) {
            (Some(root), true) => Ok(root),
            (None, _) => Err(BankError::damaged(line, "the file ends within an element, or has none")),
            (Some(second), false) => Err(BankError::damaged(second.line, "a second document begins")),
        }
    }
}

impl Lines<'_> {
    fn at(&mut self, byte: u64) -> usize {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX).min(self.text.len());
        if byte > self.byte {
            self.line += self.text.as_bytes()[self.byte..byte].iter().filter(|byte| **byte == b'\n').count();
            self.byte = byte;
        }
        self.line
    }
}

fn character(reference: &BytesRef<'_>, line: usize) -> Result<char, BankError> {
    let numbered = reference.resolve_char_ref().map_err(|error| BankError::damaged(line, format!("not well-formed XML: {error}")))?;
    let named = || match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    };
    numbered.or_else(named).ok_or_else(|| BankError::Refused(format!("line {line} has an entity of its own, which is never expanded")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let error = parse(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }

    #[test]
    fn elements_texts_and_lines_are_kept() {
        let root = parse("\u{feff}<?xml version=\"1.0\"?>\n<d:Document xmlns:d=\"x\">\n<!-- c --><A Ccy='EUR'> 1&amp;2 &#x41;<![CDATA[<]]></A>\n<A/>\n</d:Document>\n".as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.line), ("Document", 2));
        let first = root.at(&["A"]).unwrap();
        assert_eq!((first.text.as_str(), first.currency.as_deref(), first.line), ("1&2 A<", Some("EUR"), 3));
        assert_eq!(root.all("A").map(|node| node.line).collect::<Vec<_>>(), [3, 4]);
        assert!(root.text_at(&["A", "B"]).is_none());
    }

    #[test]
    fn elements_of_a_path_are_taken_and_leave_their_names() {
        let text = "<D><A><B>1</B><C><B>2</B></C><B><E>3</E></B></A><B>4</B></D>";
        let mut taken = Vec::new();
        let root = parse_taking(text.as_bytes(), &["A", "B"], |node| {
            taken.push((node.text.clone(), node.text_at(&["E"]).map(str::to_owned)));
            Ok(())
        });
        let root = root.unwrap();
        assert_eq!(taken, [("1".to_owned(), None), (String::new(), Some("3".to_owned()))]);
        let left: Vec<(&str, usize)> = root.at(&["A"]).unwrap().all("B").map(|node| (node.text.as_str(), node.children.len())).collect();
        assert_eq!(left, [("", 0), ("", 0)]);
        assert_eq!((root.text_at(&["A", "C", "B"]), root.text_at(&["B"])), (Some("2"), Some("4")));
        let refused = parse_taking(text.as_bytes(), &["A", "B"], |node| Err(BankError::damaged(node.line, "no")));
        assert!(refused.unwrap_err().to_string().contains("line 1"));
    }

    #[test]
    fn what_is_not_xml_is_named_with_its_line() {
        check("", "line 1: the file ends within an element, or has none");
        check("<a>\n<b>\n</a>", "line 3: not well-formed XML");
        check("<a>\n", "line 2: ");
        check("<a/>\n<b/>", "line 2: a second document begins");
        check("<a/>\nx", "text outside");
        check("<a b='1' b='2'/>", "line 1: not well-formed XML");
        check("<a>&#x110000;</a>", "line 1: not well-formed XML");
        assert!(parse(b"<a>\n\xFF</a>").unwrap_err().to_string().starts_with("line 2: not UTF-8"));
    }

    #[test]
    fn document_types_entities_and_great_depths_are_refused() {
        check("<!DOCTYPE a [<!ENTITY b \"c\">]>\n<a>&b;</a>", "declares a document type");
        check("\n<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "line 2 declares a document type");
        check("<a>&b;</a>", "line 1 has an entity of its own");
        check(&"<a>".repeat(DEPTH_MAX + 1), "more than 64 deep");
        let deep = format!("{}{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
        assert!(parse(deep.as_bytes()).is_ok());
    }
}
