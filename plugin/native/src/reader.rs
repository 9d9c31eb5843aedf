//! One line after the other, as `Pipeline._read` and `Connections` do it in Python.

use crate::place::{opened, Kept, Place};
use crate::text::{connection, is_native, named, Named, INFO};
use crate::words::{Words, LEAD};
use memchr::memmem;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Within so many bytes of a body on mail the number stands.
const NAMED_WITHIN: usize = 100;

/// Why lines are handed over, in the order of `Reason`.
pub const REASONS: [&str; 5] = ["new_head", "event", "session", "connection", "other"];

/// Lines that were handed over, by `Reason`.
pub type Counts = [AtomicU64; REASONS.len()];

#[derive(Clone, Copy)]
pub enum Reason {
    /// Another second, appliance or log than the line before: the clock is to be moved.
    NewHead,
    /// It may be AUTH or a login.
    Event,
    /// It is of a connection with AUTH.
    Session,
    /// It opens, describes or closes a connection in a way that is not the usual one.
    Connection,
    /// Its head or its first word is not known.
    Other,
}

enum Read {
    Done,
    Not(Reason),
}

/// What was done since Python was asked last, for its counters.
#[derive(Default)]
struct Done {
    context: u64,
    grown: u64,
    closed: [u64; 2],
}

pub struct Reader<'a, 'py> {
    words: &'a Words,
    max_age: i64,
    max_kept: usize,
    handed_over: &'a Counts,
    python: &'a Bound<'py, PyAny>,
    /// Of the line that Python read last.
    place: Option<Place<'py>>,
    /// Of lines that do not name their appliance; their time does not matter.
    native: Option<Place<'py>>,
    done: Done,
}

impl<'a, 'py> Reader<'a, 'py> {
    pub fn new(
        words: &'a Words,
        max_age: i64,
        max_kept: usize,
        handed_over: &'a Counts,
        python: &'a Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let (place, native, done) = (None, None, Done::default());
        let mut reader = Reader {
            words,
            max_age,
            max_kept,
            handed_over,
            python,
            place,
            native,
            done,
        };
        let told = reader.python.call_method0("begin")?;
        reader.told(&told)?;
        Ok(reader)
    }

    pub fn read(&mut self, line: &Bound<'py, PyBytes>) -> PyResult<()> {
        match self.plain(line)? {
            Read::Done => Ok(()),
            Read::Not(reason) => {
                self.handed_over[reason as usize].fetch_add(1, Relaxed);
                self.settle()?;
                let told = self.python.call_method1("read", (line,))?;
                self.told(&told)
            }
        }
    }

    /// Tell Python what was done.
    pub fn settle(&mut self) -> PyResult<()> {
        let done = std::mem::take(&mut self.done);
        if done.context > 0 {
            let counts = (done.context, done.grown, done.closed[0], done.closed[1]);
            self.python.call_method1("settle", counts)?;
        }
        Ok(())
    }

    /// Take what Python says of places: new ones, or the room in the one there is.
    fn told(&mut self, told: &Bound<'py, PyAny>) -> PyResult<()> {
        if let Some(place) = &mut self.place {
            if let Ok(room) = told.downcast::<PyInt>() {
                place.room = room.extract()?;
                return Ok(());
            }
        }
        let (place, native): (Bound<'py, PyAny>, Bound<'py, PyAny>) = told.extract()?;
        self.place = if place.is_none() {
            None
        } else {
            Some(Place::of(&place)?)
        };
        self.native = if native.is_none() {
            None
        } else {
            Some(Place::of(&native)?)
        };
        Ok(())
    }

    fn plain(&mut self, line: &Bound<'py, PyBytes>) -> PyResult<Read> {
        let raw = line.as_bytes();
        let begins = raw.len() >= 31 && raw[23] != b':' && &raw[24..31] == INFO;
        if begins && self.words.passes_over(&raw[31..]) {
            return Ok(Read::Done);
        }
        let Some(found) = memmem::find(raw, INFO) else {
            return Ok(Read::Not(Reason::Other));
        };
        let at = found + INFO.len();
        let known = self
            .place
            .as_ref()
            .is_some_and(|place| place.head == raw[..at]);
        let native = at == 31 && is_native(raw);
        if !known && !native {
            return Ok(Read::Not(Reason::NewHead));
        }
        let lead = &raw[at..raw.len().min(at + LEAD)];
        if !self.words.is_handled(lead) {
            let matters = self.words.may_matter(&raw[at - 2..]);
            return Ok(if matters {
                Read::Not(Reason::Other)
            } else {
                Read::Done
            });
        }
        if self.words.is_mail(lead) {
            return self.mail(&raw[at..], known);
        }
        if !matches!(lead, b"New " | b"ICID" | b"DCID") {
            return Ok(Read::Not(Reason::Event));
        }
        if !known {
            return Ok(Read::Not(Reason::NewHead));
        }
        self.connection(line.py(), &raw[at..])
    }

    /// A line on mail: of interest only if it is of a session with AUTH.
    fn mail(&self, body: &[u8], known: bool) -> PyResult<Read> {
        let place = if known { &self.place } else { &self.native };
        let Some(place) = place else {
            return Ok(Read::Not(Reason::NewHead));
        };
        if place.is_quiet() {
            return Ok(Read::Done);
        }
        for (what, number) in named(&body[..body.len().min(NAMED_WITHIN)]) {
            let table = match what {
                Named::Message => &place.messages,
                Named::Inbound => &place.sides[0].live,
                Named::Outbound => &place.sides[1].live,
            };
            if table.contains(PyBytes::new(table.py(), number))? {
                return Ok(Read::Not(Reason::Session));
            }
        }
        Ok(Read::Done)
    }

    fn connection(&mut self, py: Python<'py>, body: &[u8]) -> PyResult<Read> {
        let unusual = Ok(Read::Not(Reason::Connection));
        let (opens, text) = match body.strip_prefix(b"New SMTP ") {
            Some(text) => (true, text),
            None => (false, body),
        };
        let side = match text.get(..5) {
            Some(b"ICID ") => 0,
            Some(b"DCID ") => 1,
            _ => return unusual,
        };
        let Some((number, rest)) = connection(&text[5..]) else {
            return unusual;
        };
        let Some(rest) = rest.strip_prefix(b" ") else {
            return unusual;
        };
        if opens {
            return self.open(py, side, number, body);
        }
        if rest == b"close" {
            return self.close(py, side, number);
        }
        if self.words.is_kept(side, rest) {
            return self.describe(py, side, number, body);
        }
        unusual
    }

    fn open(
        &mut self,
        py: Python<'py>,
        side: usize,
        number: &[u8],
        body: &[u8],
    ) -> PyResult<Read> {
        let Some(place) = &mut self.place else {
            return Ok(Read::Not(Reason::NewHead));
        };
        let thousand = &number[..number.len().saturating_sub(3)];
        let same = side == 1 || place.thousand.as_deref() == Some(thousand);
        if !same || place.room == 0 || body.len() > self.max_kept {
            return Ok(Read::Not(Reason::Connection));
        }
        let key = PyBytes::new(py, number);
        let table = &place.sides[side];
        if table.kept.contains(&key)? || table.live.contains(&key)? {
            return Ok(Read::Not(Reason::Connection));
        }
        table.kept.set_item(key, opened(py, place.epoch, body)?)?;
        place.room -= 1;
        self.done.grown += 1;
        self.done.context += 1;
        Ok(Read::Done)
    }

    fn describe(
        &mut self,
        py: Python<'py>,
        side: usize,
        number: &[u8],
        body: &[u8],
    ) -> PyResult<Read> {
        let Some(place) = &self.place else {
            return Ok(Read::Not(Reason::NewHead));
        };
        let (table, key) = (&place.sides[side], PyBytes::new(py, number));
        let Some(kept) = Kept::find(table, &key)? else {
            return Ok(Read::Not(Reason::Session));
        };
        let long = body.len() + kept.0.as_bytes().len() > self.max_kept;
        if long || self.is_old(&kept, place.epoch) {
            return Ok(Read::Not(Reason::Connection));
        }
        table.kept.set_item(key, kept.with(body)?)?;
        self.done.context += 1;
        Ok(Read::Done)
    }

    fn close(&mut self, py: Python<'py>, side: usize, number: &[u8]) -> PyResult<Read> {
        let Some(place) = &self.place else {
            return Ok(Read::Not(Reason::NewHead));
        };
        let (table, key) = (&place.sides[side], PyBytes::new(py, number));
        if let Some(kept) = Kept::find(table, &key)? {
            if self.is_old(&kept, place.epoch) {
                return Ok(Read::Not(Reason::Connection));
            }
            table.kept.del_item(key)?;
            self.done.closed[side] += 1;
        } else if table.live.contains(&key)? {
            return Ok(Read::Not(Reason::Session));
        }
        self.done.context += 1;
        Ok(Read::Done)
    }

    /// Whether a connection began too long ago, or nobody can tell; see `sessions/age.py`.
    fn is_old(&self, kept: &Kept<'py>, now: i64) -> bool {
        kept.began()
            .map_or(true, |began| (now - began).abs() > self.max_age)
    }
}
