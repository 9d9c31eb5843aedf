//! Lines on mail, as `Mail` reads them in Python: of sessions that are plain.

use crate::forms::{Said, What};
use crate::place::Place;
use crate::reader::{Read, Reader, Reason};
use crate::server::Server;
use crate::session::Plain;
use crate::text::{named, Named};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Within so many bytes of a body on mail the number stands.
const NAMED_WITHIN: usize = 100;
/// Open messages of one session from which on Python counts.
const MOST_OPEN: usize = 16;

impl<'py> Reader<'_, 'py> {
    /// A line on mail: of interest only if it is of a session with AUTH.
    pub fn mail(
        &mut self,
        py: Python<'py>,
        body: &[u8],
        known: bool,
    ) -> PyResult<Read> {
        let place = if known { &self.place } else { &self.native };
        let Some(place) = place else {
            return Ok(Read::Not(Reason::NewHead));
        };
        if place.is_quiet() || self.words.passes_over(body) || !concerns(place, body)? {
            return Ok(Read::Done);
        }
        // Python takes blanks away as well.
        let blanks = body.iter().rev().take_while(|byte| **byte == b' ').count();
        let body = &body[..body.len() - blanks];
        let whole = body.is_ascii() && body.last().is_some_and(u8::is_ascii_graphic);
        if !known || !whole || self.words.is_end_changed(body) {
            return Ok(Read::Not(Reason::Session));
        }
        let Some(said) = self.words.on_mail(py, body)? else {
            return Ok(Read::Not(Reason::Session));
        };
        let done = match said.what {
            What::Started | What::Given | What::Recipient => self.message(py, &said)?,
            What::Ready | What::Aborted => self.message_end(py, &said)?,
            What::Delivery => self.delivery(py, &said)?,
            What::Other => false,
        };
        if !done {
            return Ok(Read::Not(Reason::Session));
        }
        self.done.context += 1;
        Ok(Read::Done)
    }

    /// The start of a message, its sender or a recipient; false: it is not plain.
    fn message(&mut self, py: Python<'py>, said: &Said<'_>) -> PyResult<bool> {
        let Some(place) = &self.place else {
            return Ok(false);
        };
        let Some(writing) = &place.writing else {
            return Ok(false);
        };
        let [mid, number] = said.numbers.map(|number| PyBytes::new(py, number));
        let Some(session) = place.sides[0].live.get_item(&number)? else {
            return Ok(false);
        };
        let Ok(plain) = session.downcast::<Plain>() else {
            return Ok(false);
        };
        let mut told = plain.borrow_mut();
        if self.is_over(told.epoch, place.epoch) {
            return Ok(false);
        }
        let known = told.message(said.numbers[0]);
        let begins = match (known, place.messages.contains(&mid)?) {
            (Some(_), true) => said.what != What::Started,
            (None, false) => told.mids.len() < MOST_OPEN,
            // It is another session's.
            _ => false,
        };
        if !begins {
            return Ok(false);
        }
        let at = match known {
            Some(at) => at,
            None => {
                place.messages.set_item(&mid, &number)?;
                told.mids.push((said.numbers[0].into(), 0));
                told.mids.len() - 1
            }
        };
        told.mids[at].1 += u64::from(said.what == What::Recipient);
        told.last = Some(writing.moment.clone());
        Ok(true)
    }

    /// A message was received whole, or given up; false: it is not plain.
    fn message_end(&mut self, py: Python<'py>, said: &Said<'_>) -> PyResult<bool> {
        let Some(place) = &self.place else {
            return Ok(false);
        };
        let mid = PyBytes::new(py, said.numbers[0]);
        let Some(number) = place.messages.get_item(&mid)? else {
            return Ok(false);
        };
        if !number.is_instance_of::<PyBytes>() {
            return Ok(false);
        }
        let Some(session) = place.sides[0].live.get_item(&number)? else {
            return Ok(false);
        };
        let Ok(plain) = session.downcast::<Plain>() else {
            return Ok(false);
        };
        let mut told = plain.borrow_mut();
        let Some(at) = told.message(said.numbers[0]) else {
            return Ok(false);
        };
        place.messages.del_item(&mid)?;
        let (_, recipients) = told.mids.remove(at);
        if said.what == What::Ready {
            told.messages += 1;
            told.recipients += recipients;
        }
        Ok(true)
    }

    /// What became of a message; false: it is not plain.
    fn delivery(&mut self, py: Python<'py>, said: &Said<'_>) -> PyResult<bool> {
        let Some(place) = &self.place else {
            return Ok(false);
        };
        let Some(writing) = &place.writing else {
            return Ok(false);
        };
        let number = PyBytes::new(py, said.numbers[0]);
        let Some(session) = place.sides[1].live.get_item(number)? else {
            return Ok(false);
        };
        let like = PyBytes::new(py, &said.like);
        if let Ok(server) = session.downcast::<Server>() {
            let server = server.clone();
            return self.delivered(py, &server, said);
        }
        let asked = (session, like, writing.moment.told(py)?);
        self.python.call_method1("delivery", asked)?.extract()
    }
}

/// Whether a body names a connection with AUTH, or a message of one.
fn concerns(place: &Place<'_>, body: &[u8]) -> PyResult<bool> {
    for (what, number) in named(&body[..body.len().min(NAMED_WITHIN)]) {
        let table = match what {
            Named::Message => &place.messages,
            Named::Inbound => &place.sides[0].live,
            Named::Outbound => &place.sides[1].live,
        };
        if table.contains(PyBytes::new(table.py(), number))? {
            return Ok(true);
        }
    }
    Ok(false)
}
