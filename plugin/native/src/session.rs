//! Sessions of clients that log in as nearly all do.

use crate::steps::Moment;
use crate::template::Fragment;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// What the lines of a connection say besides its opening line.
pub struct Context {
    pub hat: Py<Fragment>,
    pub tls: Py<Fragment>,
    pub admitted: bool,
    /// Neither of HAT nor of TLS.
    pub says_nothing: bool,
}

/// What all sessions of an appliance have in common that began in one second.
pub struct Began {
    pub iso: String,
    /// The id of a session is this, its number, and the other.
    pub before: String,
    pub behind: String,
}

/// The same of one hour, in pieces: between them stand the minute and the second.
pub struct Hour {
    pub iso: [String; 3],
    pub before: String,
    pub behind: [String; 3],
}

impl Hour {
    pub fn at(&self, seconds: i64) -> Began {
        let (minute, second) = (seconds / 60, seconds % 60);
        let with = |[a, b, c]: &[String; 3]| format!("{a}{minute:02}{b}{second:02}{c}");
        Began {
            iso: with(&self.iso),
            before: self.before.clone(),
            behind: with(&self.behind),
        }
    }
}

/// A live session in the place of Python's, which is made of it when Python asks.
#[pyclass]
pub struct Plain {
    pub kept: Py<PyBytes>,
    pub epoch: i64,
    pub began: Arc<Began>,
    pub listener: Py<Fragment>,
    pub observer: u64,
    pub context: Arc<Context>,
    pub address: Box<str>,
    pub name: Option<Box<str>>,
    /// Verified, named, six: which of the shapes of a kind.
    pub shape: usize,
    pub last: Option<Arc<Moment>>,
    pub first_id: String,
    pub sequence: u64,
    pub attempts: u64,
    pub failures: u64,
    pub users: Vec<Box<str>>,
    /// The place among the users.
    pub last_success: Option<usize>,
    /// Messages begun and not yet ready, with their recipients.
    pub mids: Vec<(Box<[u8]>, u64)>,
    pub messages: u64,
    pub recipients: u64,
}

impl Plain {
    /// Return the place of an open message.
    pub fn message(&self, mid: &[u8]) -> Option<usize> {
        self.mids.iter().position(|(known, _)| **known == *mid)
    }
}

/// What Python's session is made of; see `pipeline/native/events.py`.
type Told<'py> = (
    Py<PyBytes>,
    Option<Bound<'py, PyAny>>,
    String,
    (u64, u64, u64, u64, u64),
    Vec<String>,
    Option<String>,
    Vec<(Bound<'py, PyBytes>, u64)>,
);

#[pymethods]
impl Plain {
    fn told<'py>(&self, py: Python<'py>) -> PyResult<Told<'py>> {
        let last = self.last.as_ref().map(|last| last.told(py)).transpose()?;
        let users = self.users.iter().map(ToString::to_string).collect();
        let mids = self.mids.iter();
        let mids = mids.map(|(mid, count)| (PyBytes::new(py, mid), *count));
        let mids = mids.collect();
        let success = self.last_success.map(|at| self.users[at].to_string());
        Ok((
            self.kept.clone_ref(py),
            last,
            self.first_id.clone(),
            (
                self.sequence,
                self.attempts,
                self.failures,
                self.messages,
                self.recipients,
            ),
            users,
            success,
            mids,
        ))
    }
}
