//! Events of one shape as text with gaps, and the fragments that fill some of these.
//!
//! All of it is made in Python, of the stage that builds events; see
//! `pipeline/native/events.py`.

use pyo3::prelude::*;
use std::sync::{Arc, OnceLock};

/// Kinds of events of clients: three outcomes, with a user or not, admitted or not;
/// behind them those of servers, one for each outcome.
pub const SERVER_KINDS: usize = 12;
const KINDS: usize = SERVER_KINDS + 3;
/// Shapes of one kind: verified, named, six; of a server only the last.
pub const SHAPES: usize = 8;

/// The texts of one fragment in the order of their places.
pub type Texts = Arc<Vec<Vec<u8>>>;

/// What decides about texts of an event that many have in common.
#[pyclass(frozen)]
pub struct Fragment {
    /// What Python knows it by.
    #[pyo3(get)]
    pub key: Py<PyAny>,
    pub family: u8,
    /// Of each kind; None: an event of it that has them is not valid.
    texts: [OnceLock<Option<Texts>>; KINDS],
}

#[pymethods]
impl Fragment {
    #[new]
    fn new(family: u8, key: Py<PyAny>) -> Self {
        let texts = std::array::from_fn(|_| OnceLock::new());
        Fragment { key, family, texts }
    }
}

impl Fragment {
    /// Return its texts in events of a kind; None if these may not have it.
    pub fn texts(
        &self,
        kind: usize,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Texts>> {
        if let Some(found) = self.texts[kind].get() {
            return Ok(found.clone());
        }
        let asked = (kind, self.family, &self.key);
        let told: Option<Vec<Vec<u8>>> =
            python.call_method1("texts", asked)?.extract()?;
        let made = told.map(Arc::new);
        Ok(self.texts[kind].get_or_init(|| made).clone())
    }
}

/// The texts of each fragment of an event; None: it lacks that, and has one text for it.
pub type Found = [Option<Texts>; 6];
/// Texts of all fragments of an event.
const MOST_TEXTS: usize = 16;
static NOTHING: [Vec<u8>; 1] = [Vec::new()];

/// Return the texts of fragments of an event; None if it may not have one of them.
pub fn texts_of(
    fragments: [Option<&Py<Fragment>>; 6],
    kind: usize,
    python: &Bound<'_, PyAny>,
) -> PyResult<Option<Found>> {
    let mut found = Found::default();
    for (fragment, texts) in fragments.into_iter().zip(&mut found) {
        if let Some(fragment) = fragment {
            *texts = fragment.get().texts(kind, python)?;
            if texts.is_none() {
                return Ok(None);
            }
        }
    }
    Ok(Some(found))
}

/// Return all texts in the order of their places.
pub fn flat(found: &Found) -> [&[u8]; MOST_TEXTS] {
    let mut flat: [&[u8]; MOST_TEXTS] = Default::default();
    let texts = found.iter().flat_map(|texts| match texts {
        Some(texts) => texts.as_slice(),
        None => &NOTHING,
    });
    for (text, room) in texts.zip(&mut flat) {
        *room = text;
    }
    flat
}

/// The text of events of one shape.
pub struct Template {
    pub literals: Vec<Vec<u8>>,
    /// Between two literals: the number of a value or of a text of a fragment.
    pub slots: Vec<usize>,
}

/// The text of a user: a name, and a domain that is part of it.
pub struct UserForm {
    /// A literal, and what follows it: 0 the name, 1 the domain, 2 nothing.
    pub pieces: Vec<(Vec<u8>, u8)>,
}
