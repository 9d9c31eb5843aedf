"""The compiled build: the package, the modules of `setup.cfg` as machine code, no more.

Its answers are those of the sources. `.ci/run` has the whole suite against it; here it
is what has to be the same.
"""

import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

from esa_auth import __version__
from tests.checkout import ROOT, needs_checkout
from tests.engines import require
from tests.test_packaging import package_files, run

pytestmark = [
    needs_checkout,
    pytest.mark.skipif(
        not (ROOT / ".git").exists(), reason="needs git, for its list of files"
    ),
]

COMPILED = ROOT / ".cache" / "compiled"
PYTHON = COMPILED / "bin" / "python"
LIBRARY = "esa_auth__mypyc"


def named() -> list[str]:
    """Return the modules that `setup.cfg` wants to be compiled."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    return settings["tool:mypyc"]["modules"].split()


@pytest.fixture(scope="module", autouse=True)
def inside() -> dict[str, bytes]:
    """Return what is in the wheel, if it is there and of the sources that are here."""
    require("compiled build", (COMPILED / ".done").exists(), "not built (make engines)")
    (wheel,) = (COMPILED / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {
            name: archive.read(name)
            for name in archive.namelist()
            if ".dist-info/" not in name
        }
    other = [x for x, now in package_files().items() if inside.get(x, now) != now]
    require("compiled build", not other, f"of other sources: {other} (make engines)")
    return inside


def test_what_is_named_is_compiled_and_nothing_else(inside: dict[str, bytes]) -> None:
    machine_code = [name for name in inside if name.endswith(".so")]
    made = [name.split(".")[0].replace("/", ".") for name in machine_code]
    assert sorted(made) == sorted([*named(), LIBRARY])
    assert sorted(inside.keys() - set(machine_code)) == sorted(package_files())


def test_nothing_that_is_compiled_counts_on_being_worked_out_once() -> None:
    """Of a `cached_property` mypyc makes a property, which is worked out each time."""
    for name in named():
        source = ROOT / "plugin" / f"{name.replace('.', '/')}.py"
        assert "cached_property" not in source.read_text("utf-8"), name


def test_the_machine_code_tells_nothing_of_where_it_was_made(
    inside: dict[str, bytes],
) -> None:
    for name, content in inside.items():
        if name.endswith(".so"):
            assert b".debug_info" not in content
            assert str(ROOT).encode() not in content


def test_it_runs_what_is_compiled_and_says_so() -> None:
    modules = [name.removesuffix(".__init__") for name in named()]
    files = "from importlib import import_module as load; import sys; print("
    files += r"*(load(x).__file__ for x in sys.argv[1:]), sep='\n')"
    loaded = run(PYTHON, "-c", files, *modules).splitlines()
    assert len(loaded) == len(modules)
    assert {Path(file).suffix for file in loaded} == {".so"}
    assert run(PYTHON, "-m", "esa_auth", "--version") == f"{__version__} (compiled)\n"
    assert run(sys.executable, "-m", "esa_auth", "--version") == f"{__version__}\n"


@pytest.mark.parametrize("tests", ["test_golden.py", "soak/test_soak_kill.py"])
def test_it_answers_as_the_sources_do(
    tests: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESA_AUTH_WHEEL_TESTED", "1")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{tests}")
    assert " passed" in run(PYTHON, *words, cwd=ROOT)


def test_mutated_lines_are_read_as_the_oracle_does() -> None:
    words = ("-m", "tests.fuzz.lines", "--lines", "200000", "--jobs", "2")
    assert "0 wrong attributions" in run(PYTHON, *words, cwd=ROOT)
