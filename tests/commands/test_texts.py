"""Text for people: what is hostile is written out, and a mistyped word is guessed."""

import pytest

from esa_auth.suggest import did_you_mean
from esa_auth.visible import LONGEST, counted, visible


def test_what_does_not_print_is_written_out_and_the_rest_stays() -> None:
    assert visible("ann@example.com ä") == "ann@example.com ä"
    assert visible("a\x1b[31m\u202eé\t") == r"a\x1b[31m\u202eé\t"


@pytest.mark.parametrize("longest", [5, LONGEST])
def test_a_text_that_is_too_long_is_cut_and_says_how_long_it_was(longest: int) -> None:
    assert visible("x" * longest, longest) == "x" * longest
    cut = f"{'x' * longest}… ({longest + 1} characters)"
    assert visible("x" * (longest + 1), longest) == cut
    assert visible("\n" * 6, 2) == r"\n\n… (6 characters)"


def test_one_is_no_plural() -> None:
    assert [counted(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
    assert counted(12_345, "line") == "12,345 lines"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("formt", "format"),
        ("TIMEZONE", "timezone"),
        ("forw", "forward"),
        ("time", "Time_Limit"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_suggested(word: str, name: str) -> None:
    names = ["forward", "format", "timezone", "Time_Limit"]
    assert did_you_mean(word, names) == (f"; did you mean {name!r}?" if name else "")
