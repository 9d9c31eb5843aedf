//! What is plain in a line of AUTH and in one that opens a connection: less than what
//! the rows of the grammar read, and read alike.

use memchr::{memchr, memmem};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The result of an attempt; all of it is ASCII without blanks, but for the profile.
pub struct Attempt<'a> {
    pub number: &'a [u8],
    pub success: bool,
    pub user: &'a str,
    pub mechanism: &'a [u8],
    pub profile: &'a [u8],
}

const MECHANISM: &[u8] = b" using AUTH mechanism: ";
const PROFILE: &[u8] = b" with profile: ";
/// So long an answer of a server is looked up by its text.
const MOST_TOLD: usize = 512;

/// Read the body of a line of AUTH; None: it is not plain.
pub fn attempt(body: &[u8]) -> Option<Attempt<'_>> {
    let rest = body.strip_prefix(b"SMTP Auth: (ICID ")?;
    let (number, rest) = split(rest, b") ")?;
    let (success, rest) = match rest.strip_prefix(b"succeeded for user: ") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix(b"failed for user: ")?),
    };
    let (user, rest) = split(rest, MECHANISM)?;
    let (mechanism, profile) = split(rest, PROFILE)?;
    let spaces_only = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let good = graphic(user)
        && graphic(mechanism)
        && profile.iter().all(spaces_only)
        && profile.last().is_some_and(u8::is_ascii_graphic)
        && profile[0] != b' '
        && memmem::find(rest, b" with profile:")
            == memmem::rfind(rest, b" with profile:")
        && memmem::find(profile, MECHANISM).is_none();
    good.then(|| Attempt {
        number,
        success,
        user: std::str::from_utf8(user).unwrap_or(""),
        mechanism,
        profile,
    })
}

/// Read the body of a line of AUTH at another server: return its number, and the
/// profile with what follows it; None: it is not plain.
pub fn server_attempt(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (number, rest) = split(body.strip_prefix(b"DCID: ")?, b" IP: ")?;
    let (address, told) = split(rest, b" SMTP authentication using the profile ")?;
    let of_address =
        |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    let good = !address.is_empty()
        && address.iter().all(of_address)
        && told.len() <= MOST_TOLD
        && told.iter().all(is_visible)
        && told.last().is_some_and(u8::is_ascii_graphic);
    good.then_some((number, told))
}

/// How a user name is told: as it is, or with the domain in it.
pub enum Name<'a> {
    Simple,
    /// `local@domain`.
    Mail(&'a str),
    /// `DOMAIN\account`.
    Windows(&'a str),
}

/// Tell the form of a name; None: it is not plain. See `ecs.events.user_part`.
pub fn name(user: &str) -> Option<Name<'_>> {
    match (user.split_once('@'), user.split_once('\\')) {
        (None, None) => Some(Name::Simple),
        (Some((local, domain)), None) => {
            let good = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
            good.then_some(Name::Mail(domain))
        }
        (None, Some((domain, account))) => {
            // "\x" may be a byte that was no UTF-8.
            let good =
                !domain.is_empty() && !account.is_empty() && !user.contains("\\x");
            good.then_some(Name::Windows(domain))
        }
        _ => None,
    }
}

/// The line that opens a connection of a client.
pub struct Opening<'a> {
    pub listener: &'a [u8],
    pub address: &'a str,
    pub six: bool,
    pub name: Option<&'a str>,
    pub verified: bool,
}

/// Read the body of a line that opens a connection; None: it is not plain.
pub fn opening<'a>(body: &'a [u8], number: &[u8]) -> Option<Opening<'a>> {
    let rest = body.strip_prefix(b"New SMTP ICID ")?;
    let rest = rest.strip_prefix(number)?.strip_prefix(b" interface ")?;
    let (listener, rest) = split(rest, b" address ")?;
    let (address, rest) = split(rest, b" reverse dns host ")?;
    let (name, verified) = split(rest, b" verified ")?;
    if !graphic(address) || !graphic(name) || !listener.is_ascii() {
        return None;
    }
    let address = std::str::from_utf8(address).ok()?;
    let name = std::str::from_utf8(name).ok()?;
    let six = is_six(address);
    if !six && address.parse::<Ipv4Addr>().is_err() {
        return None;
    }
    Some(Opening {
        listener,
        address,
        six,
        name: (name != "unknown").then_some(name),
        verified: match verified {
            b"yes" => true,
            b"no" => false,
            _ => return None,
        },
    })
}

/// Whether this is an IPv6 address as everybody writes it, and not one of IPv4 in it.
fn is_six(text: &str) -> bool {
    !text.contains('.')
        && text.parse::<Ipv6Addr>().is_ok_and(|address| {
            address.to_ipv4_mapped().is_none() && address.to_string() == text
        })
}

/// The line that opens a connection to another server.
pub struct ServerOpening<'a> {
    pub interface: &'a [u8],
    pub address: &'a str,
    pub six: bool,
    /// What stands behind the address.
    pub port: &'a [u8],
}

/// Read the body of such a line; None: it is not plain.
pub fn server_opening<'a>(body: &'a [u8], number: &[u8]) -> Option<ServerOpening<'a>> {
    let rest = body.strip_prefix(b"New SMTP DCID ")?;
    let rest = rest.strip_prefix(number)?.strip_prefix(b" interface ")?;
    let (interface, server) = split(rest, b" address ")?;
    let end = memchr(b' ', server).unwrap_or(server.len());
    let (address, port) = server.split_at(end);
    let address = std::str::from_utf8(address).ok()?;
    let six = is_six(address);
    let known = six || address.parse::<Ipv4Addr>().is_ok();
    let good = known && interface.iter().chain(port).all(is_visible);
    good.then_some(ServerOpening {
        interface,
        address,
        six,
        port,
    })
}

fn is_visible(byte: &u8) -> bool {
    byte.is_ascii_graphic() || *byte == b' '
}

fn graphic(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_graphic)
}

fn split<'a>(text: &'a [u8], between: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, between)?;
    Some((&text[..at], &text[at + between.len()..]))
}
