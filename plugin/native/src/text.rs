//! Numbers and words in the bytes of a line.

/// The level before the body of nearly every line.
pub const INFO: &[u8] = b" Info: ";
/// Bytes of a native stamp: "Tue Mar 17 17:00:00 2026".
const STAMP: usize = 24;
/// Digits of the longest number of a connection.
const MOST_DIGITS: usize = 12;

/// How many digits `text` begins with.
pub fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The number of a connection that `text` begins with, and what follows it.
///
/// 0 is no connection, and of a longer number nothing is kept.
pub fn connection(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let size = digits(text);
    let (number, rest) = text.split_at(size);
    let good = (1..=MOST_DIGITS).contains(&size) && number != b"0";
    good.then_some((number, rest))
}

/// Whether `line` has a native stamp, the level Info, and its body at byte 31.
pub fn is_native(line: &[u8]) -> bool {
    if line.len() < STAMP + INFO.len() || &line[STAMP..STAMP + INFO.len()] != INFO {
        return false;
    }
    let stamp = &line[..STAMP];
    let month = &stamp[4..7];
    let weekday = &stamp[..3];
    const DAYS: [&[u8; 3]; 7] =
        [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const MONTHS: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct",
        b"Nov", b"Dec",
    ];
    DAYS.iter().any(|day| *day == weekday)
        && MONTHS.iter().any(|name| *name == month)
        && [3, 7, 10, 19].iter().all(|&at| stamp[at] == b' ')
        && [13, 16].iter().all(|&at| stamp[at] == b':')
        && (stamp[8] == b' ' || stamp[8].is_ascii_digit())
        && [9, 11, 12, 14, 15, 17, 18, 20, 21, 22, 23]
            .iter()
            .all(|&at| stamp[at].is_ascii_digit())
}

/// What a number in a line is of.
#[derive(Clone, Copy)]
pub enum Named {
    Message,
    Inbound,
    Outbound,
}

/// All that `text` names, inside a word, too: `(MID|ICID|DCID):? ([0-9]{1,12})\b`.
pub fn named(text: &[u8]) -> Vec<(Named, &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 4 < text.len() {
        match named_at(text, at) {
            Some((what, number, end)) => {
                found.push((what, number));
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

fn named_at(text: &[u8], at: usize) -> Option<(Named, &[u8], usize)> {
    let (word, what): (&[u8], _) = match text[at] {
        b'M' => (b"MID", Named::Message),
        b'I' => (b"ICID", Named::Inbound),
        b'D' => (b"DCID", Named::Outbound),
        _ => return None,
    };
    if !text[at..].starts_with(word) {
        return None;
    }
    let rest = &text[at + word.len()..];
    let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
    let size = digits(rest);
    let ends = rest.get(size).map_or(true, |&byte| !is_word(byte));
    let good = ends && (1..=MOST_DIGITS).contains(&size);
    good.then(|| (what, &rest[..size], text.len() - rest.len() + size))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
