//! What Python said of events, and how one is written with it.

use crate::event::{fill, value_of, Values, USER, USERS};
use crate::json::quoted;
use crate::place::Writing;
use crate::plain::{name, Name};
use crate::rules::{Rule, Value};
use crate::server_events::Servers;
use crate::session::{Context, Plain};
use crate::starts::Starts;
use crate::template::{flat, texts_of, Fragment, Template, UserForm, SHAPES};
use crate::wordings::Wordings;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::HashMap;
use std::sync::Arc;

/// Different texts, of which a hostile log has any number.
const MOST: usize = 4096;
/// Rules have the numbers of the values, but that the parts of the user are behind them.
const USER_TEXTS: [usize; 3] = [20, 21, 22];
/// Texts of fragments have the numbers behind those of the values.
const FRAGMENTS: usize = 20;

/// A listener, with its own address.
pub type Listener = Option<(Py<Fragment>, Vec<u8>)>;

#[derive(Default)]
pub struct Events {
    /// Where an event is written.
    room: Vec<u8>,
    shapes: HashMap<usize, Option<Arc<Template>>>,
    pub rules: HashMap<usize, Vec<Rule>>,
    users: Vec<UserForm>,
    contexts: HashMap<Vec<u8>, Option<Arc<Context>>>,
    listeners: HashMap<(u64, Vec<u8>), Listener>,
    auths: HashMap<Vec<u8>, Py<Fragment>>,
    /// Of clients, and of servers.
    pub starts: [Starts; 2],
    pub servers: Servers,
    pub wordings: Wordings,
}

pub fn remember<K: std::hash::Hash + Eq, V>(all: &mut HashMap<K, V>, key: K, value: V) {
    if all.len() >= MOST {
        all.clear();
    }
    all.insert(key, value);
}

impl Events {
    /// Return what the context lines of a connection say, without its number; None: it
    /// is not plain.
    pub fn context(
        &mut self,
        lines: &[u8],
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Arc<Context>>> {
        if let Some(found) = self.contexts.get(lines) {
            return Ok(found.clone());
        }
        type Told = Option<(Py<Fragment>, Py<Fragment>, bool, bool)>;
        let asked = PyBytes::new(python.py(), lines);
        let told: Told = python.call_method1("context", (asked,))?.extract()?;
        let made = told.map(|(hat, tls, admitted, says_nothing)| {
            Arc::new(Context {
                hat,
                tls,
                admitted,
                says_nothing,
            })
        });
        remember(&mut self.contexts, lines.to_vec(), made.clone());
        Ok(made)
    }

    pub fn listener(
        &mut self,
        text: &[u8],
        observer: u64,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Listener> {
        let py = python.py();
        let key = (observer, text.to_vec());
        if !self.listeners.contains_key(&key) {
            let asked = (observer, PyBytes::new(py, text));
            let told: Listener = python.call_method1("listener", asked)?.extract()?;
            remember(&mut self.listeners, key.clone(), told);
        }
        let found = self.listeners.get(&key).and_then(Option::as_ref);
        Ok(found.map(|(fragment, own)| (fragment.clone_ref(py), own.clone())))
    }

    pub fn auth(
        &mut self,
        mechanism: &[u8],
        profile: &[u8],
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Py<Fragment>> {
        let py = python.py();
        let key = [mechanism, b" ", profile].concat();
        if let Some(found) = self.auths.get(&key) {
            return Ok(found.clone_ref(py));
        }
        let asked = (PyBytes::new(py, mechanism), PyBytes::new(py, profile));
        let told: Py<Fragment> = python.call_method1("auth", asked)?.extract()?;
        remember(&mut self.auths, key, told.clone_ref(py));
        Ok(told)
    }

    /// Write an event of `outcome`, 0 success, 1 failure, 2 the end; None: it is not
    /// valid by parts.
    pub fn write<'py>(
        &mut self,
        outcome: usize,
        plain: &Plain,
        values: &Values<'_>,
        writing: &Writing,
        python: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let py = python.py();
        let named = usize::from(values.user.is_some());
        let kind = outcome * 4 + 2 * named + usize::from(plain.context.admitted);
        let Some(template) = self.template(kind, plain.shape, python)? else {
            return Ok(None);
        };
        let id = [
            &*plain.began.before,
            std::str::from_utf8(values.number)?,
            &plain.began.behind,
        ];
        let session = id.concat();
        if !self.fits(kind, plain, values, &session, writing, python)? {
            return Ok(None);
        }
        let user = match values.user {
            Some(user) => self.user(user, python)?,
            None => Vec::new(),
        };
        let fragments = [
            Some(&plain.listener),
            Some(&plain.context.hat),
            Some(&plain.context.tls),
            Some(&writing.head),
            values.auth,
            Some(&writing.flags),
        ];
        let Some(found) = texts_of(fragments, kind, python)? else {
            return Ok(None);
        };
        let flat = flat(&found);
        let mut out = std::mem::take(&mut self.room);
        out.clear();
        for (literal, slot) in template.literals.iter().zip(&template.slots) {
            out.extend_from_slice(literal);
            match slot.checked_sub(FRAGMENTS) {
                Some(at) => out.extend_from_slice(flat[at]),
                None => fill(&mut out, *slot, plain, values, &session, &user, writing),
            }
        }
        if let Some(last) = template.literals.last() {
            out.extend_from_slice(last);
        }
        let written = PyBytes::new(py, &out);
        self.room = out;
        Ok(Some(written))
    }

    pub fn template(
        &mut self,
        kind: usize,
        shape: usize,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Arc<Template>>> {
        let key = kind * SHAPES + shape;
        if let Some(found) = self.shapes.get(&key) {
            return Ok(found.clone());
        }
        type Told = Option<(Vec<Vec<u8>>, Vec<usize>)>;
        let told: Told = python.call_method1("template", (kind, shape))?.extract()?;
        let made = told.map(|(literals, slots)| Arc::new(Template { literals, slots }));
        if made.is_some() && !self.rules.contains_key(&kind) {
            let told = python.call_method1("rules", (kind,))?;
            let rules: PyResult<Vec<Rule>> =
                told.try_iter()?.map(|rule| Rule::of(&rule?)).collect();
            self.rules.insert(kind, rules?);
        }
        self.shapes.insert(key, made.clone());
        Ok(made)
    }

    /// Return whether the schema lets an event of `kind` have these values.
    fn fits(
        &mut self,
        kind: usize,
        plain: &Plain,
        values: &Values<'_>,
        session: &str,
        writing: &Writing,
        python: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let Some(rules) = self.rules.get_mut(&kind) else {
            return Ok(false);
        };
        let ask = |at: usize| {
            move |value: Value<'_>| -> PyResult<bool> {
                match value {
                    Value::Text(text) => {
                        let text = std::str::from_utf8(text)?;
                        python.call_method1("judge", (kind, at, text))?.extract()
                    }
                    Value::Number(n) => {
                        python.call_method1("judge", (kind, at, n))?.extract()
                    }
                }
            }
        };
        for at in (0..FRAGMENTS).filter(|at| *at != USERS && *at != USER) {
            if let Some(value) = value_of(at, plain, values, session, writing) {
                if !rules[at].fits(value, ask(at))? {
                    return Ok(false);
                }
            }
        }
        for user in values.users {
            if !rules[USERS].fits(Value::Text(user.as_bytes()), ask(USERS))? {
                return Ok(false);
            }
        }
        let Some(user) = values.user else {
            return Ok(true);
        };
        let (mail, domain) = match name(user) {
            Some(Name::Mail(domain)) => (Some(user), Some(domain)),
            Some(Name::Windows(domain)) => (None, Some(domain)),
            _ => (None, None),
        };
        for (at, text) in USER_TEXTS.into_iter().zip([Some(user), mail, domain]) {
            if let Some(text) = text {
                if !rules[at].fits(Value::Text(text.as_bytes()), ask(at))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn user(&mut self, user: &str, python: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        if self.users.is_empty() {
            let told: Vec<Vec<(Vec<u8>, u8)>> =
                python.call_method0("users")?.extract()?;
            self.users = told.into_iter().map(|pieces| UserForm { pieces }).collect();
        }
        let (form, domain) = match name(user) {
            Some(Name::Mail(domain)) => (1, domain),
            Some(Name::Windows(domain)) => (2, domain),
            _ => (0, ""),
        };
        let mut out = Vec::with_capacity(64);
        for (literal, what) in &self.users[form].pieces {
            out.extend_from_slice(literal);
            match what {
                0 => quoted(&mut out, user.as_bytes()),
                1 => quoted(&mut out, domain.as_bytes()),
                _ => {}
            }
        }
        Ok(out)
    }
}
