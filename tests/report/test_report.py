"""`esa-auth report`: what the page says, and that it does nothing else."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from esa_auth.resources import report_asset
from esa_auth.visible import visible
from tests.support import report_lines
from tests.support.process import esa_auth
from tests.support.report_pages import DETECTIONS, Tables, at_risk, data_of, written


def test_the_planted_attacks_show(planted: Path) -> None:
    data = data_of(planted)
    assert at_risk(data) == {
        "finance": ["success_after_failures"],
        "grace": ["success_on_rejected_connection"],
        "sales": ["recipients_burst_after_success"],
        "scanner": ["auth_without_tls"],
    }
    matrix = data["matrix"]
    spray = matrix["sources"].index("203.0.113.20")
    row = sorted(user for source, user, *_ in matrix["cells"] if source == spray)
    assert spray == 0
    assert len(row) == matrix["tried"][0] == 10
    assert row[-2] - row[0] == len(row) - 2, "the spray is one long row"
    assert data["refusals"][0]["code"] in ("454", "535")
    assert data["sessions"][0]["recipients"] == 120


@pytest.mark.parametrize(("failures", "told"), [(4, 0), (5, 1)])
def test_a_login_after_five_failures_is_told_as_guessed(
    failures: int, told: int, tmp_path: Path
) -> None:
    now = report_lines.BEGIN
    lines = [*report_lines.opening(9, now, "203.0.113.9", "host.example.net")]
    lines += [report_lines.attempt(9, now, "ann", "failed", "LOGIN")] * failures
    later = now + timedelta(seconds=9)
    lines.append(report_lines.attempt(9, later, "ann", "succeeded", "LOGIN"))
    assert len(data_of(written(tmp_path, lines))["risk"]) == told


def test_the_page_names_each_account_at_risk_or_says_that_there_is_none(
    planted: Path, tmp_path: Path
) -> None:
    _, *rows = Tables(planted).rows["risk"]
    named = {name for row in rows for name in row}
    assert len(rows) == 4
    assert {"finance", "grace", "sales", "scanner"} <= named
    opening = report_lines.opening(9, report_lines.BEGIN, "203.0.113.9", "a.example")
    quiet = Tables(written(tmp_path, list(opening)))
    assert quiet.rows["risk"] == []
    assert "None." in quiet.text


def test_there_is_one_number_of_attempts(planted: Path, tmp_path: Path) -> None:
    """At a glance, over time, by TLS and mechanism, in the list, and on stderr."""
    data, tables = data_of(planted), Tables(planted)
    line = data["timeline"]
    counts = [
        data["headline"]["attempts"],
        len(tables.attempts()),
        sum(line["success"] + line["failure"]),
        *(sum(g + b for _, g, b in data[kind]) for kind in ("tls", "mechanisms")),
    ]
    assert counts == [104] * 5
    assert {row["Way"] for row in tables.attempts()} == {"in", "out"}
    assert "101 attempts at the appliance and 3 of" in tables.text
    done = esa_auth("report", "-o", str(tmp_path / "x.html"), str(DETECTIONS))
    assert done.stderr.endswith("187 events, 104 attempts, of 1 file\n")
    account = esa_auth("filter", stdin=DETECTIONS.read_bytes()).account
    assert account.results == 104


def test_the_head_names_appliances_and_files(planted: Path, tmp_path: Path) -> None:
    about = data_of(planted)["about"]
    assert about["names"] == [str(planted.with_name("mail_logs"))]
    assert about["events_of"] == [["esa", 187]]
    text = Tables(planted).text
    assert about["names"][0] in text
    piped = tmp_path / "piped.html"
    done = esa_auth("report", "-o", str(piped), "-", stdin=DETECTIONS.read_bytes())
    assert done.code == 0
    assert data_of(piped)["about"]["names"] == ["stdin"]
    assert "esa (187 events)" in text


def test_an_attempt_says_all_of_its_session(tmp_path: Path) -> None:
    now = report_lines.BEGIN
    lines = [*report_lines.opening(9, now, "203.0.113.9", "host.example.net")]
    lines.append(report_lines.attempt(9, now, "ann", "failed", "LOGIN"))
    (row,) = Tables(written(tmp_path, lines, "--appliance", "esa01")).attempts()
    assert row == {
        "Time": "2026-03-02 08:00:00 UTC",
        "Outcome": "failure",
        "Way": "in",
        "User": "ann",
        "Address": "203.0.113.9",
        "Reverse DNS": "host.example.net",
        "Country": "Norway",
        "TLS": "TLS 1.2",
        "Mechanism": "LOGIN",
        "Listener": "Data 1",
        "Appliance": "esa01",
        "Session": "esa01:9:20260302T080000Z",
        "Reason": "",
    }


def test_logins_to_the_appliance_are_told_apart_from_attempts(tmp_path: Path) -> None:
    refused = "An authentication attempt by the user {} from {} failed"
    lines = [
        "User admin was authenticated successfully.",
        *[refused.format("root", "203.0.113.9")] * 3,
        "The user ann successfully logged on from 192.0.2.44 using an SSH connection.",
        "logout:192.0.2.44 user:ann session:x",
        report_lines.attempt(7, report_lines.BEGIN, "ann", "failed", "PLAIN")[31:],
    ]
    stamped = [report_lines.stamped(report_lines.BEGIN, line) for line in lines]
    data = data_of(written(tmp_path, stamped))
    assert data["headline"]["attempts"] == data["headline"]["failures"] == 1
    assert data["notices"] == []
    rows = [
        (r["user"], r["address"], r["interfaces"], r["failures"], r["successes"])
        for r in data["administrators"]
    ]
    assert rows == [
        ("admin", "(not known)", "", 0, 1),
        ("ann", "192.0.2.44", "SSH", 0, 1),
        ("root", "203.0.113.9", "", 3, 0),
    ]


def test_events_and_their_raw_lines_give_one_report(tmp_path: Path) -> None:
    raw, events = tmp_path / "raw", tmp_path / "events"
    raw.mkdir()
    events.mkdir()
    first = written(raw, DETECTIONS.read_text("utf-8").splitlines())
    made = esa_auth("convert", "--quiet", str(DETECTIONS)).stdout.decode()
    second = written(events, made.splitlines())
    one, two = data_of(first), data_of(second)
    for data in (one, two):
        del data["about"]["made"], data["about"]["names"]
    assert one == two
    assert Tables(first).rows == Tables(second).rows


def test_time_and_appliance_choose(tmp_path: Path) -> None:
    lines = DETECTIONS.read_text("utf-8").splitlines()
    since, until = "2026-03-02T10:00:00", "2026-03-02T12:00:00+01:00"
    page = written(tmp_path, lines, "--since", since, "--until", until)
    assert "Asked forsince 2026-03-02 10:00" in Tables(page).text
    data = data_of(page)
    assert data["about"]["since"] == "2026-03-02T10:00:00.000Z"
    assert data["about"]["until"] == "2026-03-02T11:00:00.000Z"
    assert "2026-03-02T10" <= data["about"]["first"] <= data["about"]["last"]
    assert data["about"]["last"] < "2026-03-02T11"
    events = tmp_path / "events.ndjson"
    made = esa_auth("convert", "--quiet", "--appliance", "esa02", str(DETECTIONS))
    events.write_bytes(made.stdout)
    out = tmp_path / "none.html"
    esa_auth("report", "--appliance", "esa01", "-o", str(out), str(events))
    assert data_of(out)["about"]["events"] == 0


def test_what_is_no_event_is_counted_and_said(tmp_path: Path) -> None:
    good = esa_auth("convert", "--quiet", str(DETECTIONS)).stdout.decode().splitlines()
    bad = good[0].replace('"kind":"event"', '"kind":"alert"')
    assert bad != good[0]
    data = data_of(written(tmp_path, [good[0], bad, "{", "", good[1]]))
    assert data["about"]["events"] == 2
    (note,) = data["about"]["notes"]
    assert note.startswith("2 lines are no valid events")


def test_an_unread_auth_line_is_said(tmp_path: Path) -> None:
    lines = [
        report_lines.stamped(report_lines.BEGIN, "SMTP Auth: (ICID 1) wondered about")
    ]
    (note,) = data_of(written(tmp_path, lines))["about"]["notes"]
    assert "1 lines look like AUTH" in note


def test_wrong_words_are_refused(tmp_path: Path) -> None:
    esa_auth("report", str(tmp_path / "gone")).assert_refused("no such file")
    path = str(DETECTIONS)
    esa_auth("report", "--since", "noon", path).assert_refused("--since", "ISO 8601")
    nowhere = str(tmp_path / "no" / "where.html")
    esa_auth("report", "-o", nowhere, path).assert_refused(nowhere)


def test_the_page_is_its_owners_and_replaced_whole(planted: Path) -> None:
    assert planted.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in planted.parent.iterdir()].count("report.html") == 1
    assert not list(planted.parent.glob("*.part"))


def test_visible_text_has_nothing_to_obey() -> None:
    assert visible("\x1b[2Ja\u202eb\n") == "\\x1b[2Ja\\u202eb\\n"
    assert visible("x" * 500, 10) == "x" * 10 + "… (500 characters)"
    assert visible("\u0645\u0631") == "\u0645\u0631"


def test_the_page_names_no_other_place(planted: Path) -> None:
    text = planted.read_text("utf-8").replace(report_asset("echarts.common.min.js"), "")
    assert not re.search(r"<(?:link|img|iframe|object|base)\b", text)
    assert not re.search(r"<script[^>]*\bsrc", text)
    assert "default-src 'none'" in text
    assert "unsafe" not in text[: text.index("</head>")].split("<style>")[0]


def test_the_charting_library_comes_with_its_licences() -> None:
    assert "Version 2.0" in report_asset("LICENSE-echarts")
    assert "Apache ECharts" in report_asset("NOTICE-echarts")
    for bundled in ("zrender", "d3"):
        assert "Redistribution and use" in report_asset(f"LICENSE-{bundled}")
