//! JSON records as nearly all are: flat, of one line, with names and stamps in ASCII.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt::{Formatter, Result as Written};

/// Reads lines that are such records, as `inputs/records.py` does.
#[pyclass(frozen)]
pub struct JsonRecords {
    /// Names of the fields of the line, the host and the time.
    names: [String; 3],
    /// Bytes of the longest line.
    keep: usize,
    /// Letters of the longest host.
    longest: usize,
    /// What stands in the place of a host and is none.
    no_hosts: Vec<String>,
}

#[pymethods]
impl JsonRecords {
    #[new]
    fn new(
        names: [String; 3],
        keep: usize,
        longest: usize,
        no_hosts: Vec<String>,
    ) -> Self {
        JsonRecords {
            names,
            keep,
            longest,
            no_hosts,
        }
    }

    /// Read `lines` from `at` on, up to the first that is none; return the records, each
    /// a line with its host and time, and where that one is.
    fn read<'py>(
        &self,
        lines: &Bound<'py, PyList>,
        at: usize,
    ) -> PyResult<(Bound<'py, PyList>, usize)> {
        let py = lines.py();
        let found = PyList::empty(py);
        let mut host = Repeated::default();
        let mut time = Repeated::default();
        for index in at..lines.len() {
            let line = lines.get_item(index)?;
            let text = line.downcast::<PyBytes>()?.as_bytes();
            let Some([message, host_text, time_text]) = self.fields(text) else {
                return Ok((found, index));
            };
            let Some(message) = message else {
                return Ok((found, index));
            };
            let record = (
                PyBytes::new(py, message.as_bytes()),
                host.of(py, host_text),
                time.of(py, time_text),
            );
            found.append(record)?;
        }
        Ok((found, lines.len()))
    }
}

impl JsonRecords {
    /// Return the three texts of a record; `None`: it is not plain.
    fn fields<'de>(&self, line: &'de [u8]) -> Option<[Option<Cow<'de, str>>; 3]> {
        let mut json = serde_json::Deserializer::from_slice(line);
        let found = json.deserialize_map(Fields(&self.names)).ok()?;
        json.end().ok()?;
        let [message, host, time] = &found;
        let one_line = |text: &Cow<str>| {
            text.len() <= self.keep && memchr::memchr(b'\n', text.as_bytes()).is_none()
        };
        let is_plain = message.as_ref().is_some_and(one_line)
            && [host, time]
                .into_iter()
                .flatten()
                .all(|text| self.is_name(text));
        is_plain.then_some(found)
    }

    fn is_name(&self, text: &str) -> bool {
        let may_be = text.is_ascii() && !text.is_empty() && text.len() <= self.longest;
        may_be && !text.ends_with(':') && !self.no_hosts.iter().any(|name| name == text)
    }
}

/// A value that is no array, no object and no fraction.
enum Scalar<'de> {
    Text(Cow<'de, str>),
    Null,
    Other,
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyScalar)
    }
}

struct AnyScalar;

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn expecting(&self, out: &mut Formatter<'_>) -> Written {
        out.write_str("a text, a whole number, true, false or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }
}

/// Takes the texts of three names from an object.
struct Fields<'a>(&'a [String; 3]);

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = [Option<Cow<'de, str>>; 3];

    fn expecting(&self, out: &mut Formatter<'_>) -> Written {
        out.write_str("a flat object that says each name once")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut object: A,
    ) -> Result<Self::Value, A::Error> {
        let mut found = [None, None, None];
        let mut seen = [false; 3];
        while let Some((key, value)) = object.next_entry::<Scalar, Scalar>()? {
            let Scalar::Text(key) = key else {
                return Err(A::Error::custom("a name is a text"));
            };
            let Some(at) = self.0.iter().position(|name| *name == key) else {
                continue;
            };
            // Python takes the last of two.
            if std::mem::replace(&mut seen[at], true) {
                return Err(A::Error::custom("twice"));
            }
            found[at] = match value {
                Scalar::Text(text) => Some(text),
                Scalar::Null => None,
                Scalar::Other => return Err(A::Error::custom("no text")),
            };
        }
        Ok(found)
    }
}

/// A text that the record before mostly had, too: each is made once.
#[derive(Default)]
struct Repeated<'py>(Option<(String, Bound<'py, PyString>)>);

impl<'py> Repeated<'py> {
    fn of(
        &mut self,
        py: Python<'py>,
        text: Option<Cow<'_, str>>,
    ) -> Option<Bound<'py, PyString>> {
        let text = text?;
        match &self.0 {
            Some((last, made)) if *last == text => Some(made.clone()),
            _ => {
                let made = PyString::new(py, &text);
                self.0 = Some((text.into_owned(), made.clone()));
                Some(made)
            }
        }
    }
}
