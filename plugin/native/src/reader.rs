//! One line after the other, as `Pipeline._read` and `Connections` do it in Python.

use crate::events::Events;
use crate::place::Place;
use crate::text::{is_native, INFO};
use crate::words::{Words, LEAD};
use memchr::memmem;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

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

pub enum Read {
    Done,
    Not(Reason),
}

/// What was done since Python was asked last, for its counters.
pub struct Done<'py> {
    pub context: u64,
    pub grown: u64,
    pub closed: [u64; 2],
    /// Results and ends.
    pub events: [u64; 2],
    /// The events.
    pub lines: Bound<'py, PyList>,
}

impl<'py> Done<'py> {
    fn new(py: Python<'py>) -> Self {
        Done {
            context: 0,
            grown: 0,
            closed: [0; 2],
            events: [0; 2],
            lines: PyList::empty(py),
        }
    }
}

pub struct Reader<'a, 'py> {
    pub words: &'a Words,
    pub max_age: i64,
    pub max_kept: usize,
    handed_over: &'a Counts,
    pub events: &'a mut Events,
    pub python: &'a Bound<'py, PyAny>,
    /// Of the line that Python read last.
    pub place: Option<Place<'py>>,
    /// Of lines that do not name their appliance; their time does not matter.
    pub native: Option<Place<'py>>,
    pub done: Done<'py>,
    /// The line by which the time was moved without Python.
    pub moved: Option<Bound<'py, PyBytes>>,
}

impl<'a, 'py> Reader<'a, 'py> {
    pub fn new(
        words: &'a Words,
        max_age: i64,
        max_kept: usize,
        handed_over: &'a Counts,
        events: &'a mut Events,
        python: &'a Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let (place, native, done) = (None, None, Done::new(python.py()));
        let mut reader = Reader {
            words,
            max_age,
            max_kept,
            handed_over,
            events,
            python,
            place,
            native,
            done,
            moved: None,
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
        let done = &self.done;
        if done.context == 0 && done.events[0] == 0 {
            return Ok(());
        }
        let counts = (done.context, done.grown, done.closed, done.events);
        let moved = self.moved.take();
        self.python
            .call_method1("settle", (counts, &done.lines, moved))?;
        self.done = Done::new(self.python.py());
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
        // What has the head of the line before has its first `INFO` where that has it.
        let same = self.place.as_ref().map(|place| place.head.as_slice());
        let (known, at) = match same {
            Some(same) if raw.starts_with(same) => (true, same.len()),
            _ => match memmem::find(raw, INFO) {
                Some(found) => (false, found + INFO.len()),
                None => return Ok(Read::Not(Reason::Other)),
            },
        };
        if known {
            return self.by_lead(line, at, known);
        }
        let head = &raw[..at];
        let Some(before) = self.place.as_mut().and_then(|place| place.step(head))
        else {
            return self.by_lead(line, at, known);
        };
        let (context, events) = (self.done.context, self.done.events);
        let read = self.by_lead(line, at, true)?;
        // Python's clock moves with those lines only that count.
        if (context, events) == (self.done.context, self.done.events) {
            if let Some(place) = &mut self.place {
                place.back(before);
            }
        } else {
            self.moved = Some(line.clone());
        }
        Ok(read)
    }

    fn by_lead(
        &mut self,
        line: &Bound<'py, PyBytes>,
        at: usize,
        known: bool,
    ) -> PyResult<Read> {
        let raw = line.as_bytes();
        if !(known || at == 31 && is_native(raw)) {
            return Ok(Read::Not(Reason::NewHead));
        }
        let lead = &raw[at..raw.len().min(at + LEAD)];
        let Some(may_be_mail) = self.words.handler(lead) else {
            let matters = self.words.may_matter(&raw[at - 2..]);
            return Ok(if matters {
                Read::Not(Reason::Other)
            } else {
                Read::Done
            });
        };
        if may_be_mail {
            return self.mail(line.py(), &raw[at..], known);
        }
        let opens_or_more = matches!(lead, b"New " | b"ICID" | b"DCID");
        if !opens_or_more && lead != b"SMTP" {
            return Ok(Read::Not(Reason::Event));
        }
        if !known {
            return Ok(Read::Not(Reason::NewHead));
        }
        if opens_or_more {
            return self.connection(line.py(), raw, at);
        }
        self.result(line.py(), raw, at)
    }
}
