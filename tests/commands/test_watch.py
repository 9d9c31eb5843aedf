"""`esa-auth watch` in a terminal: what stands on its screen, and what keys ask for."""

import signal
import termios
from pathlib import Path

import pytest

from esa_auth.commands.keys import Wishes
from tests.support import report_lines
from tests.support.harness import native
from tests.support.process import esa_auth
from tests.support.watching import Terminal, watching


def made(lines: list[str]) -> bytes:
    return esa_auth("filter", stdin="".join(f"{x}\n" for x in lines).encode()).stdout


@pytest.fixture(scope="module")
def spray() -> bytes:
    now = report_lines.BEGIN
    lines = list(report_lines.opening(9, now, "203.0.113.9", "host.example.net"))
    lines += [
        report_lines.attempt(9, now, f"user{number}", "failed", "LOGIN")
        for number in range(12)
    ]
    lines.append(report_lines.attempt(9, now, "ann", "succeeded", "LOGIN"))
    return made(lines)


def test_the_screen_tells_failures_and_sources_in_alarm(spray: bytes) -> None:
    with watching() as terminal:
        terminal.see("none")
        terminal.feed(spray)
        terminal.see("13 attempts", "12 failures", "203.0.113.9", "ann", "user11")
        terminal.see("q or Ctrl-C")
        terminal.press(b"q")
        assert terminal.code() == 0
        assert_restored(terminal)


def test_a_failure_has_its_date_zone_tls_and_mechanism(spray: bytes) -> None:
    with watching() as terminal:
        terminal.feed(spray)
        terminal.see("time (UTC)", "log time 2026-03-02 08:00:00 UTC")
        terminal.see("2026-03-02 08:00:00 1.2  LOGIN    user11")
        terminal.press(b"q")
        assert terminal.code() == 0


def test_a_refusal_at_another_server_is_told_apart() -> None:
    now = report_lines.BEGIN
    line = (
        "DCID: 7 IP: 198.51.100.200 SMTP authentication using the profile relay failed:"
    )
    with watching() as terminal:
        terminal.feed(made([report_lines.stamped(now, f"{line} ('535', ['no'])")]))
        terminal.see("(out) relay", "198.51.100.200")
        terminal.press(b"q")
        assert terminal.code() == 0


def test_the_picture_is_held_while_events_are_counted(spray: bytes) -> None:
    lines = spray.splitlines(keepends=True)
    with watching() as terminal:
        terminal.feed(b"".join(lines[:3]))
        terminal.see("3 attempts")
        terminal.press(b"p")
        terminal.see("PAUSED, 0 events since")
        terminal.feed(b"".join(lines[3:]))
        terminal.see(f"PAUSED, {len(lines) - 3} events since")
        assert "3 attempts" in terminal.text
        assert "user11" not in terminal.text
        terminal.press(b"p")
        terminal.see("13 attempts", "user11")
        terminal.press(b"q")
        assert terminal.code() == 0


def test_a_filter_shows_what_holds_a_text(spray: bytes) -> None:
    with watching() as terminal:
        terminal.feed(spray)
        terminal.see("user11", "user10")
        terminal.press(b"/USER1q\x7f1")
        terminal.see("show only: USER11_")
        terminal.press(b"\r")
        terminal.reach(lambda text: "user11" in text and "user10" not in text)
        terminal.see("only 'USER11'", "12 failures")
        terminal.press(b"\x1b")
        terminal.see("user10")
        terminal.press(b"?")
        terminal.see("hold the picture still")
        terminal.press(b"q")
        assert terminal.code() == 0


def assert_restored(terminal: Terminal) -> None:
    """The first screen is back, the cursor too, keys echo as before."""
    assert b"\x1b[?1049l" in terminal.raw
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.index(b"\x1b[?25l")
    assert termios.tcgetattr(terminal.other) == terminal.before


def test_it_ends_with_its_input(spray: bytes) -> None:
    with watching() as terminal:
        terminal.feed(spray)
        terminal.end()
        assert terminal.code() == 0
        assert_restored(terminal)
        assert b"13 attempts, 12 failures watched" in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_on_a_signal(number: int) -> None:
    with watching() as terminal:
        terminal.see("none")
        terminal.process.send_signal(number)
        assert terminal.code() == 0
        assert_restored(terminal)


def test_it_ends_on_control_c() -> None:
    with watching() as terminal:
        terminal.see("none")
        terminal.press(b"\x03")
        assert terminal.code() == 0
        assert_restored(terminal)


def test_it_follows_a_file(spray: bytes, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    lines = spray.splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]))
    with watching(str(file)) as terminal:
        terminal.see("3 attempts", "0.0 attempts/s")
        with file.open("ab") as grown:
            grown.write(b"".join(lines[3:]))
        terminal.see("13 attempts", "203.0.113.9")
        terminal.press(b"Q")
        assert terminal.code() == 0


def test_no_name_is_obeyed_by_the_terminal() -> None:
    events = made(list(report_lines.hostile()))
    with watching() as terminal:
        terminal.feed(events + b"no event\n{}\n")
        terminal.see("lines are no events", "last failures")
        terminal.press(b"q")
        assert terminal.code() == 0
    assert b"\x1b]0;" not in terminal.raw
    assert "\u202e".encode() not in terminal.raw
    assert terminal.screen.title == ""


def test_a_long_name_leaves_eighty_columns_as_they_are() -> None:
    now = report_lines.BEGIN
    lines = list(
        report_lines.opening(9, now, "2001:db8:1111:2222:3333:4444:5555:6666", "h")
    )
    lines += [report_lines.attempt(9, now, "x" * 9_000, "failed", "LOGIN")] * 12
    with watching() as terminal:
        terminal.feed(made(lines))
        terminal.see("12 failures", "xxxxx")
        terminal.reach(in_its_frame)
        terminal.press(b"q")
        assert terminal.code() == 0


def in_its_frame(text: str) -> bool:
    rows = [row.rstrip() for row in text.splitlines() if "│" in row]
    return "xxxxx" in text and all(r[0] == r[-1] == "│" for r in rows)


@pytest.mark.parametrize("words", [("watch",), ("watch", "/nowhere")])
def test_it_wants_a_terminal(words: tuple[str, ...]) -> None:
    esa_auth(*words).assert_refused("terminal")


@pytest.mark.parametrize(
    ("keys", "wished"),
    [
        (b"q", Wishes(quit=True)),
        (b"pp ", Wishes(paused=True)),
        (b"?h?", Wishes(help=True)),
        (b"/q", Wishes(typing="q")),
        (b"/ann \n", Wishes(filter="ann")),
        (b"fann\r/b", Wishes(filter="ann", typing="annb")),
        (b"/ann\r/xx\x1b", Wishes(filter="ann")),
        (b"/ann\rp?\x1b", Wishes()),
        (b"\x1b[A\x1bOP\x1b[15~", Wishes()),
        ("/\u0645\xff\r".encode(), Wishes(filter="\u0645\xff")),
        (b"/\xff\x00a\r", Wishes(filter="a")),
        (b"/" + b"a" * 99 + b"\r", Wishes(filter="a" * 60)),
    ],
)
def test_what_a_key_asks_for(keys: bytes, wished: Wishes) -> None:
    """However the terminal cuts what was pressed, but for what one key sends."""
    wishes = Wishes()
    pieces = [keys] if b"\x1b[" in keys else [bytes([x]) for x in keys]
    for piece in pieces:
        wishes.press(piece)
    assert wishes == wished


def test_a_log_in_the_place_of_events_is_said_at_the_end() -> None:
    with watching() as shown:
        shown.feed(native("ICID 1 close") + b"\n")
        shown.end()
        assert shown.code() == 0
        assert "none of 1 lines is an event" in shown.text
