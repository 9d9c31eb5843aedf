//! Forms of lines on mail, as Python derived them from its rows: nothing is decided here.

use crate::text::digits;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What a line says.
#[derive(Clone, Copy, PartialEq)]
pub enum What {
    /// A message begins.
    Started,
    /// It has a sender, or a recipient that is refused.
    Given,
    /// It has one more recipient.
    Recipient,
    /// The appliance has all of it.
    Ready,
    /// It was given up.
    Aborted,
    /// What became of one at another server.
    Delivery,
    /// What Python is to read.
    Other,
}

/// In the order of their numbers in `pipeline/native/words.py`.
const WHAT: [What; 7] = [
    What::Started,
    What::Given,
    What::Recipient,
    What::Ready,
    What::Aborted,
    What::Delivery,
    What::Other,
];

enum Piece {
    Literal(Vec<u8>),
    /// The number of a message or of a connection.
    Number,
    Digits,
    /// Digits, commas and blanks.
    List,
    Blanks,
    /// Anything; no more than literal text follows it.
    Anything,
    /// The rest, which Python is to read.
    Rest,
}

/// Digits of the longest number.
const MOST_DIGITS: usize = 12;

pub struct Form {
    what: What,
    pieces: Vec<Piece>,
}

/// What Python says of a form.
pub type Told = (usize, Vec<(u8, Vec<u8>)>);

/// What a line says, and of which numbers.
pub struct Said<'a> {
    pub what: What,
    pub numbers: [&'a [u8]; 2],
    /// Of a delivery: the same line with other numbers, and without the words of
    /// others that do not matter.
    pub like: Vec<u8>,
}

impl Form {
    pub fn of((what, pieces): Told) -> PyResult<Self> {
        let piece = |(kind, text)| {
            Ok(match kind {
                0 => Piece::Literal(text),
                1 => Piece::Number,
                2 => Piece::Digits,
                3 => Piece::List,
                4 => Piece::Blanks,
                5 => Piece::Anything,
                6 => Piece::Rest,
                _ => return Err(PyValueError::new_err("a piece of an unknown kind")),
            })
        };
        Ok(Form {
            what: WHAT[what],
            pieces: pieces.into_iter().map(piece).collect::<PyResult<_>>()?,
        })
    }

    /// Return what `body` says if it has this form.
    pub fn read<'a>(&self, body: &'a [u8]) -> Option<Said<'a>> {
        let (mut rest, mut numbers, mut at) = (body, [&body[..0]; 2], 0);
        let mut like = Vec::new();
        let wanted = self.what == What::Delivery;
        let run = |rest: &[u8], good: fn(&u8) -> bool| {
            rest.iter().take_while(|&byte| good(byte)).count()
        };
        for (place, piece) in self.pieces.iter().enumerate() {
            let size = match piece {
                Piece::Literal(text) => rest.strip_prefix(text.as_slice())?.len(),
                Piece::Number => {
                    let size = digits(rest);
                    if !(1..=MOST_DIGITS).contains(&size) {
                        return None;
                    }
                    *numbers.get_mut(at)? = &rest[..size];
                    at += 1;
                    rest.len() - size
                }
                Piece::Digits if digits(rest) > 0 => rest.len() - digits(rest),
                Piece::List => {
                    rest.len() - run(rest, |byte| b"0123456789, ".contains(byte))
                }
                Piece::Blanks if rest.first() == Some(&b' ') => {
                    rest.len() - run(rest, |byte| *byte == b' ')
                }
                Piece::Anything => {
                    let fits = match self.pieces.get(place + 1) {
                        Some(Piece::Literal(text)) => rest.ends_with(text),
                        _ => true,
                    };
                    let what = self.what;
                    if wanted {
                        like.push(b'x');
                        if let Some(Piece::Literal(text)) = self.pieces.get(place + 1) {
                            like.extend_from_slice(text);
                        }
                    }
                    return fits.then_some(Said {
                        what,
                        numbers,
                        like,
                    });
                }
                Piece::Rest => 0,
                Piece::Digits | Piece::Blanks => return None,
            };
            let (text, behind) = rest.split_at(rest.len() - size);
            if wanted {
                let number = matches!(piece, Piece::Number | Piece::Digits);
                like.extend_from_slice(if number { b"0" } else { text });
            }
            rest = behind;
        }
        let what = self.what;
        rest.is_empty().then_some(Said {
            what,
            numbers,
            like,
        })
    }
}
