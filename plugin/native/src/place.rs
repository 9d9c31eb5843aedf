//! Where Python holds what is known of the connections of one appliance.
//!
//! Python owns all of it. Nothing here outlives a call to Python, which may change it: it is
//! asked for again.

use crate::identity::Identity;
use crate::json::number;
use crate::results::millis_of;
use crate::steps::{Moment, Steps};
use crate::template::Fragment;
use crate::text::digits;
use memchr::memchr;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::Arc;

/// Connections of one side: kept lines and live sessions by number.
pub struct Side<'py> {
    pub kept: Bound<'py, PyDict>,
    pub live: Bound<'py, PyDict>,
}

/// What does not change of an appliance, for events that native code writes.
#[pyclass(frozen)]
pub struct Appliance {
    pub name: String,
    /// Stands for it in what is remembered.
    pub number: u64,
    pub identity: Identity,
}

#[pymethods]
impl Appliance {
    /// Take the texts that ids are made with, the dict in which lines are counted, how
    /// many seconds it may have, and from how many lines of a second on Python counts;
    /// see `esa_auth.identity`.
    #[new]
    fn new(
        name: String,
        number: u64,
        texts: (Vec<u8>, Vec<u8>, Vec<u8>),
        seconds: Py<PyDict>,
        kept: usize,
        most: usize,
    ) -> Self {
        let (first, inner, outer) = texts;
        let identity = Identity {
            first,
            inner,
            outer,
            seconds,
            kept,
            most,
        };
        Appliance {
            name,
            number,
            identity,
        }
    }
}

/// What events of lines with one head have in common.
pub struct Writing {
    pub appliance: Py<Appliance>,
    pub moment: Arc<Moment>,
    pub millis: i64,
    /// Stands for what is known of the appliance.
    pub observer: u64,
    pub head: Py<Fragment>,
    pub flags: Py<Fragment>,
}

/// What `Writing` is made of; see `pipeline/native`.
type Written<'py> = (
    Py<Appliance>,
    Bound<'py, PyAny>,
    String,
    u64,
    Py<Fragment>,
    Py<Fragment>,
);

/// The appliance that lines with one head are of.
pub struct Place<'py> {
    /// The head itself; its time is that of the appliance's clock.
    pub head: Vec<u8>,
    pub epoch: i64,
    /// New connections until Python looks for what is too old or too much.
    pub room: u64,
    /// The number of the connection opened last, but for three digits.
    pub thousand: Option<Vec<u8>>,
    /// Whether two appliances have its name.
    pub doubled: bool,
    pub sides: [Side<'py>; 2],
    /// Messages of live sessions by MID.
    pub messages: Bound<'py, PyDict>,
    /// How far lines may be dated by the seconds in their head alone.
    pub steps: Steps,
    /// None: Python writes all events.
    pub writing: Option<Writing>,
}

impl<'py> Place<'py> {
    pub fn of(told: &Bound<'py, PyAny>) -> PyResult<Self> {
        type Told<'py> = (
            Vec<u8>,
            i64,
            u64,
            Option<Vec<u8>>,
            bool,
            [Bound<'py, PyDict>; 2],
            [Bound<'py, PyDict>; 2],
            Bound<'py, PyDict>,
            (usize, i64),
            Option<Written<'py>>,
        );
        let told: Told<'py> = told.extract()?;
        let (
            head,
            epoch,
            room,
            thousand,
            doubled,
            inbound,
            outbound,
            messages,
            steps,
            events,
        ) = told;
        let side = |[kept, live]: [Bound<'py, PyDict>; 2]| Side { kept, live };
        let sides = [side(inbound), side(outbound)];
        let writing =
            events.map(|(appliance, instant, iso, observer, head, flags)| Writing {
                appliance,
                millis: millis_of(&iso),
                moment: Arc::new(Moment {
                    read: instant.unbind(),
                    epoch,
                    iso,
                }),
                observer,
                head,
                flags,
            });
        Ok(Place {
            head,
            epoch,
            room,
            thousand,
            doubled,
            sides,
            messages,
            steps: Steps {
                at: steps.0,
                most: steps.1,
            },
            writing,
        })
    }

    /// Whether no session with AUTH is open.
    pub fn is_quiet(&self) -> bool {
        self.sides.iter().all(|side| side.live.is_empty())
    }
}

/// Kept lines: "<epoch> <body>\n<body>...", with "+" before the epoch if the line that
/// opens the connection was not seen.
pub struct Kept<'py>(pub Bound<'py, PyBytes>);

impl<'py> Kept<'py> {
    pub fn find(
        side: &Side<'py>,
        number: &Bound<'py, PyBytes>,
    ) -> PyResult<Option<Self>> {
        let found = side.kept.get_item(number)?;
        found
            .map(|kept| Ok(Kept(kept.downcast_into::<PyBytes>()?)))
            .transpose()
    }

    /// When its first line was written; None if that is not plainly said.
    pub fn began(&self) -> Option<i64> {
        let text = self.0.as_bytes();
        std::str::from_utf8(&text[..digits(text)])
            .ok()?
            .parse()
            .ok()
    }

    /// The first line, and the others.
    pub fn bodies(&self) -> Option<(&[u8], &[u8])> {
        let text = self.0.as_bytes();
        let lines = &text[memchr(b' ', text)? + 1..];
        Some(match memchr(b'\n', lines) {
            Some(end) => (&lines[..end], &lines[end + 1..]),
            None => (lines, b""),
        })
    }

    /// What is stored with one more line.
    pub fn with(&self, body: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let before = self.0.as_bytes();
        PyBytes::new_with(self.0.py(), before.len() + 1 + body.len(), |room| {
            room[..before.len()].copy_from_slice(before);
            room[before.len()] = b'\n';
            room[before.len() + 1..].copy_from_slice(body);
            Ok(())
        })
    }
}

/// What is stored of a connection whose opening line was just read.
pub fn opened<'py>(
    py: Python<'py>,
    epoch: i64,
    body: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let mut at = Vec::with_capacity(21);
    match u64::try_from(epoch) {
        Ok(epoch) => number(&mut at, epoch),
        Err(_) => at.extend_from_slice(epoch.to_string().as_bytes()),
    }
    at.push(b' ');
    PyBytes::new_with(py, at.len() + body.len(), |room| {
        room[..at.len()].copy_from_slice(&at);
        room[at.len()..].copy_from_slice(body);
        Ok(())
    })
}
