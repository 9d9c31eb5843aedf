//! Results of AUTH at other servers, what became of messages there, and the ends of such
//! sessions, of those that are plain from their first line on.
//!
//! As in `results.rs`, nothing is changed before it is known that all can be written.
//! Besides what is not plain of any session, Python reads those of a connection whose
//! opening line names the interface and not its address, or the server by a name; of an
//! answer or a line on a message that is longer than 512 bytes; of a delivery to nobody;
//! and all while two appliances write under one name.

use crate::forms::Said;
use crate::identity::sha256;
use crate::json::hex;
use crate::place::Kept;
use crate::plain::{server_attempt, server_opening};
use crate::reader::{Read, Reader, Reason};
use crate::results::millis_of;
use crate::server::{Server, OF_MAIL};
use crate::server_events::{ServerValues, END, FAILURE, SUCCESS};
use crate::text::connection;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const RESULTS: usize = 0;
const ENDS: usize = 1;
/// So long a line on a message is looked up by its text.
const MOST_SAID: usize = 512;

impl<'py> Reader<'_, 'py> {
    /// A line that may be the result of an attempt at another server.
    pub fn server_result(
        &mut self,
        py: Python<'py>,
        raw: &[u8],
        at: usize,
    ) -> PyResult<Read> {
        let other = Ok(Read::Not(Reason::Event));
        let Some((number, told)) = server_attempt(&raw[at..]) else {
            return other;
        };
        let number = match connection(number) {
            Some((number, b"")) if number[0] != b'0' => number,
            _ => return other,
        };
        if !self.is_plain(raw, at) {
            return other;
        }
        let Some(place) = &self.place else {
            return other;
        };
        let key = PyBytes::new(py, number);
        if let Some(session) = place.sides[1].live.get_item(&key)? {
            let Ok(server) = session.downcast::<Server>() else {
                return Ok(Read::Not(Reason::Session));
            };
            return Ok(if self.tried(py, server, number, told, raw, at)? {
                Read::Done
            } else {
                Read::Not(Reason::Event)
            });
        }
        let Some(server) = self.begun_at_server(number, &key)? else {
            return Ok(Read::Not(Reason::Session));
        };
        let server = Bound::new(py, server)?;
        if !self.tried(py, &server, number, told, raw, at)? {
            return other;
        }
        let Some(place) = &mut self.place else {
            return other;
        };
        place.sides[1].kept.del_item(&key)?;
        place.sides[1].live.set_item(&key, server)?;
        place.room -= 1;
        self.done.grown += 1;
        Ok(Read::Done)
    }

    /// Make a session of kept lines; None: it is not plain, or it is for Python to look
    /// how many connections there are.
    fn begun_at_server(
        &mut self,
        number: &[u8],
        key: &Bound<'py, PyBytes>,
    ) -> PyResult<Option<Server>> {
        let (Some(place), python) = (&self.place, self.python) else {
            return Ok(None);
        };
        let Some(writing) = &place.writing else {
            return Ok(None);
        };
        if place.room == 0 || place.doubled {
            return Ok(None);
        }
        let Some(kept) = Kept::find(&place.sides[1], key)? else {
            return Ok(None);
        };
        let Some((first, rest)) = kept.bodies() else {
            return Ok(None);
        };
        let (Some(epoch), Some(opened), Some(lines)) = (
            kept.began(),
            server_opening(first, number),
            crate::begin::without_number(rest, b"DCID ", number),
        ) else {
            return Ok(None);
        };
        let observer = writing.observer;
        let servers = &mut self.events.servers;
        let Some(tls) = servers.tls(&lines, python)? else {
            return Ok(None);
        };
        let egress = servers.egress(opened.interface, opened.port, observer, python)?;
        let Some((egress, own)) = egress else {
            return Ok(None);
        };
        if own == opened.address.as_bytes() {
            return Ok(None);
        }
        let appliance = writing.appliance.get();
        let began = self.events.starts[1].at(epoch, 1, appliance, python)?;
        Ok(Some(Server {
            kept: kept.0.clone().unbind(),
            epoch,
            began,
            egress,
            observer,
            tls,
            address: opened.address.into(),
            six: opened.six,
            last: None,
            first_id: String::new(),
            sequence: 0,
            counts: [0; 6],
            bounce: None,
        }))
    }

    /// Write the result of an attempt; false: it is not plain, and nothing is changed.
    fn tried(
        &mut self,
        py: Python<'py>,
        server: &Bound<'py, Server>,
        number: &[u8],
        told: &[u8],
        raw: &[u8],
        at: usize,
    ) -> PyResult<bool> {
        let Some(place) = &self.place else {
            return Ok(false);
        };
        let Some(writing) = &place.writing else {
            return Ok(false);
        };
        let mut known = server.borrow_mut();
        if known.observer != writing.observer || self.is_over(known.epoch, place.epoch)
        {
            return Ok(false);
        }
        let Some(reply) = self.events.servers.reply(told, self.python)? else {
            return Ok(false);
        };
        let (is_success, reply) = &*reply;
        let identity = &writing.appliance.get().identity;
        let Some(id) = identity.of_line(py, raw, place.epoch)? else {
            return Ok(false);
        };
        let values = ServerValues {
            id: id.id,
            sequence: known.sequence + 1,
            hash: hex(&sha256(&[raw])),
            original: raw,
            message: &raw[at..],
            number,
            duration: None,
            reply: Some(reply),
        };
        let outcome = if *is_success { SUCCESS } else { FAILURE };
        let text = self.events.write_of_server(
            outcome,
            &known,
            &values,
            writing,
            self.python,
        )?;
        let Some(text) = text else {
            return Ok(false);
        };
        identity.count(id, place.epoch)?;
        if known.first_id.is_empty() {
            known.first_id = String::from_utf8_lossy(&values.id).into_owned();
        }
        known.last = Some(writing.moment.clone());
        known.sequence += 1;
        known.counts[0] += 1;
        known.counts[1] += u64::from(!is_success);
        self.done.events[RESULTS] += 1;
        self.done.lines.append(text)?;
        Ok(true)
    }

    /// The line that closes the session at `server`.
    pub fn server_end(
        &mut self,
        py: Python<'py>,
        server: &Bound<'py, Server>,
        number: &Bound<'py, PyBytes>,
        raw: &[u8],
        at: usize,
    ) -> PyResult<Read> {
        let other = Ok(Read::Not(Reason::Session));
        let Some(place) = &self.place else {
            return other;
        };
        let Some(writing) = &place.writing else {
            return other;
        };
        let told = server.borrow();
        let over = self.is_over(told.epoch, place.epoch);
        if !self.is_plain(raw, at) || told.observer != writing.observer || over {
            return other;
        }
        let identity = &writing.appliance.get().identity;
        let Some(id) = identity.of_line(py, raw, place.epoch)? else {
            return other;
        };
        let seconds = place.epoch - told.epoch;
        let millis = seconds * 1000 + writing.millis - millis_of(&told.began.iso);
        let values = ServerValues {
            id: id.id,
            sequence: told.sequence + 1,
            hash: hex(&sha256(&[raw])),
            original: raw,
            message: &raw[at..],
            number: number.as_bytes(),
            duration: Some(u64::try_from(millis).unwrap_or(0) * 1_000_000),
            reply: None,
        };
        let text =
            self.events
                .write_of_server(END, &told, &values, writing, self.python)?;
        let Some(text) = text else {
            return other;
        };
        identity.count(id, place.epoch)?;
        place.sides[1].live.del_item(number)?;
        self.done.context += 1;
        self.done.closed[1] += 1;
        self.done.events[ENDS] += 1;
        self.done.lines.append(text)?;
        Ok(Read::Done)
    }

    /// What became of a message at `server`; false: it is not plain.
    pub fn delivered(
        &mut self,
        py: Python<'py>,
        server: &Bound<'py, Server>,
        said: &Said<'_>,
    ) -> PyResult<bool> {
        let Some(place) = &self.place else {
            return Ok(false);
        };
        let Some(writing) = &place.writing else {
            return Ok(false);
        };
        let mut told = server.borrow_mut();
        if said.like.len() > MOST_SAID || self.is_over(told.epoch, place.epoch) {
            return Ok(false);
        }
        let Some(became) = self.events.servers.delivered(&said.like, self.python)?
        else {
            return Ok(false);
        };
        let (counts, bounce) = &*became;
        for (known, more) in told.counts[OF_MAIL..].iter_mut().zip(counts) {
            *known += more;
        }
        if let (None, Some(bounce)) = (&told.bounce, bounce) {
            told.bounce = Some(bounce.clone_ref(py));
        }
        told.last = Some(writing.moment.clone());
        Ok(true)
    }
}
