//! Lines of connections, as `Connections` reads them in Python.

use crate::place::{opened, Kept};
use crate::reader::{Read, Reader, Reason};
use crate::server::Server;
use crate::session::Plain;
use crate::text::connection;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

impl<'py> Reader<'_, 'py> {
    /// A line that opens, describes or closes a connection, or says more of one.
    pub fn connection(
        &mut self,
        py: Python<'py>,
        raw: &[u8],
        at: usize,
    ) -> PyResult<Read> {
        let body = &raw[at..];
        let unusual = Ok(Read::Not(Reason::Connection));
        let (opens, text) = match body.strip_prefix(b"New SMTP ") {
            Some(text) => (true, text),
            None => (false, body),
        };
        let side = match text.get(..5) {
            Some(b"ICID ") => 0,
            Some(b"DCID ") => 1,
            Some(b"DCID:") if !opens => return self.server_result(py, raw, at),
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
            return self.close(py, side, number, raw, at);
        }
        if self.words.is_kept(side, rest) {
            return self.describe(py, side, number, body);
        }
        if self.words.is_ignored(side, rest) {
            return Ok(Read::Done);
        }
        let Some(place) = &self.place else {
            return Ok(Read::Not(Reason::NewHead));
        };
        if place.sides[side].kept.contains(PyBytes::new(py, number))? {
            return self.worded(py, side, number, rest, body);
        }
        if side == 0 {
            return self.said(py, number, rest);
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

    pub fn describe(
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

    fn close(
        &mut self,
        py: Python<'py>,
        side: usize,
        number: &[u8],
        raw: &[u8],
        at: usize,
    ) -> PyResult<Read> {
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
        } else if let Some(session) = table.live.get_item(&key)? {
            if let Ok(plain) = session.downcast::<Plain>() {
                return self.end(py, plain, &key, raw, at);
            }
            return match session.downcast::<Server>() {
                Ok(server) => self.server_end(py, server, &key, raw, at),
                Err(_) => Ok(Read::Not(Reason::Session)),
            };
        }
        self.done.context += 1;
        Ok(Read::Done)
    }

    /// Whether a connection began too long ago, or nobody can tell; see `sessions/table.py`.
    fn is_old(&self, kept: &Kept<'py>, now: i64) -> bool {
        kept.began()
            .map_or(true, |began| (now - began).abs() > self.max_age)
    }
}
