//! Ids of lines, as `esa_auth.identity`, which counts in the same dict.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sha2::{Digest, Sha256};

pub const ID: usize = 22;
const DIGEST: usize = 16;

/// What the ids of an appliance are made with; the three texts are HMAC's.
pub struct Identity {
    pub first: Vec<u8>,
    pub inner: Vec<u8>,
    pub outer: Vec<u8>,
    /// Second -> digest of a line -> how often that came.
    pub seconds: Py<PyDict>,
    /// Seconds of which lines are counted.
    pub kept: usize,
    /// Lines of one second from which on Python counts.
    pub most: usize,
}

/// The id of a line that is not counted yet.
pub struct Counted<'py> {
    pub id: [u8; ID],
    /// Of its second, if that has lines already.
    counts: Option<Bound<'py, PyDict>>,
    line: Bound<'py, PyBytes>,
    times: u64,
}

impl Identity {
    /// Return the id that a line has; None if Python has to count it.
    pub fn of_line<'py>(
        &self,
        py: Python<'py>,
        raw: &[u8],
        second: i64,
    ) -> PyResult<Option<Counted<'py>>> {
        let counts = match self.seconds.bind(py).get_item(second)? {
            Some(found) => Some(found.downcast_into::<PyDict>()?),
            None => None,
        };
        if counts.as_ref().is_some_and(|all| all.len() >= self.most) {
            return Ok(None);
        }
        let first = sha256(&[&self.first, raw]);
        let line = PyBytes::new(py, &first[..DIGEST]);
        let known = match &counts {
            Some(counts) => counts.get_item(&line)?,
            None => None,
        };
        let times: u64 = known.map_or(Ok(0), |times| times.extract())?;
        let inner = if times == 0 {
            first
        } else {
            sha256(&[&self.inner, format!("line\0{times}\0\0").as_bytes(), raw])
        };
        let id = text(&sha256(&[&self.outer, &inner])[..DIGEST]);
        Ok(Some(Counted {
            id,
            counts,
            line,
            times,
        }))
    }
}

impl Identity {
    /// Count a line.
    pub fn count(&self, counted: Counted<'_>, second: i64) -> PyResult<()> {
        let Counted {
            counts,
            line,
            times,
            ..
        } = counted;
        let counts = match counts {
            Some(counts) => counts,
            None => {
                let seconds = self.seconds.bind(line.py());
                let begun = PyDict::new(line.py());
                seconds.set_item(second, &begun)?;
                if seconds.len() > self.kept {
                    let first = seconds.iter().next();
                    first.map_or(Ok(()), |(oldest, _)| seconds.del_item(oldest))?;
                }
                begun
            }
        };
        counts.set_item(line, times + 1)
    }
}

pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Base64 for URLs, without padding.
fn text(digest: &[u8]) -> [u8; ID] {
    const LETTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = [0u8; ID];
    let (mut bits, mut count, mut at) = (0u32, 0, 0);
    for &byte in digest {
        bits = bits << 8 | u32::from(byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            text[at] = LETTERS[(bits >> count & 63) as usize];
            at += 1;
        }
    }
    text[at] = LETTERS[(bits << (6 - count) & 63) as usize];
    text
}
