"""Reports on open sessions, over kills: none lost, none made up, each the same."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.soak.command import (
    ENDED,
    Command,
    clean_run,
    wait_for_state,
    wait_until,
)
from tests.soak.events import Events, judge, read_events
from tests.soak.lines import last_line
from tests.soak.sizes import show, size

SESSIONS = size(24, 2_000)
KILLS = size(5, 120)
EVERY = ("--report-every", "5")
_AT_ONCE = 8
_MESSAGES = 15


def bodies(random: Random, icid: int) -> list[str]:
    """Return the lines of a session that sends much."""
    lines = [
        f"New SMTP ICID {icid} interface Data 1 (192.0.2.1) address 198.51.100.7"
        " reverse dns host unknown verified no",
        f"ICID {icid} ACCEPT SG UNKNOWNLIST match ALL SBRS 1.2",
        f"SMTP Auth: (ICID {icid}) succeeded for user: ann{icid} using AUTH"
        " mechanism: PLAIN with profile: staff",
    ]
    for mid in range(100 * icid, 100 * icid + _MESSAGES):
        lines.append(f"Start MID {mid} ICID {icid}")
        lines += [
            f"MID {mid} ICID {icid} RID {rid} To: <bob@example.com>"
            for rid in range(random.randrange(1, 5))
        ]
        lines.append(f"MID {mid} ready 88 bytes from <ann@example.com>")
    return [*lines, f"ICID {icid} close"]


def log_lines(random: Random) -> Iterator[bytes]:
    """Yield the lines of all sessions, a few of them open at once."""
    second = 0
    for first in range(1, SESSIONS + 1, _AT_ONCE):
        group = [iter(bodies(random, first + n)) for n in range(_AT_ONCE)]
        while group:
            second += random.random() < 0.1
            lines = random.choice(group)
            if (body := next(lines, None)) is None:
                group.remove(lines)
                continue
            hour, minute = divmod(second // 60, 60)
            stamp = f"Wed Mar 18 {hour:02d}:{minute:02d}:{second % 60:02d} 2026"
            yield f"{stamp} Info: {body}\n".encode()
    yield last_line("Wed Mar 18 23:00:00 2026").encode()


def test_kills_lose_and_double_no_report(tmp_path: Path) -> None:
    random = Random(20260318)
    lines = list(log_lines(random))
    source, log, events = (tmp_path / n for n in ("source", "mail_logs", "events"))
    source.write_bytes(b"".join(lines))
    clean = clean_run(source, tmp_path, *EVERY)
    log.write_bytes(b"")

    def found() -> Events:
        return read_events(events) if events.exists() else Events()

    with Command(
        tmp_path,
        *("tail", log, "--state-dir", tmp_path / "state", "--output-file", events),
        *EVERY,
    ) as command:
        command.start()
        wait_for_state(tmp_path)
        each = -(-len(lines) // (KILLS + 1))
        for at in range(0, len(lines), each):
            if at:
                time.sleep(random.uniform(0.1, 1.5))
                command.kill()
                command.start()
            with log.open("ab") as file:
                file.write(b"".join(lines[at : at + each]))
        wait_until(lambda: found().has_last, "it does not end")
        assert command.stop() in ENDED
    verdict = judge(clean, found())
    show(
        "Reports, kill -9",
        lines=len(lines),
        events=len(clean.digests),
        kills=KILLS,
        lost=verdict.lost,
        phantom=verdict.phantom,
        wrong=verdict.wrong,
        duplicates=verdict.duplicates,
    )
    assert verdict.clean
    # A session is told of by its login, its end, and more than these two.
    assert len(clean.digests) > 5 * SESSIONS
    assert "Traceback" not in command.told()
