"""Text and elements of HTML. What is not `Html` yet is text of strangers: escaped."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Markup that is whole and well formed."""

    __slots__ = ()


Child = str | int | None


def tag(name: str, *children: Child, **attributes: str | int | bool | None) -> Html:
    """Return an element; ``None`` and ``False`` stand for what is not there.

    ``class_`` is the attribute ``class``, ``data_pick`` is ``data-pick``.
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        word = key.rstrip("_").replace("_", "-")
        words.append(word if value is True else f'{word}="{escape(str(value))}"')
    return Html(f"<{' '.join(words)}>{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Html:
    """Return them one after the other."""
    return Html(
        "".join(
            child if isinstance(child, Html) else escape(str(child))
            for child in children
            if child is not None
        )
    )


def isolated(text: str) -> Html:
    """Return text that may be written from right to left, apart from its neighbours."""
    return tag("bdi", text)


def number(value: int) -> str:
    """Return a number for people."""
    return f"{value:,}"


def time(stamp: str) -> str:
    """Return an `@timestamp` for people."""
    return f"{stamp[:19].replace('T', ' ')} UTC"


# A heading, and the class of its cells.
Column = tuple[str, str]


NUMBER, TIME = "number", "time"
COUNTS: tuple[Column, ...] = (("Failed", NUMBER), ("Succeeded", NUMBER))


def note(text: str) -> Html:
    """Return a sentence beside the tables."""
    return tag("p", text, class_="note")


def cell(value: Child, kind: str, name: str = "td") -> Html:
    """Return a cell; numbers as people write them, names isolated."""
    if isinstance(value, int):
        value = number(value)
    inner = value if value is None or isinstance(value, Html) else isolated(value)
    scope = "col" if name == "th" else None
    return tag(name, inner, class_=kind or None, scope=scope)


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Html], name: str
) -> Html:
    """Return a table in a box of its own; ``name`` is that of its CSV file."""
    head = tag("tr", *(cell(title, kind, "th") for title, kind in columns))
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", head),
        tag("tbody", *rows),
        data_csv=name,
    )
    return scroll(caption, made)


def scroll(label: str, inside: Html) -> Html:
    """Return a box that scrolls, for the keyboard too."""
    return tag(
        "div", inside, class_="scroll", role="region", tabindex=0, aria_label=label
    )


def row(values: Iterable[Child], columns: Sequence[Column]) -> Html:
    """Return a row of a table."""
    cells = zip(values, columns, strict=True)
    return tag("tr", *(cell(value, kind) for value, (_, kind) in cells))


def pick(text: str, *, source: int | None = None, user: int | None = None) -> Html:
    """Return a link to the attempts of a source, of a user, or of both."""
    return tag(
        "a", isolated(text), href="#attempts", data_source=source, data_user=user
    )
