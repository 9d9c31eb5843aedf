//! What lines of connections say that is not known at sight, as Python says of each
//! different wording.

use crate::events::remember;
use crate::reader::{Read, Reader, Reason};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashMap;

/// So long a line is looked up by its text.
const MOST: usize = 256;

/// Whether the text behind the number of a connection is kept, for each side.
#[derive(Default)]
pub struct Wordings([HashMap<Vec<u8>, bool>; 2]);

impl Wordings {
    fn is_kept(
        &mut self,
        side: usize,
        rest: &[u8],
        python: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        if let Some(found) = self.0[side].get(rest) {
            return Ok(*found);
        }
        let asked = (side, PyBytes::new(python.py(), rest));
        let told = python.call_method1("is_context", asked)?.extract()?;
        remember(&mut self.0[side], rest.to_vec(), told);
        Ok(told)
    }
}

impl<'py> Reader<'_, 'py> {
    /// A line that says something of a connection without AUTH, and not at sight what.
    pub fn worded(
        &mut self,
        py: Python<'py>,
        side: usize,
        number: &[u8],
        rest: &[u8],
        body: &[u8],
    ) -> PyResult<Read> {
        let whole = rest.is_ascii() && rest.last().is_some_and(u8::is_ascii_graphic);
        let good = whole && rest.len() <= MOST && !self.words.is_end_changed(rest);
        if good && self.events.wordings.is_kept(side, rest, self.python)? {
            return self.describe(py, side, number, body);
        }
        Ok(Read::Not(Reason::Connection))
    }
}
