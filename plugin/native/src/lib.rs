//! Reads the plain lines of a log, and writes the events of plain sessions.
//!
//! Python holds all state, in its own tables, and reads every line that is anything else;
//! so what comes out is the same with this and without. What is handed over: see `Reason`
//! in `reader.rs`.

mod begin;
mod connections;
mod event;
mod events;
mod forms;
mod identity;
mod json;
mod mail;
mod outbound;
mod place;
mod plain;
mod reader;
mod records;
mod results;
mod rules;
mod server;
mod server_events;
mod session;
mod starts;
mod steps;
mod template;
mod text;
mod wordings;
mod words;

use events::Events;
use place::Appliance;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use reader::{Counts, Reader, REASONS};
use records::JsonRecords;
use server::Server;
use session::Plain;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use template::Fragment;
use words::Words;

#[pyclass(frozen)]
struct Sieve {
    words: Words,
    max_age: i64,
    max_kept: usize,
    /// Also read by the thread that offers metrics, while lines are read.
    handed_over: Counts,
    /// Locked while lines are read.
    events: Mutex<Events>,
}

#[pymethods]
impl Sieve {
    /// Take the words of the grammar, the longest age of a connection in seconds and the
    /// most bytes that are kept of one.
    #[new]
    fn new(words: &Bound<'_, PyAny>, max_age: i64, max_kept: usize) -> PyResult<Self> {
        let handed_over = Counts::default();
        Ok(Sieve {
            words: Words::of(words)?,
            max_age,
            max_kept,
            handed_over,
            events: Mutex::default(),
        })
    }

    /// Read `lines` in order. `python` reads what is not plain, see `pipeline/native`.
    fn feed(
        &self,
        lines: &Bound<'_, PyList>,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = Reader::new(
            &self.words,
            self.max_age,
            self.max_kept,
            &self.handed_over,
            &mut events,
            python,
        )?;
        for line in lines.iter() {
            reader.read(line.downcast::<PyBytes>()?)?;
        }
        reader.settle()
    }

    /// Lines that Python read, by reason.
    #[getter]
    fn handed_over<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counts = PyDict::new(py);
        for (reason, count) in REASONS.iter().zip(&self.handed_over) {
            counts.set_item(reason, count.load(Relaxed))?;
        }
        Ok(counts)
    }
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Appliance>()?;
    module.add_class::<Fragment>()?;
    module.add_class::<JsonRecords>()?;
    module.add_class::<Plain>()?;
    module.add_class::<Server>()?;
    module.add_class::<Sieve>()
}
