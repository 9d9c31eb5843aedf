//! Lines a second later than the one before, within the same minute.
//!
//! Python says how far no rule on time has more to say than that a second follows the
//! other, and is told of the last line that was read so.

use crate::place::Place;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::mem::replace;
use std::sync::Arc;

/// When lines were written.
pub struct Moment {
    /// The instant that Python read last before it.
    pub read: Py<PyAny>,
    pub epoch: i64,
    pub iso: String,
}

/// Where the two digits of the seconds are in a head, and how many more there may be.
#[derive(Clone, Copy)]
pub struct Steps {
    pub at: usize,
    pub most: i64,
}

/// What a place was before a step.
pub struct Before {
    head: Vec<u8>,
    epoch: i64,
    most: i64,
    moment: Option<Arc<Moment>>,
}

/// Where the seconds are in "2026-07-01T00:00:00.000Z".
const SECONDS_AT: usize = 17;

impl Moment {
    /// Return it as Python's instant.
    pub fn told<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let read = self.read.bind(py);
        if read.getattr("epoch")?.extract::<i64>()? == self.epoch {
            return Ok(read.clone());
        }
        let changed = PyDict::new(py);
        changed.set_item("epoch", self.epoch)?;
        changed.set_item("iso", &self.iso)?;
        read.call_method("_replace", (), Some(&changed))
    }

    fn later(&self, seconds: i64) -> Option<Moment> {
        let now = two(self.iso.as_bytes(), SECONDS_AT)? + seconds;
        let (before, behind) =
            (self.iso.get(..SECONDS_AT)?, self.iso.get(SECONDS_AT + 2..)?);
        Some(Moment {
            read: Python::with_gil(|py| self.read.clone_ref(py)),
            epoch: self.epoch + seconds,
            iso: format!("{before}{now:02}{behind}"),
        })
    }
}

impl Place<'_> {
    /// Go on to lines with `head`, if it differs from that of the line before in later
    /// seconds alone.
    pub fn step(&mut self, head: &[u8]) -> Option<Before> {
        let Steps { at, most } = self.steps;
        if most <= 0
            || head.len() != self.head.len()
            || head[..at] != self.head[..at]
            || head[at + 2..] != self.head[at + 2..]
        {
            return None;
        }
        let seconds = two(head, at)? - two(&self.head, at)?;
        if !(1..=most).contains(&seconds) {
            return None;
        }
        let moment = match &mut self.writing {
            Some(writing) => {
                let later = Arc::new(writing.moment.later(seconds)?);
                Some(replace(&mut writing.moment, later))
            }
            None => None,
        };
        let before = Before {
            head: replace(&mut self.head, head.to_vec()),
            epoch: self.epoch,
            most,
            moment,
        };
        self.epoch += seconds;
        self.steps.most -= seconds;
        Some(before)
    }

    /// Undo a step.
    pub fn back(&mut self, before: Before) {
        self.head = before.head;
        self.epoch = before.epoch;
        self.steps.most = before.most;
        if let (Some(writing), Some(moment)) = (&mut self.writing, before.moment) {
            writing.moment = moment;
        }
    }
}

/// The number of two digits.
fn two(text: &[u8], at: usize) -> Option<i64> {
    match text.get(at..at + 2)? {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => {
            Some(i64::from(a - b'0') * 10 + i64::from(b - b'0'))
        }
        _ => None,
    }
}
