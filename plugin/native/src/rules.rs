//! The schema's rules for single values, as Python compiled them: nothing is decided here.

use pyo3::prelude::*;
use std::collections::HashSet;
use std::net::IpAddr;

/// Accepted texts of one value that are remembered.
const MOST: usize = 1024;

/// What one value of a kind of event has to be.
pub enum Rule {
    /// A text of so many letters; with `classes`, of these bytes and no others.
    Text {
        least: usize,
        classes: Vec<[bool; 256]>,
    },
    /// An IPv4 or IPv6 address.
    Address,
    /// "2026-07-01T00:00:00.000Z"; a day or a second that is not in each month or minute
    /// is left to Python.
    Time(HashSet<Box<[u8]>>),
    /// A number that is not less.
    Number(u64),
    /// More than is known here: Python judges it, and what it accepted is remembered.
    Asked(HashSet<Box<[u8]>>),
}

/// A value, as text or as a number.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Text(&'a [u8]),
    Number(u64),
}

impl Rule {
    /// Take ("text", least, classes), ("address",), ("time",), ("number", least) or
    /// ("asked",).
    pub fn of(told: &Bound<'_, PyAny>) -> PyResult<Self> {
        let name: String = told.get_item(0)?.extract()?;
        Ok(match name.as_str() {
            "text" => {
                let classes: Vec<Vec<u8>> = told.get_item(2)?.extract()?;
                Rule::Text {
                    least: told.get_item(1)?.extract()?,
                    classes: classes.iter().map(|class| set(class)).collect(),
                }
            }
            "address" => Rule::Address,
            "time" => Rule::Time(HashSet::new()),
            "number" => Rule::Number(told.get_item(1)?.extract()?),
            _ => Rule::Asked(HashSet::new()),
        })
    }

    /// Return whether `value` is what it has to be; `ask` is Python's judge.
    pub fn fits(
        &mut self,
        value: Value<'_>,
        ask: impl FnOnce(Value<'_>) -> PyResult<bool>,
    ) -> PyResult<bool> {
        match (self, value) {
            (Rule::Text { least, classes }, Value::Text(text)) => {
                Ok(if classes.is_empty() {
                    // No letter has more than four bytes.
                    text.len() >= 4 * *least || letters(text) >= *least
                } else {
                    text.len() == classes.len()
                        && text.iter().zip(classes).all(|(b, c)| c[usize::from(*b)])
                })
            }
            (Rule::Address, Value::Text(text)) => {
                let text = std::str::from_utf8(text).unwrap_or("");
                Ok(text.parse::<IpAddr>().is_ok())
            }
            (Rule::Number(least), Value::Number(value)) => Ok(value >= *least),
            (Rule::Time(_), Value::Text(text)) if is_time(text) => Ok(true),
            (Rule::Asked(known) | Rule::Time(known), Value::Text(text)) => {
                if known.contains(text) {
                    return Ok(true);
                }
                let good = ask(value)?;
                if good {
                    if known.len() >= MOST {
                        known.clear();
                    }
                    known.insert(text.into());
                }
                Ok(good)
            }
            (_, value) => ask(value),
        }
    }
}

/// Whether `text` is a time, of a day that every month has and no leap second.
fn is_time(text: &[u8]) -> bool {
    const FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
    let same = |(byte, of_form): (&u8, &u8)| match of_form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == of_form,
    };
    let two = |at: usize| (text[at] - b'0') * 10 + (text[at + 1] - b'0');
    text.len() == FORM.len()
        && text.iter().zip(FORM).all(same)
        && (1..=12).contains(&two(5))
        && (1..=28).contains(&two(8))
        && two(11) < 24
        && two(14) < 60
        && two(17) < 60
}

fn set(class: &[u8]) -> [bool; 256] {
    let mut found = [false; 256];
    class
        .iter()
        .for_each(|&byte| found[usize::from(byte)] = true);
    found
}

/// Letters of a text that is UTF-8.
fn letters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}
