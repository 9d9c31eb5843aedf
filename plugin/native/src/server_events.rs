//! What Python said of sessions at other servers, and how one of their events is written.

use crate::events::{remember, Events};
use crate::identity::ID;
use crate::json::{number, quoted};
use crate::place::Writing;
use crate::rules::Value;
use crate::server::Server;
use crate::template::{Fragment, SERVER_KINDS};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashMap;
use std::sync::Arc;

/// Outcomes of events, which are kinds of their own.
pub const SUCCESS: usize = 0;
pub const FAILURE: usize = 1;
pub const END: usize = 2;
/// Texts of fragments have the numbers behind those of the values.
const FRAGMENTS: usize = 18;
/// The number of the first count.
const COUNTS: usize = 12;

/// What an opening line says besides the address, and the appliance's own one.
type Egress = Option<(Py<Fragment>, Vec<u8>)>;
/// What a line on a message counts, and the bounce it tells.
type Delivered = ([u64; 4], Option<Py<Fragment>>);
/// Whether a server let the appliance in, and how an event says it.
type Reply = (bool, Py<Fragment>);

/// By what was asked; None: it is not plain.
#[derive(Default)]
pub struct Servers {
    egress: HashMap<(u64, Vec<u8>, Vec<u8>), Egress>,
    tls: HashMap<Vec<u8>, Option<Py<Fragment>>>,
    replies: HashMap<Vec<u8>, Option<Arc<Reply>>>,
    deliveries: HashMap<Vec<u8>, Option<Arc<Delivered>>>,
    no_bounce: Option<Py<Fragment>>,
}

/// The values of one event that are texts or numbers of its own.
pub struct ServerValues<'a> {
    pub id: [u8; ID],
    pub sequence: u64,
    pub hash: [u8; 64],
    pub original: &'a [u8],
    pub message: &'a [u8],
    pub number: &'a [u8],
    /// Of an end, nanoseconds.
    pub duration: Option<u64>,
    /// Of a result.
    pub reply: Option<&'a Py<Fragment>>,
}

impl Servers {
    pub fn egress(
        &mut self,
        interface: &[u8],
        port: &[u8],
        observer: u64,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Egress> {
        let py = python.py();
        let key = (observer, interface.to_vec(), port.to_vec());
        if !self.egress.contains_key(&key) {
            let asked = (
                observer,
                PyBytes::new(py, interface),
                PyBytes::new(py, port),
            );
            let told: Egress = python.call_method1("egress", asked)?.extract()?;
            remember(&mut self.egress, key.clone(), told);
        }
        let found = self.egress.get(&key).and_then(Option::as_ref);
        Ok(found.map(|(fragment, own)| (fragment.clone_ref(py), own.clone())))
    }

    pub fn tls(
        &mut self,
        lines: &[u8],
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Py<Fragment>>> {
        let py = python.py();
        if !self.tls.contains_key(lines) {
            let asked = (PyBytes::new(py, lines),);
            let told = python.call_method1("server_tls", asked)?.extract()?;
            remember(&mut self.tls, lines.to_vec(), told);
        }
        let found = self.tls.get(lines).and_then(Option::as_ref);
        Ok(found.map(|fragment| fragment.clone_ref(py)))
    }

    /// Return what the profile and the words behind it say.
    pub fn reply(
        &mut self,
        told: &[u8],
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Arc<Reply>>> {
        if let Some(found) = self.replies.get(told) {
            return Ok(found.clone());
        }
        let asked = (PyBytes::new(python.py(), told),);
        let found: Option<Reply> = python.call_method1("reply", asked)?.extract()?;
        let made = found.map(Arc::new);
        remember(&mut self.replies, told.to_vec(), made.clone());
        Ok(made)
    }

    pub fn delivered(
        &mut self,
        like: &[u8],
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Arc<Delivered>>> {
        if let Some(found) = self.deliveries.get(like) {
            return Ok(found.clone());
        }
        type Told = Option<(u64, u64, u64, u64, Option<Py<Fragment>>)>;
        let asked = (PyBytes::new(python.py(), like),);
        let told: Told = python.call_method1("delivered", asked)?.extract()?;
        let made = told.map(|(delivered, bounced, delayed, errors, bounce)| {
            Arc::new(([delivered, bounced, delayed, errors], bounce))
        });
        remember(&mut self.deliveries, like.to_vec(), made.clone());
        Ok(made)
    }

    fn no_bounce(&mut self, python: &Bound<'_, PyAny>) -> PyResult<Py<Fragment>> {
        let py = python.py();
        let known = match self.no_bounce.take() {
            Some(known) => known,
            None => python.call_method1("bounce", (py.None(),))?.extract()?,
        };
        Ok(self.no_bounce.insert(known).clone_ref(py))
    }
}

impl Events {
    /// Write an event of `outcome`; None: it is not valid by parts.
    pub fn write_of_server<'py>(
        &mut self,
        outcome: usize,
        server: &Server,
        values: &ServerValues<'_>,
        writing: &Writing,
        python: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let py = python.py();
        let kind = SERVER_KINDS + outcome;
        let template = self.template(kind, usize::from(server.six), python)?;
        let (Some(template), Some(rules)) = (template, self.rules.get_mut(&kind))
        else {
            return Ok(None);
        };
        let id = [
            &*server.began.before,
            std::str::from_utf8(values.number)?,
            &server.began.behind,
        ];
        let session = id.concat();
        let value = |at| value_of(at, server, values, &session, writing);
        for (at, rule) in rules.iter_mut().enumerate().take(FRAGMENTS) {
            let Some(value) = value(at) else { continue };
            let good = rule.fits(value, |value| match value {
                Value::Text(text) => {
                    let asked = (kind, at, std::str::from_utf8(text)?);
                    python.call_method1("judge", asked)?.extract()
                }
                Value::Number(value) => {
                    python.call_method1("judge", (kind, at, value))?.extract()
                }
            })?;
            if !good {
                return Ok(None);
            }
        }
        let bounce = match (values.duration, &server.bounce) {
            (None, _) => None,
            (_, Some(bounce)) => Some(bounce.clone_ref(py)),
            (_, None) => Some(self.servers.no_bounce(python)?),
        };
        let fragments = [
            Some(&server.egress),
            Some(&server.tls),
            Some(&writing.head),
            Some(&writing.flags),
            bounce.as_ref(),
            values.reply,
        ];
        let mut texts = Vec::with_capacity(fragments.len());
        for fragment in fragments {
            match fragment {
                Some(fragment) => match fragment.get().texts(kind, python)? {
                    Some(found) => texts.push(found),
                    None => return Ok(None),
                },
                None => texts.push(Arc::new(vec![Vec::new()])),
            }
        }
        let flat: Vec<&[u8]> = texts
            .iter()
            .flat_map(|t| t.iter().map(Vec::as_slice))
            .collect();
        let mut out = Vec::with_capacity(2048);
        for (literal, slot) in template.literals.iter().zip(&template.slots) {
            out.extend_from_slice(literal);
            match (slot.checked_sub(FRAGMENTS), value(*slot)) {
                (Some(at), _) => out.extend_from_slice(flat[at]),
                (_, Some(Value::Text(text))) => quoted(&mut out, text),
                (_, Some(Value::Number(value))) => number(&mut out, value),
                (_, None) => {}
            }
        }
        if let Some(last) = template.literals.last() {
            out.extend_from_slice(last);
        }
        Ok(Some(PyBytes::new(py, &out)))
    }
}

/// Return a value by its number in `ecs/outbound.py`; None: the event lacks it.
fn value_of<'a>(
    at: usize,
    server: &'a Server,
    values: &'a ServerValues<'_>,
    session: &'a str,
    writing: &'a Writing,
) -> Option<Value<'a>> {
    let text = |text: &'a [u8]| Some(Value::Text(text));
    let of_end = |value| values.duration.and(Some(value));
    match at {
        0 => text(writing.moment.iso.as_bytes()),
        1 => text(&values.id),
        2 => Some(Value::Number(values.sequence)),
        3 => text(&values.hash),
        4 => text(values.original),
        5 => text(values.message),
        6 => {
            let number = std::str::from_utf8(values.number).ok()?;
            number.parse().ok().map(Value::Number)
        }
        7 => text(session.as_bytes()),
        8 => text(server.address.as_bytes()),
        9 => of_end(Value::Text(server.began.iso.as_bytes())),
        10 => of_end(Value::Text(writing.moment.iso.as_bytes())),
        11 => values.duration.map(Value::Number),
        COUNTS..=17 => of_end(Value::Number(server.counts[at - COUNTS])),
        _ => None,
    }
}
