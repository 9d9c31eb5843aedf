//! Lines some seconds later than the one before, within the same hour.
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

/// Where minutes and seconds are in a head, and how many more seconds there may be.
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

/// Where minutes and seconds are in "2026-07-01T00:00:00.000Z".
const MINUTES_AT: usize = 14;
/// Bytes of "00:00".
const SIZE: usize = 5;

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
        let now = within_hour(self.iso.as_bytes(), MINUTES_AT)? + seconds;
        let digits = [two_digits(now / 60), two_digits(now % 60)];
        let mut iso = String::with_capacity(self.iso.len());
        iso.push_str(self.iso.get(..MINUTES_AT)?);
        iso.extend([digits[0][0], digits[0][1], ':', digits[1][0], digits[1][1]]);
        iso.push_str(self.iso.get(MINUTES_AT + SIZE..)?);
        Some(Moment {
            read: Python::with_gil(|py| self.read.clone_ref(py)),
            epoch: self.epoch + seconds,
            iso,
        })
    }
}

/// A number below 100 as two digits.
fn two_digits(number: i64) -> [char; 2] {
    let digit = |value: i64| char::from(b'0' + (value % 10) as u8);
    [digit(number / 10), digit(number)]
}

impl Place<'_> {
    /// Go on to lines with `head`, if it differs from that of the line before in later
    /// seconds alone.
    pub fn step(&mut self, head: &[u8]) -> Option<Before> {
        let Steps { at, most } = self.steps;
        if most <= 0
            || head.len() != self.head.len()
            || head[..at] != self.head[..at]
            || head[at + SIZE..] != self.head[at + SIZE..]
        {
            return None;
        }
        let seconds = within_hour(head, at)? - within_hour(&self.head, at)?;
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

/// The seconds since the hour that "59:59" says.
fn within_hour(text: &[u8], at: usize) -> Option<i64> {
    let two = |high: u8, low: u8| {
        let digits = (b'0'..=b'5').contains(&high) && low.is_ascii_digit();
        digits.then(|| i64::from(high - b'0') * 10 + i64::from(low - b'0'))
    };
    match *text.get(at..at + SIZE)? {
        [a, b, b':', c, d] => Some(two(a, b)? * 60 + two(c, d)?),
        _ => None,
    }
}
