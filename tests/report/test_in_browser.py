"""The page of `esa-auth report` in a browser: no name runs, keys and choices work."""

import csv
import re
from pathlib import Path

import pytest

from tests.support import report_lines
from tests.support.chromium import open_page
from tests.support.report_pages import Tables, written

READY = "document.documentElement.dataset.ready"
SHOWN = "[...document.querySelectorAll('#attempts tbody tr')].filter(r => !r.hidden)"
NOTHING_RAN = (
    f"[typeof window.{report_lines.MARKER},"
    f" document.getElementById('{report_lines.MARKER}'),"
    " document.querySelectorAll('script').length,"
    " document.querySelectorAll('img, svg, iframe, body style').length,"
    " getComputedStyle(document.body).display]"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return written(folder, list(report_lines.hostile()))


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
