//! Results of AUTH and ends of sessions that are plain from their first line on.
//!
//! Nothing is changed before it is known that the event can be written; until then the
//! line may still be handed over.

use crate::event::Values;
use crate::identity::sha256;
use crate::json::hex;
use crate::plain::{attempt, name, Attempt};
use crate::reader::{Read, Reader, Reason};
use crate::session::Plain;
use crate::text::connection;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

const RESULTS: usize = 0;
const ENDS: usize = 1;
/// Names of one session, and bytes of all of them, from which on Python counts.
const MOST_USERS: usize = 100;
const MOST_BYTES: usize = 4096;
/// The outcome of an event that is the end of a session.
const END: usize = 2;

impl<'py> Reader<'_, 'py> {
    /// A line that may be the result of an attempt.
    pub fn result(&mut self, py: Python<'py>, raw: &[u8], at: usize) -> PyResult<Read> {
        let other = Ok(Read::Not(Reason::Event));
        let Some(found) = attempt(&raw[at..]) else {
            return other;
        };
        let number = match connection(found.number) {
            Some((number, b"")) if number[0] != b'0' => number,
            _ => return other,
        };
        if !self.is_plain(raw, at) || name(found.user).is_none() {
            return other;
        }
        let key = PyBytes::new(py, number);
        let Some(place) = &self.place else {
            return other;
        };
        match place.sides[0].live.get_item(&key)? {
            None => {
                let Some(plain) = self.begun(number, &key)? else {
                    return Ok(Read::Not(Reason::Session));
                };
                let plain = Bound::new(py, plain)?;
                if !self.attempted(py, &plain, number, &found, raw, at)? {
                    return other;
                }
                let Some(place) = &mut self.place else {
                    return other;
                };
                place.sides[0].kept.del_item(&key)?;
                place.sides[0].live.set_item(&key, plain)?;
                place.room -= 1;
                self.done.grown += 1;
                Ok(Read::Done)
            }
            Some(session) => {
                let Ok(plain) = session.downcast::<Plain>() else {
                    return Ok(Read::Not(Reason::Session));
                };
                let done = self.attempted(py, plain, number, &found, raw, at)?;
                Ok(if done {
                    Read::Done
                } else {
                    Read::Not(Reason::Event)
                })
            }
        }
    }

    /// The line that closes a session, which is `plain`.
    pub fn end(
        &mut self,
        py: Python<'py>,
        plain: &Bound<'py, Plain>,
        number: &Bound<'py, PyBytes>,
        raw: &[u8],
        at: usize,
    ) -> PyResult<Read> {
        let other = Ok(Read::Not(Reason::Session));
        if !self.is_plain(raw, at) {
            return other;
        }
        let Some(place) = &self.place else {
            return other;
        };
        let Some(writing) = &place.writing else {
            return other;
        };
        let told = plain.borrow();
        if told.observer != writing.observer || self.is_over(told.epoch, place.epoch) {
            return other;
        }
        let identity = &writing.appliance.get().identity;
        let Some(id) = identity.of_line(py, raw, place.epoch)? else {
            return other;
        };
        let seconds = place.epoch - told.epoch;
        let millis = seconds * 1000 + writing.millis - millis_of(&told.began.iso);
        let duration = u64::try_from(millis).unwrap_or(0) * 1_000_000;
        let users = told.users.len() as u64;
        let values = Values {
            id: id.id,
            sequence: told.sequence + 1,
            hash: hex(&sha256(&[raw])),
            original: raw,
            message: &raw[at..],
            users: &told.users,
            user: told.last_success.map(|at| &*told.users[at]),
            number: number.as_bytes(),
            summary: Some([
                duration,
                told.attempts,
                told.failures,
                users,
                told.messages,
                told.recipients,
            ]),
            auth: None,
        };
        let Some(text) =
            self.events
                .write(END, &told, &values, writing, self.python)?
        else {
            return other;
        };
        identity.count(id, place.epoch)?;
        place.sides[0].live.del_item(number)?;
        for (mid, _) in &told.mids {
            place.messages.del_item(PyBytes::new(py, mid))?;
        }
        self.done.context += 1;
        self.done.closed[0] += 1;
        self.done.events[ENDS] += 1;
        self.done.lines.append(text)?;
        Ok(Read::Done)
    }

    /// Write the result of an attempt; false: it is not plain, and nothing is changed.
    fn attempted(
        &mut self,
        py: Python<'py>,
        plain: &Bound<'py, Plain>,
        number: &[u8],
        found: &Attempt<'_>,
        raw: &[u8],
        at: usize,
    ) -> PyResult<bool> {
        let Some(place) = &self.place else {
            return Ok(false);
        };
        let Some(writing) = &place.writing else {
            return Ok(false);
        };
        let mut told = plain.borrow_mut();
        let bytes = told.users.iter().map(|user| user.len()).sum::<usize>();
        if told.observer != writing.observer
            || self.is_over(told.epoch, place.epoch)
            || told.users.len() >= MOST_USERS
            || bytes + found.user.len() > MOST_BYTES
        {
            return Ok(false);
        }
        let identity = &writing.appliance.get().identity;
        let Some(id) = identity.of_line(py, raw, place.epoch)? else {
            return Ok(false);
        };
        let auth = self
            .events
            .auth(found.mechanism, found.profile, self.python)?;
        let user = [Box::<str>::from(found.user)];
        let values = Values {
            id: id.id,
            sequence: told.sequence + 1,
            hash: hex(&sha256(&[raw])),
            original: raw,
            message: &raw[at..],
            users: &user,
            user: Some(found.user),
            number,
            summary: None,
            auth: Some(&auth),
        };
        let outcome = usize::from(!found.success);
        let text = self
            .events
            .write(outcome, &told, &values, writing, self.python)?;
        let Some(text) = text else {
            return Ok(false);
        };
        if told.first_id.is_empty() {
            told.first_id = String::from_utf8_lossy(&values.id).into_owned();
        }
        identity.count(id, place.epoch)?;
        let [user] = user;
        let who = told.users.iter().position(|known| *known == user);
        let who = who.unwrap_or_else(|| {
            told.users.push(user);
            told.users.len() - 1
        });
        if found.success {
            told.last_success = Some(who);
        }
        told.last = Some(writing.moment.clone());
        told.sequence += 1;
        told.attempts += 1;
        told.failures += u64::from(!found.success);
        self.done.events[RESULTS] += 1;
        self.done.lines.append(text)?;
        Ok(true)
    }

    /// Whether a line can be that of a plain event, whatever it says.
    pub fn is_plain(&self, raw: &[u8], at: usize) -> bool {
        let whole = raw.last().is_some_and(u8::is_ascii_graphic);
        let cut = self.words.cuts.contains(&raw.len());
        let whole = whole && !self.words.is_end_changed(raw);
        whole && !cut && raw.len() <= self.words.max_line && raw[..at].is_ascii()
    }

    pub fn is_over(&self, began: i64, now: i64) -> bool {
        (now - began).abs() > self.max_age
    }
}

/// The milliseconds of "....123Z".
pub fn millis_of(iso: &str) -> i64 {
    let digits = iso.len().checked_sub(4).and_then(|at| iso.get(at..at + 3));
    digits.and_then(|text| text.parse().ok()).unwrap_or(0)
}
