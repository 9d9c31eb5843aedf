"""`esa-auth report`: what the page says, and that it does nothing else."""

import csv
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from esa_auth.report import About, Tally, document, page
from esa_auth.report.bounded import KEPT_HASHES, MOST_BUCKETS, Distinct, Kept, Timeline
from esa_auth.resources import report_asset
from esa_auth.visible import visible
from tests.support import report_lines
from tests.support.chromium import open_page
from tests.support.process import esa_auth

FIVE_MB = 5_000_000
DETECTIONS = Path(__file__).parents[2] / "examples" / "detections" / "mail_logs"
READY = "document.documentElement.dataset.ready"
SHOWN = "[...document.querySelectorAll('#attempts tbody tr')].filter(r => !r.hidden)"
NOTHING_RAN = (
    f"[typeof window.{report_lines.MARKER},"
    f" document.getElementById('{report_lines.MARKER}'),"
    " document.querySelectorAll('script').length,"
    " document.querySelectorAll('img, svg, iframe, body style').length,"
    " getComputedStyle(document.body).display]"
)


def written(folder: Path, lines: list[str], *words: str) -> Path:
    """Write a log, make a report of it, return the page."""
    log, out = folder / "mail_logs", folder / "report.html"
    log.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    done = esa_auth("report", "--quiet", *words, "-o", str(out), str(log))
    assert done.code == 0, done.stderr
    return out


def data_of(html: Path) -> dict[str, Any]:
    """Return what the page was made of."""
    text = html.read_text("utf-8")
    start = text.index('id="data">') + len('id="data">')
    data: dict[str, Any] = orjson.loads(text[start : text.index("</script>", start)])
    return data


class Tables(HTMLParser):
    """What stands in the tables of the markup, without any script: by its section."""

    def __init__(self, html: Path) -> None:
        super().__init__()
        self.rows: dict[str, list[list[str]]] = {}
        self.text = ""
        self._section, self._in_cell, self._in_script = "", False, False
        self.feed(html.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
            self.rows[self._section] = []
        elif tag == "tr":
            self.rows[self._section].append([])
        elif tag in ("td", "th"):
            self.rows[self._section][-1].append("")
            self._in_cell = True
        self._in_script = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[self._section][-1][-1] += data
        elif not self._in_script:
            self.text += data

    def attempts(self) -> list[dict[str, str]]:
        """Return the attempts, each by the headings of its columns."""
        head, *rows = self.rows["attempts"]
        return [dict(zip(head, row, strict=True)) for row in rows]


def at_risk(data: dict[str, Any]) -> dict[str, list[str]]:
    """Return the accounts at risk, and what detections say of each."""
    return {
        account["user"]: [finding["rule"] for finding in account["findings"]]
        for account in data["risk"]
    }


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return written(folder, list(report_lines.hostile()))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    return written(folder, DETECTIONS.read_text("utf-8").splitlines())


# ---- in a browser -------------------------------------------------------------------


def test_no_hostile_name_runs_or_becomes_markup(hostile: Path) -> None:
    seen = open_page(hostile, READY, NOTHING_RAN)
    assert seen.answers == ["yes", ["undefined", None, 3, 0, "block"]]
    assert (seen.requests, seen.messages) == ([], [])


def test_the_marker_is_seen_where_a_name_does_run(tmp_path: Path) -> None:
    """The test above would fail if a name ran: here one does."""
    name = report_lines.HOSTILE[0]
    careless = tmp_path / "careless.html"
    careless.write_text(f"<!DOCTYPE html><script>var user='{name}'</script>", "utf-8")
    seen = open_page(careless, f"typeof window.{report_lines.MARKER}")
    assert seen.answers == ["number"]


def test_the_policy_stops_a_script_that_gets_in(planted: Path, tmp_path: Path) -> None:
    """Were the escaping gone, the policy alone must hold."""
    text = planted.read_text("utf-8")
    name = f"</title><script>window.{report_lines.MARKER}=1</script>"
    inside = tmp_path / "inside.html"
    inside.write_text(text.replace('<main id="main"', name + '<main id="main"'))
    seen = open_page(inside, f"typeof window.{report_lines.MARKER}")
    assert seen.answers == ["undefined"]
    assert any("Content Security Policy" in message for message in seen.messages)


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)]
)
def test_the_page_is_quiet_accessible_and_fits(
    planted: Path, scheme: str, width: int
) -> None:
    fits = "document.documentElement.scrollWidth <= innerWidth"
    drawn = (
        "[...document.querySelectorAll('.chart')].every(c => c.querySelector('canvas'))"
    )
    seen = open_page(
        planted, READY, fits, drawn, axe=True, colorScheme=scheme, width=width
    )
    assert seen.answers == ["yes", True, True]
    assert (seen.requests, seen.messages) == ([], [])
    assert seen.findings == []


def test_the_keyboard_reaches_the_content_and_the_search(planted: Path) -> None:
    skipped = open_page(planted, "document.activeElement.id", press=["Tab", "Enter"])
    assert skipped.answers == ["main"]
    find = (
        "(() => { const s = document.getElementById('search'); s.value = 'FINANCE';"
        f" s.dispatchEvent(new Event('input')); return {SHOWN}.length }})()"
    )
    said = "document.querySelector('[role=status]').textContent"
    seen = open_page(planted, find, said)
    found, text = seen.answers
    of_finance = [x for x in Tables(planted).attempts() if x["User"] == "finance"]
    assert found == len(of_finance) > 0
    assert text == f"{found} of 104 attempts shown."


def test_a_choice_above_shows_its_attempts_and_can_be_taken_back(planted: Path) -> None:
    square = "document.querySelector('#matrix td.login a')"
    account = "document.querySelector('#risk tbody a')"
    source = "document.querySelector('#sources tbody a')"
    texts = f"[...new Set({SHOWN}.map(r => r.cells[3].textContent + ' '"
    texts += " + r.cells[4].textContent))]"
    seen = open_page(
        planted,
        f"({square}.click(), {texts})",
        f"({account}.click(), {SHOWN}.length)",
        f"({source}.click(), {texts})",
        "location.hash",
        "document.getElementById('chosen').textContent",
        f"(document.querySelector('#chosen button').click(), {SHOWN}.length)",
    )
    pair, of_account, of_source, where, chosen, all_again = seen.answers
    rows = Tables(planted).attempts()
    assert pair == ["finance 203.0.113.30"]
    assert of_account == sum(row["User"] == "finance" for row in rows)
    assert {text.rpartition(" ")[2][:12] for text in of_source} == {"2001:db8:bad"}
    assert len(of_source) > 1, "a /64 is one source"
    assert (where, chosen) == ("#attempts", "source 2001:db8:bad::/64 ✕")
    assert all_again == len(rows) == 104


def test_a_table_can_be_saved_and_no_cell_is_a_formula(hostile: Path) -> None:
    """What is saved is what is shown."""
    catch = (
        "(async () => { let saved; URL.createObjectURL = b => { saved = b;"
        " return 'blob:none' }; HTMLAnchorElement.prototype.click = () => {};"
        " const s = document.getElementById('search'); s.value = 'hyperlink';"
        " s.dispatchEvent(new Event('input'));"
        " document.querySelector('#attempts .below button').click();"
        " return await saved.text() })()"
    )
    seen = open_page(hostile, catch)
    (text,) = seen.answers
    head, *rows = csv.reader(text.splitlines())
    assert head[:4] == ["Time", "Outcome", "Way", "User"]
    assert {row[3] for row in rows} == {'\'=HYPERLINK("http://192.0.2.1")', ""}
    assert not [cell for row in rows for cell in row if cell.startswith("=")]


def test_a_box_says_that_there_is_more(planted: Path) -> None:
    hint = "document.querySelector('#attempts .below span').textContent"
    box = "document.querySelector('#attempts .scroll')"
    end = f"({box}.scrollTo({box}.scrollWidth, {box}.scrollHeight),"
    end += f" new Promise(r => setTimeout(() => r({hint}), 200)))"
    seen = open_page(planted, hint, end)
    assert seen.answers == ["more below ↓ and to the right →", ""]


def test_without_its_scripts_the_page_says_the_same(
    planted: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r"(?s)<script>.*</script>", "", planted.read_text("utf-8")))
    visible_rows = "[...document.querySelectorAll('main tbody tr')]"
    visible_rows += ".filter(r => r.checkVisibility()).length"
    seen = open_page(bare, visible_rows, axe=True)
    tables = Tables(planted)
    assert seen.answers == [sum(len(rows[1:]) for rows in tables.rows.values())]
    assert seen.findings == []


# ---- what it says -------------------------------------------------------------------


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


# ---- and stays small ----------------------------------------------------------------


def test_the_largest_page_is_below_five_megabytes() -> None:
    """Every list full, every name as long as it may be and escaped all through."""
    tally = Tally(About(made="2026-03-02T00:00:00.000Z"))
    for number in range(12_000):
        tally.add(worst_event(number))
    html = page(document(tally))
    assert len(tally.sources) <= 10_000
    assert len(html) < FIVE_MB


def worst_event(number: int) -> dict[str, Any]:
    """Return an attempt (or the end of a session) with the worst of names."""
    name = f"{number}" + "<" * 9_990
    event: dict[str, Any] = {
        "@timestamp": f"2026-03-02T{number // 3600:02d}:{number // 60 % 60:02d}"
        f":{number % 60:02d}.000Z",
        "event": {"action": "smtp-auth", "outcome": "failure"},
        "observer": {"name": name},
        "user": {"name": name},
        "source": {"ip": f"2001:db8::{number:x}"},
        "cisco_esa": {
            "auth": {"mechanism": name},
            "reverse_dns": {"name": name, "verified": False},
            "policy": {"country": name},
            "session": {"id": name},
        },
    }
    if number % 3 == 1:
        event["event"] = {"action": "smtp-session-end"}
        event["cisco_esa"]["summary"] = {
            "attempts": 2,
            "failures": 1,
            "messages": 1,
            "recipients": number,
        }
    if number % 100 == 1:
        event["event"] = {"action": "admin-login", "outcome": "failure"}
        event["cisco_esa"]["admin"] = {"interface": name}
    if number % 3 == 2:
        event["event"] = {
            "action": "smtp-auth-client",
            "outcome": "failure",
            "reason": name,
        }
    return event


def test_a_table_drops_the_lightest_and_says_so() -> None:
    kept: Kept[list[int]] = Kept(2, lambda: [0], lambda row: (row[0],))
    for key, count in (("a", 5), ("b", 1), ("c", 3), ("d", 1), ("e", 1)):
        kept[key][0] += count
    assert sorted(kept.rows) == ["a", "c", "e"]
    assert kept.left_out == 2
    assert [key for key, _ in kept.heaviest(2)] == ["a", "c"]


def test_few_are_counted_exactly_and_many_nearly() -> None:
    distinct = Distinct()
    for number in range(KEPT_HASHES):
        distinct.add(f"u{number}")
        distinct.add(f"u{number}")
    assert (len(distinct), distinct.exact) == (KEPT_HASHES, True)
    for number in range(20_000):
        distinct.add(f"u{number}")
    assert not distinct.exact
    assert 0.6 * 20_000 < len(distinct) < 1.6 * 20_000


@pytest.mark.parametrize("span", [1, 3_600, 86_400, 400 * 86_400, 80 * 366 * 86_400])
def test_a_timeline_loses_no_attempt_and_stays_short(span: int) -> None:
    timeline = Timeline()
    for number in range(1_000):
        timeline.add(1_772_442_000 + number * span // 1_000, failed=number % 3 == 0)
    start, good, bad = timeline.series()
    assert (sum(good), sum(bad)) == (666, 334)
    assert len(good) == len(bad) <= MOST_BUCKETS
    assert start <= 1_772_442_000 < start + timeline.width


def test_a_login_is_not_pushed_out_by_failures() -> None:
    """A spray of more names than are kept, one of which was right."""
    tally = Tally(About())
    for number in range(300):
        event = worst_event(3 * number)
        event["user"] = {"name": f"u{number}"}
        event["source"] = {"ip": "203.0.113.9"}
        if number == 200:
            event["event"] = {"action": "smtp-auth", "outcome": "success"}
        tally.add(event)
    data = document(tally)
    assert at_risk(data) == {"u200": ["password_spray"]}
    assert data["risk"][0]["findings"][0]["count"] == 1


@pytest.mark.parametrize(("ids", "count"), [("a", 1), ("abc", 3), ("aab", 2)])
def test_an_event_that_is_read_twice_in_a_row_is_one_finding(
    ids: str, count: int
) -> None:
    tally = Tally(About())
    for number, name in enumerate(ids):
        event = worst_event(number)
        event["user"], event["source"] = {"name": "ann"}, {"ip": "203.0.113.9"}
        event["event"] = {"action": "smtp-auth", "outcome": "success", "id": name}
        event["tls"] = {"established": False}
        event["cisco_esa"] |= {"auth": {"mechanism": "PLAIN"}, "policy": {}}
        tally.add(event)
    (account,) = document(tally)["risk"]
    (finding,) = account["findings"]
    assert (finding["rule"], finding["count"]) == ("auth_without_tls", count)


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
