//! The values of an event, and where its text has them.

use crate::identity::ID;
use crate::json::{number, quoted};
use crate::place::Writing;
use crate::rules::Value;
use crate::session::Plain;
use crate::template::Fragment;
use pyo3::prelude::*;

/// The numbers of two values in `ecs/inbound.py`.
pub const USERS: usize = 6;
pub const USER: usize = 7;

/// The values of one event that are texts or numbers of its own.
pub struct Values<'a> {
    pub id: [u8; ID],
    pub sequence: u64,
    pub hash: [u8; 64],
    pub original: &'a [u8],
    pub message: &'a [u8],
    pub users: &'a [Box<str>],
    pub user: Option<&'a str>,
    pub number: &'a [u8],
    /// Nanoseconds; attempts, failures, users, messages, recipients.
    pub summary: Option<[u64; 6]>,
    pub auth: Option<&'a Py<Fragment>>,
}

/// Return a value by its number in `ecs/inbound.py`; None: the event lacks it.
pub fn value_of<'a>(
    at: usize,
    plain: &'a Plain,
    values: &'a Values<'_>,
    session: &'a str,
    writing: &'a Writing,
) -> Option<Value<'a>> {
    let text = |text: &'a [u8]| Some(Value::Text(text));
    let count = |at: usize| values.summary.map(|summary| Value::Number(summary[at]));
    match at {
        0 => text(writing.moment.iso.as_bytes()),
        1 => text(&values.id),
        2 => Some(Value::Number(values.sequence)),
        3 => text(&values.hash),
        4 => text(values.original),
        5 => text(values.message),
        8 => std::str::from_utf8(values.number)
            .ok()?
            .parse()
            .ok()
            .map(Value::Number),
        9 => text(session.as_bytes()),
        10 => text(plain.address.as_bytes()),
        11 => plain.name.as_ref().map(|name| Value::Text(name.as_bytes())),
        12 => values.summary.and(text(plain.began.iso.as_bytes())),
        13 => values.summary.and(text(writing.moment.iso.as_bytes())),
        14..=19 => count(at - 14),
        _ => None,
    }
}

pub fn fill(
    out: &mut Vec<u8>,
    slot: usize,
    plain: &Plain,
    values: &Values<'_>,
    session: &str,
    user: &[u8],
    writing: &Writing,
) {
    match slot {
        USERS => {
            out.push(b'[');
            for (at, user) in values.users.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                quoted(out, user.as_bytes());
            }
            out.push(b']');
        }
        USER => out.extend_from_slice(user),
        _ => match value_of(slot, plain, values, session, writing) {
            Some(Value::Text(text)) => quoted(out, text),
            Some(Value::Number(value)) => number(out, value),
            None => {}
        },
    }
}
