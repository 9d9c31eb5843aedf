"""What people type by mistake at first, and what they are told. One test for each.

The numbers are those of a list of thirty that was made by trying the command.
"""

import gzip
import os
import random
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.engines import require
from tests.support.harness import inbound, native
from tests.support.process import Running, esa_auth
from tests.support.terminal import Typed

LOG = (ROOT / "examples" / "quickstart" / "mail_logs").read_bytes()
COMMANDS = ("filter", "tail", "report", "explain", "config", "files", "completion")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the log `ml` in the directory in which the command starts."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ml"
    path.write_bytes(LOG)
    return path


def refusal(*words: str, stdin: bytes = b"", code: int = 2) -> str:
    """Return what is said by a command that does nothing."""
    done = esa_auth(*words, stdin=stdin)
    assert (done.code, done.stdout) == (code, b""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("esa-auth: ")
    return done.stderr


def usage(*words: str) -> tuple[str, str]:
    """Return the two lines about a command line that means nothing."""
    said, shown = refusal(*words).splitlines()
    return said, shown


def test_01_no_argument_shows_the_commands() -> None:
    done = esa_auth()
    assert (done.code, done.stdout) == (2, b"")
    assert all(f"\n    {name}" in done.stderr for name in COMMANDS)


def test_02_help_version_and_an_option_before_the_command() -> None:
    assert esa_auth("help").stdout == esa_auth("--help").stdout
    assert esa_auth("help", "tail").stdout == esa_auth("tail", "--help").stdout
    assert esa_auth("-V").stdout == esa_auth("--version").stdout
    said, _ = usage("--config", "x.yaml", "filter")
    assert "--config belongs behind the command: esa-auth COMMAND --config" in said
    assert "did you mean '--version'" in usage("--versoin")[0]
    assert "did you mean 'tail'" in usage("help", "tial")[0]


def test_03_a_command_that_is_none() -> None:
    said, _ = usage("filtre")
    assert said == "esa-auth: no command 'filtre'; did you mean 'filter'?"
    assert all(name in usage("xyzzy")[0] for name in COMMANDS)


def test_04_an_option_that_is_none() -> None:
    said, shown = usage("filter", "--appliace", "esa01")
    assert said == "esa-auth: no option --appliace; did you mean '--appliance'?"
    assert shown.startswith("usage: esa-auth filter [OPTION...]")
    assert shown.endswith("see esa-auth filter --help")


def test_05_an_abbreviation() -> None:
    assert "did you mean '--appliance'?" in usage("filter", "--app", "esa01")[0]
    assert "--vers" in usage("--vers")[0]


def test_06_a_file_for_filter(log: Path) -> None:
    said = refusal("filter", "ml")
    assert "esa-auth filter < ml, or: esa-auth convert ml" in said
    assert len(esa_auth("filter", "-", stdin=LOG).events) == 8


def test_07_filter_at_a_terminal() -> None:
    typed = Typed("filter")
    typed.press(native(inbound()) + b"\n", until="reading lines that are typed; Ctrl-D")
    # The first Ctrl-C ends it.
    typed.press(b"\x03")
    done = typed.end()
    assert done.code == 0
    assert done.account.lines <= 1


def test_08_ctrl_c_in_explain() -> None:
    typed = Typed("explain")
    typed.press(b"\x03", until="reading lines that are typed")
    done = typed.end()
    assert (done.code, done.stdout) == (130, b"")
    assert "Traceback" not in done.stderr
    with Running("explain") as running:
        running.feed([native(inbound())])
        # The line is explained while stdin is still open.
        assert os.read(running.stdout, 10)


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Berlinn", "did you mean 'Europe/Berlin'?"),
        ("europe/berlin", "did you mean 'Europe/Berlin'?"),
        ("+02:00", "a name is wanted, as Europe/Berlin"),
    ],
)
def test_09_a_zone_that_is_none(zone: str, hint: str) -> None:
    said = refusal("filter", "--timezone", zone)
    assert f"no such time zone: '{zone}'" in said
    assert hint in said


@pytest.mark.parametrize(
    "words",
    [
        ("filter", "--timezone", ""),
        ("filter", "--appliance", ""),
        ("filter", "--forward", ""),
        ("filter", "--forward="),
        ("filter", "--config", ""),
        ("tail", ""),
        ("report", "ml", "-o", ""),
        ("check", "--events", ""),
    ],
)
def test_10_an_empty_value(words: tuple[str, ...]) -> None:
    assert "is empty; was a variable not set?" in usage(*words)[0]


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (gzip.compress(LOG), "gzip"),
        (LOG.decode().encode("utf-16"), "UTF-16"),
        (b"a,b,c\n1,2,3\n" * 30, "ESA log"),
        # The first byte chooses the framing, and is not that of JSON or msgpack here.
        (b"x" + random.Random(11).randbytes(100_000), "ESA log"),
    ],
)
def test_11_a_file_that_is_no_log(data: bytes, hint: str) -> None:
    done = esa_auth("filter", stdin=data)
    assert done.code == 0
    assert "that of an ESA log" in done.stderr
    assert hint in done.stderr


def test_12_an_empty_file() -> None:
    assert esa_auth("filter").assert_complete().lines == 0


def test_13_a_copy_with_carriage_returns() -> None:
    plain = esa_auth("filter", stdin=LOG)
    copy = esa_auth("filter", stdin=LOG.replace(b"\n", b"\r\n"))
    assert [e["event"]["id"] for e in copy.events] == [
        e["event"]["id"] for e in plain.events
    ]


def test_15_a_framing_that_is_another() -> None:
    done = esa_auth("filter", "--input", "json", stdin=LOG)
    assert "the input is not JSON; try --input auto" in done.stderr
    assert done.account.rejected == 21


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("127.0.0.1", "HOST:PORT is wanted, as 192.0.2.20:24224"),
        (":24224", "HOST:PORT is wanted"),
        ("127.0.0.1:", "HOST:PORT is wanted"),
        ("127.0.0.1:99999", "a port is 1 to 65535"),
        ("http://127.0.0.1:24224", "without a scheme and a path"),
    ],
)
def test_16_17_18_a_receiver_that_is_no_address(address: str, hint: str) -> None:
    said = refusal("filter", "--forward", address)
    assert "forward.address: " in said
    assert hint in said


def test_20_a_state_directory_of_others(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o777)
    said = refusal("filter", "--state-dir", str(state))
    assert "writable by others (mode 0777)" in said


@pytest.mark.parametrize("command", ["report", "convert"])
def test_21_a_folder_that_is_not_there(log: Path, command: str) -> None:
    assert "/nonexistent/x" in refusal(command, "ml", "-o", "/nonexistent/x")


def test_22_tail_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    with Running(
        "tail", str(tmp_path / "no"), "--state-dir", str(tmp_path / "s")
    ) as run:
        while "no such file yet; waiting for it" not in run.told():
            assert run.running, run.told()
        assert "following 0 files of 0 logs" in run.told()
        run.signal(signal.SIGTERM)
        assert run.finish().code == 0


def test_23_a_file_that_may_not_be_read(log: Path) -> None:
    # Root may read everything; a link to itself cannot be opened by anybody.
    (log.parent / "loop").symlink_to("loop")
    for command in ("convert", "report", "replay"):
        assert "[Errno" not in refusal(command, "loop")


def test_24_a_metrics_address_that_cannot_be_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal("filter", "--metrics", f"127.0.0.1:{port}")
    assert said.endswith(f"127.0.0.1:{port}: Address already in use\n")
    assert "a port is 0 to 65535" in refusal("filter", "--metrics", "127.0.0.1:80000")
    assert "HOST:PORT is wanted" in refusal("filter", "--metrics", "127.0.0.1")


def test_25_brokers_that_are_not_there() -> None:
    require("quixstreams", find_spec("quixstreams"), "not installed")
    done = esa_auth("stream", "--brokers", "127.0.0.1:1")
    assert done.code == 75
    assert "is HOST:PORT right, and reachable from here?" in done.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--since", "yesterday"), "neither an ISO 8601 time nor as 24h, 7d"),
        (("--until", "2026-13-01"), "neither an ISO 8601 time nor as 24h, 7d"),
        (("--since", "1h", "--until", "2h"), "is not before --until 2h"),
    ],
)
def test_26_a_time_that_is_none(log: Path, words: tuple[str, ...], hint: str) -> None:
    assert hint in refusal("report", "ml", *words)


def test_26_a_time_without_events(log: Path) -> None:
    done = esa_auth("report", "ml", "--since", "24h")
    assert done.code == 0
    assert "the files have 2009-04-22T11:06:20.000Z to" in done.stderr


def test_27_a_file_for_explain(log: Path) -> None:
    assert "ml is a file: esa-auth explain < ml" in refusal("explain", "ml")
    assert esa_auth("explain", "-", stdin=LOG).stdout.count(b"it becomes") == 8


def test_28_a_log_for_replay(log: Path) -> None:
    done = esa_auth("replay", "ml")
    assert "is a dead letter; for logs: esa-auth convert" in done.stderr


def test_29_stdin_for_a_file(log: Path) -> None:
    done = esa_auth("convert", "-", "--quiet", stdin=LOG)
    done.assert_complete()
    assert "1 file of 1 appliance, 0 broken" in done.stderr
    assert esa_auth("report", "-", "--quiet", stdin=LOG).code == 0
    checked = esa_auth("check", "--events", "-", stdin=done.stdout)
    assert checked.stdout.endswith(b"events: 8 good, 0 refused\n")
    assert esa_auth("replay", "-", "--quiet", stdin=b"").code == 0
    assert not list(log.parent.glob("esa-auth-*"))


def test_30_check_never_says_good_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("enrich: {zones: {file: /no/zones}, geo: {file: /no/geo}}\n")
    done = esa_auth("check", "--config", str(file))
    assert done.code == 1
    assert done.stdout == (
        b"configuration: 2 tables cannot be used (%b)\n" % bytes(file)
    )
