//! Sessions begin with the kept lines of a connection.

use crate::place::Kept;
use crate::plain::opening;
use crate::reader::{Read, Reader, Reason};
use crate::session::Plain;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

impl<'py> Reader<'_, 'py> {
    /// Make a session of kept lines; None: it is not plain, or it is for Python to look
    /// how many connections there are.
    pub fn begun(
        &mut self,
        number: &[u8],
        key: &Bound<'py, PyBytes>,
    ) -> PyResult<Option<Plain>> {
        let (Some(place), python) = (&self.place, self.python) else {
            return Ok(None);
        };
        let Some(writing) = &place.writing else {
            return Ok(None);
        };
        // Numbers of two appliances may be among them if their thousand is not known.
        if place.room == 0 || place.thousand.is_none() {
            return Ok(None);
        }
        let Some(kept) = Kept::find(&place.sides[0], key)? else {
            return Ok(None);
        };
        let Some(epoch) = kept.began() else {
            return Ok(None);
        };
        let Some((first, rest)) = kept.bodies() else {
            return Ok(None);
        };
        let Some(opened) = opening(first, number) else {
            return Ok(None);
        };
        let Some(lines) = without_number(rest, b"ICID ", number) else {
            return Ok(None);
        };
        let Some(context) = self.events.context(&lines, python)? else {
            return Ok(None);
        };
        let observer = writing.observer;
        let listener = self.events.listener(opened.listener, observer, python)?;
        let Some((listener, own)) = listener else {
            return Ok(None);
        };
        let appliance = writing.appliance.get();
        if own == opened.address.as_bytes() || opened.name == Some(&appliance.name) {
            return Ok(None);
        }
        let began = self.events.starts[0].at(epoch, 0, appliance, python)?;
        let shape = usize::from(opened.verified) * 4
            + usize::from(opened.name.is_some()) * 2
            + usize::from(opened.six);
        Ok(Some(Plain {
            epoch,
            began,
            listener,
            observer,
            context,
            address: opened.address.into(),
            name: opened.name.map(Into::into),
            shape,
            last: None,
            first_id: String::new(),
            sequence: 0,
            attempts: 0,
            failures: 0,
            users: Vec::new(),
            last_success: None,
            mids: Vec::new(),
            messages: 0,
            recipients: 0,
            kept: kept.0.clone().unbind(),
        }))
    }

    /// A line that says something of a client's connection, and not at sight what.
    ///
    /// Of a plain session it is read if it says nothing that an event has.
    pub fn said(
        &mut self,
        py: Python<'py>,
        number: &[u8],
        rest: &[u8],
    ) -> PyResult<Read> {
        let (unusual, Some(place)) = (Ok(Read::Not(Reason::Connection)), &self.place)
        else {
            return Ok(Read::Not(Reason::NewHead));
        };
        let key = PyBytes::new(py, number);
        let Some(session) = place.sides[0].live.get_item(&key)? else {
            return unusual;
        };
        let (Ok(plain), Some(writing)) = (session.downcast::<Plain>(), &place.writing)
        else {
            return Ok(Read::Not(Reason::Session));
        };
        let mut told = plain.borrow_mut();
        let whole = rest.is_ascii() && rest.last().is_some_and(u8::is_ascii_graphic);
        if !whole || rest.len() > MOST_SAID || self.is_over(told.epoch, place.epoch) {
            return unusual;
        }
        let line = [rest, b"\n"].concat();
        match self.events.context(&line, self.python)? {
            Some(context) if context.says_nothing => {
                told.last = Some(writing.moment.clone());
                self.done.context += 1;
                Ok(Read::Done)
            }
            _ => unusual,
        }
    }
}

/// So long a line is looked up by its text.
const MOST_SAID: usize = 128;

/// Context lines of a connection without what they begin with; None: one has another
/// number, or is not ASCII.
pub fn without_number(lines: &[u8], side: &[u8], number: &[u8]) -> Option<Vec<u8>> {
    let mut found = Vec::with_capacity(lines.len());
    if !lines.is_ascii() {
        return None;
    }
    if lines.is_empty() {
        return Some(found);
    }
    for line in lines.split(|byte| *byte == b'\n') {
        let rest = line.strip_prefix(side)?.strip_prefix(number)?;
        found.extend_from_slice(rest.strip_prefix(b" ")?);
        found.push(b'\n');
    }
    Some(found)
}
