//! Texts and numbers as orjson and Python's `json` write them.

/// Write `text`, which is UTF-8, between quotes.
pub fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Bytes that are looked at at once.
const CHUNK: usize = 32;

fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    // Few texts have anything to escape, and this has no branch for each byte.
    let any = |found, byte: &u8| found | is_escaped(*byte);
    if !text.chunks(CHUNK).any(|some| some.iter().fold(false, any)) {
        out.extend_from_slice(text);
        return;
    }
    let mut from = 0;
    for (at, &byte) in text.iter().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        out.extend_from_slice(&text[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&text[from..]);
}

/// Write a number.
pub fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Write bytes in hex.
pub fn hex(digest: &[u8]) -> [u8; 64] {
    const LETTERS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0u8; 64];
    for (at, byte) in digest.iter().enumerate().take(32) {
        text[2 * at] = LETTERS[usize::from(byte >> 4)];
        text[2 * at + 1] = LETTERS[usize::from(byte & 15)];
    }
    text
}
