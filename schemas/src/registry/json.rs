//! JSON read strictly, field by field, so that every fault has a field's name.

use super::error::ERRORS_MAX;
use super::{Place, RegistryError};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What is wrong with a value, possibly deeper inside it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Where inside the value, such as `[2]`; empty for the value itself.
    pub(super) inside: String,
    /// What is wrong, to be read after the field's name.
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Fault {
        Fault { inside: String::new(), message: message.into() }
    }

    pub(super) fn at(inside: String, message: impl Into<String>) -> Fault {
        Fault { inside, message: message.into() }
    }
}

/// One `"name":value` of an object.
pub(super) struct Member<'a> {
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// The text of its value.
    pub(super) raw: &'a str,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Members<'de>, D::Error> {
        struct Objects;
        impl<'de> Visitor<'de> for Objects {
            type Value = Members<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.push(Member { name: name.0, raw: value.get() });
                }
                Ok(Members(members))
            }
        }
        input.deserialize_map(Objects)
    }
}

/// The fields of an object, in the order they came, doubles included.
pub(super) fn members(raw: &str) -> Result<Vec<Member<'_>>, Fault> {
    read::<Members<'_>>(raw).map(|members| members.0).map_err(|_| Fault::new("is not a JSON object"))
}

/// The items of a list.
pub(super) fn items(raw: &str) -> Result<Vec<&str>, Fault> {
    let items: Vec<&RawValue> = read(raw).map_err(|_| Fault::new("is not a list"))?;
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// The text of a string.
pub(super) fn text(raw: &str) -> Result<Cow<'_, str>, Fault> {
    read::<Text<'_>>(raw).map(|text| text.0).map_err(|_| Fault::new("is not a string"))
}

fn read<'a, T: de::Deserialize<'a>>(raw: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(raw)
}

/// An object whose fields are asked for one by one; all faults found on the way are kept.
pub(super) struct Object<'a> {
    path: String,
    members: Vec<Member<'a>>,
    faults: Vec<Fault>,
}

impl<'a> Object<'a> {
    pub(super) fn new(path: String, members: Vec<Member<'a>>) -> Object<'a> {
        Object { path, members, faults: Vec::new() }
    }

    /// The raw value of a field; none if it is missing or `null`, and a fault if it stands twice.
    pub(super) fn raw(&mut self, name: &str) -> Option<&'a str> {
        let mut found = self.members.iter().filter(|member| member.name == name);
        let raw = found.next()?.raw;
        if found.next().is_some() {
            self.fault(name, Fault::new("stands twice"));
            return None;
        }
        (raw != "null").then_some(raw)
    }

    /// A field that may be missing.
    pub(super) fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&'a str) -> Result<T, Fault>) -> Option<T> {
        let raw = self.raw(name)?;
        parse(raw).map_err(|fault| self.fault(name, fault)).ok()
    }

    /// A field that must be there.
    pub(super) fn required<T>(&mut self, name: &str, parse: impl FnOnce(&'a str) -> Result<T, Fault>) -> Option<T> {
        let faults = self.faults.len();
        match self.raw(name) {
            Some(raw) => parse(raw).map_err(|fault| self.fault(name, fault)).ok(),
            None => {
                if self.faults.len() == faults {
                    self.fault(name, Fault::new("is missing"));
                }
                None
            }
        }
    }

    /// A list of objects; none if it is missing, or if any is at fault.
    pub(super) fn objects<T>(&mut self, name: &str, mut parse: impl FnMut(&mut Object<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.optional(name, items)?;
        let mut read = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let path = format!("{}{name}[{at}]", self.path);
            match members(item) {
                Ok(members) => {
                    let mut object = Object::new(format!("{path}."), members);
                    read.push(parse(&mut object));
                    self.faults.append(&mut object.faults);
                }
                Err(fault) => self.fault(&format!("{name}[{at}]"), fault),
            }
        }
        (read.len() == items.len()).then_some(read)?.into_iter().collect()
    }

    /// The same, where it must be there.
    pub(super) fn required_objects<T>(&mut self, name: &str, parse: impl FnMut(&mut Object<'a>) -> Option<T>) -> Option<Vec<T>> {
        self.required(name, Ok)?;
        self.objects(name, parse)
    }

    /// One object; none if it is missing or at fault.
    pub(super) fn object<T>(&mut self, name: &str, parse: impl FnOnce(&mut Object<'a>) -> Option<T>) -> Option<T> {
        let members = self.optional(name, members)?;
        let mut object = Object::new(format!("{}{name}.", self.path), members);
        let read = parse(&mut object);
        self.faults.append(&mut object.faults);
        read
    }

    /// Takes out the fields other than these; one that is `null` is as if missing.
    pub(super) fn take_others(&mut self, names: &[&str]) -> Vec<Member<'a>> {
        self.members.extract_if(.., |member| !names.contains(&&*member.name) && member.raw != "null").collect()
    }

    /// Notes a fault of a field; an empty name is the object itself.
    pub(super) fn fault(&mut self, name: &str, fault: Fault) {
        let field = if name.is_empty() { self.path.trim_end_matches('.') } else { &format!("{}{name}", self.path) };
        self.faults.push(Fault { inside: format!("{field}{}", fault.inside), message: fault.message });
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Hands the faults over as errors of that line.
    pub(super) fn report(self, place: &Place, errors: &mut Vec<RegistryError>) {
        for fault in self.faults {
            if errors.len() < ERRORS_MAX {
                let field = if fault.inside.is_empty() { "record".to_owned() } else { fault.inside };
                errors.push(RegistryError { place: place.clone(), other: None, field, message: fault.message });
            }
        }
    }
}
