//! Which lines matter, as Python derived it from its rows: nothing is decided here.

use crate::forms::{Form, Said, Told as ToldForm};
use crate::text::digits;
use memchr::memmem::Finder;
use pyo3::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// Bytes that choose the handler of a line.
pub const LEAD: usize = 4;
const SIDES: usize = 2;

/// The words of the grammar.
pub struct Words {
    /// Lines on mail that no row reads: "MID", and what the next word may begin with.
    passed: Vec<(Vec<u8>, [bool; 256])>,
    /// First bytes of lines that are read or kept, in order, with whether they may be
    /// of mail.
    handled: Vec<(u32, bool)>,
    /// Of each side: what a line says behind the number that is kept unread.
    at_sight: [Vec<Vec<u8>>; SIDES],
    /// The same that is read, and means nothing.
    ignored: [Vec<Vec<u8>>; SIDES],
    /// In small letters: what makes other lines worth a second look.
    perhaps: Vec<Finder<'static>>,
    /// Lengths of lines that a syslog may have cut.
    pub cuts: HashSet<usize>,
    pub max_line: usize,
    /// Gives the forms of lines on mail; asked at the first such line of a session with
    /// AUTH, for making them costs what reading a line of each form costs.
    ask: Py<PyAny>,
    forms: OnceLock<Forms>,
    /// What a line end may have become on the way.
    ends: Vec<Vec<u8>>,
}

/// By lead: the forms of lines, in the order in which they are tried.
type Forms = HashMap<[u8; LEAD], Vec<Form>>;

/// What `Words` is made of; see `pipeline/native/words.py`.
type Told = (
    Vec<(Vec<u8>, Vec<u8>)>,
    Vec<[u8; LEAD]>,
    Vec<[u8; LEAD]>,
    [Vec<Vec<u8>>; SIDES],
    [Vec<Vec<u8>>; SIDES],
    Vec<Vec<u8>>,
    HashSet<usize>,
    usize,
    Py<PyAny>,
    Vec<Vec<u8>>,
);

impl Words {
    pub fn of(told: &Bound<'_, PyAny>) -> PyResult<Self> {
        let told: Told = told.extract()?;
        let (
            passed,
            handled,
            mail,
            at_sight,
            ignored,
            perhaps,
            cuts,
            max_line,
            ask,
            ends,
        ) = told;
        let with_table = |(lead, letters): (Vec<u8>, Vec<u8>)| {
            let mut table = [false; 256];
            letters
                .iter()
                .for_each(|&letter| table[usize::from(letter)] = true);
            (lead, table)
        };
        let mut handled: Vec<_> = handled
            .into_iter()
            .map(|lead| (u32::from_ne_bytes(lead), mail.contains(&lead)))
            .collect();
        handled.sort_unstable();
        Ok(Words {
            passed: passed.into_iter().map(with_table).collect(),
            handled,
            at_sight,
            ignored,
            perhaps: perhaps
                .iter()
                .map(|word| Finder::new(word).into_owned())
                .collect(),
            cuts,
            max_line,
            ask,
            forms: OnceLock::new(),
            ends,
        })
    }

    /// Whether a body on mail says what nobody asks for.
    pub fn passes_over(&self, body: &[u8]) -> bool {
        self.passed.iter().any(|(lead, read)| {
            // Most bodies differ in their first byte.
            if body.first() != lead.first() || !body.starts_with(lead) {
                return false;
            }
            let rest = match &body[lead.len()..] {
                [b':', b' ', rest @ ..] | [b' ', rest @ ..] => rest,
                _ => return false,
            };
            let size = digits(rest);
            let next = match rest.get(size) {
                Some(b' ') if size > 0 => rest.get(size + 1),
                _ => rest.first(),
            };
            next.map_or(true, |&letter| !read[usize::from(letter)])
        })
    }

    /// Whether a line with these first bytes is read or kept, and whether it may be one
    /// of mail.
    pub fn handler(&self, lead: &[u8]) -> Option<bool> {
        let lead = u32::from_ne_bytes(lead.try_into().ok()?);
        let found = self
            .handled
            .binary_search_by_key(&lead, |(known, _)| *known);
        found.ok().map(|at| self.handled[at].1)
    }

    /// Whether what stands behind the number of a connection is kept unread.
    pub fn is_kept(&self, side: usize, rest: &[u8]) -> bool {
        self.at_sight[side]
            .iter()
            .any(|word| rest.starts_with(word))
    }

    pub fn is_ignored(&self, side: usize, rest: &[u8]) -> bool {
        self.ignored[side].iter().any(|word| rest.starts_with(word))
    }

    /// Whether Python would take away the end of a line.
    pub fn is_end_changed(&self, line: &[u8]) -> bool {
        self.ends.iter().any(|end| line.ends_with(end))
    }

    /// Return what a body on mail says; None: that is for Python to find out.
    pub fn on_mail<'a>(
        &self,
        py: Python<'_>,
        body: &'a [u8],
    ) -> PyResult<Option<Said<'a>>> {
        let forms = self.forms(py)?;
        let found = body
            .get(..LEAD)
            .and_then(|lead| forms.get(lead))
            .and_then(|forms| forms.iter().find_map(|form| form.read(body)));
        Ok(found)
    }

    fn forms(&self, py: Python<'_>) -> PyResult<&Forms> {
        if let Some(forms) = self.forms.get() {
            return Ok(forms);
        }
        let told: Vec<([u8; LEAD], Vec<ToldForm>)> =
            self.ask.bind(py).call0()?.extract()?;
        let of_lead = |(lead, forms): ([u8; LEAD], Vec<ToldForm>)| {
            let made: PyResult<Vec<Form>> = forms.into_iter().map(Form::of).collect();
            Ok((lead, made?))
        };
        let made = told.into_iter().map(of_lead).collect::<PyResult<_>>()?;
        Ok(self.forms.get_or_init(|| made))
    }

    /// Whether a line with an unknown first word may matter all the same; `text` begins
    /// two bytes before its body. True more often than need be.
    pub fn may_matter(&self, text: &[u8]) -> bool {
        let blank =
            |pair: &[u8]| pair[0] == b' ' && matches!(pair[1], b' ' | b'\t' | 0);
        if text.windows(2).skip(1).any(blank) {
            return true;
        }
        let small = text.to_ascii_lowercase();
        self.perhaps.iter().any(|word| word.find(&small).is_some())
    }
}
