"""The wheel is the checkout's package, runs from anywhere, and goes without a trace."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.support.checkout import ROOT, needs_checkout
from tests.support.process import PATIENCE, account_of

pytestmark = [
    needs_checkout,
    pytest.mark.skipif(
        not (ROOT / ".git").exists(), reason="needs git, for its list of files"
    ),
]

# Folder of the checkout -> folder of the wheel.
PARTS = {
    "plugin/esa_auth": "esa_auth",
    "schemas": "esa_auth/schemas",
    "conf": "esa_auth/conf",
}


def tracked() -> list[str]:
    """Return the files that git knows and that are there, changed or not."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    names = done.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def package_files() -> dict[str, bytes]:
    """Return name in the wheel -> content, of all that belongs to the package."""
    found = {}
    for name in tracked():
        for folder, inside in PARTS.items():
            # What writes the shipped files is not shipped.
            if name.startswith(f"{folder}/") and not name.startswith("conf/build/"):
                rest = name.removeprefix(f"{folder}/")
                found[f"{inside}/{rest}"] = (ROOT / name).read_bytes()
    return found


ASSETS = ROOT / "plugin" / "esa_auth" / "report" / "assets"
# Where `man` looks, beside the folder of the programs.
MAN = "share/man/man1/esa-auth.1"


def run(*words: str | Path, cwd: Path | None = None, stdin: bytes = b"") -> str:
    """Run a program that must succeed; return its stdout."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return done.stdout.decode()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what git knows and Python leaves behind."""
    copy = tmp_path_factory.mktemp("copy")
    for name in tracked():
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    for folder in PARTS:
        (copy / folder / "__pycache__").mkdir()
        (copy / folder / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"x")
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", out, copy)
    (built,) = out.glob("*.whl")
    return built


@dataclass(frozen=True, slots=True)
class Installed:
    """A virtual environment with nothing but the wheel and what it needs."""

    root: Path

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.root / "bin"

    def files(self) -> list[str]:
        """Return what of the package is in it, anywhere."""
        return [
            str(path.relative_to(self.root)) for path in self.root.rglob("*esa?auth*")
        ]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root = tmp_path_factory.mktemp("venv")
    venv.create(root, with_pip=True, symlinks=True)
    found = Installed(root)
    run(found.bin / "python", "-m", "pip", "install", "--quiet", wheel)
    return found


def test_the_wheel_is_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        inside = {
            name: archive.read(name)
            for name in archive.namelist()
            if ".dist-info/" not in name
        }
    # Without cargo the wheel is the same, but for it.
    native = inside.pop("esa_auth/_native.abi3.so", None)
    assert (native is not None) is (shutil.which("cargo") is not None)
    wanted = package_files()
    data = re.sub(r"-[^-]+-[^-]+-[^-]+\.whl$", ".data/data", wheel.name)
    wanted[f"{data}/{MAN}"] = (ROOT / "conf" / "man" / "esa-auth.1").read_bytes()
    assert sorted(inside) == sorted(wanted)
    assert inside == wanted


def test_the_package_files_are_what_they_should_be() -> None:
    """The list that the wheel is compared with is not empty of something itself."""
    names = set(package_files())
    assert {
        "esa_auth/__init__.py",
        "esa_auth/__main__.py",
        "esa_auth/py.typed",
        "esa_auth/pipeline/__init__.py",
        "esa_auth/conf/__init__.py",
        "esa_auth/conf/default.yaml",
        "esa_auth/schemas/__init__.py",
        "esa_auth/schemas/auth-event.schema.json",
        "esa_auth/schemas/config.schema.json",
    } <= names
    assert not [name for name in names if "tests" in name or "examples" in name]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("/METADATA")]
        metadata = archive.read(name).decode()
        (points,) = [n for n in archive.namelist() if n.endswith("/entry_points.txt")]
        script = archive.read(points).decode()
    assert "Name: esa-auth-normalizer\n" in metadata
    assert "Requires-Python: >=3.11\n" in metadata
    assert "License-Expression: Apache-2.0 AND BSD-3-Clause AND MIT\n" in metadata
    # What is bundled has its licences with it, and what does not exist has no address.
    licences = {*re.findall(r"^License-File: .*?([\w-]+)$", metadata, re.MULTILINE)}
    shipped = {path.name for path in ASSETS.glob("[LN]*-*")}
    assert {"LICENSE-d3", "LICENSE-echarts"} <= shipped
    assert licences == {"LICENSE", "NOTICE", *shipped}
    assert "-URL:" not in metadata
    assert "Home-page:" not in metadata
    # For every Python from 3.11 on, of one platform if native code is in it.
    assert re.search(r"-(py3-none-any|cp311-abi3-\w+)\.whl$", wheel.name)
    assert "esa-auth = esa_auth.__main__:main" in script


def test_it_runs_from_anywhere(installed: Installed) -> None:
    """As a script and as a module, with the quick start."""
    example = ROOT / "examples" / "quickstart"
    lines = (example / "mail_logs").read_bytes()
    starts: tuple[tuple[str | Path, ...], ...] = (
        (installed.bin / "esa-auth",),
        (installed.bin / "python", "-m", "esa_auth"),
    )
    for start in starts:
        out = run(*start, "filter", "--appliance", "esa01", cwd=Path("/"), stdin=lines)
        events = [orjson.loads(line) for line in out.splitlines()]
        assert len(events) == 8
        assert {event["observer"]["name"] for event in events} == {"esa01"}
    assert "good" in run(installed.bin / "esa-auth", "check", cwd=Path("/"))


def test_its_man_page_is_where_man_looks(installed: Installed) -> None:
    assert (installed.root / MAN).is_file()


def test_a_refusal_of_a_format_has_its_words(
    installed: Installed, tmp_path: Path
) -> None:
    """Without the packages that jsonschema would know times by."""
    lines = (ROOT / "examples" / "quickstart" / "mail_logs").read_bytes()
    first = run(installed.bin / "esa-auth", "filter", stdin=lines).split("\n")[0]
    events = tmp_path / "events"
    events.write_text(first.replace('"@timestamp":"2009-04', '"@timestamp":"2009-13'))
    done = subprocess.run(
        [installed.bin / "esa-auth", "check", "--events", events],
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert b'$.@timestamp: "2009-13-22T' in done.stderr
    assert b'is not a "date-time"' in done.stderr


@pytest.mark.parametrize(
    ("extra", "option"),
    [
        ("geo", "enrich: {geo: {file: none.mmdb}}"),
        ("otlp", "otlp: {encoding: protobuf}"),
    ],
)
def test_what_needs_an_extra_says_which(
    extra: str, option: str, installed: Installed, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(option)
    words = ("--config", str(config), "--otlp", "http://127.0.0.1:9")
    done = subprocess.run(
        [installed.bin / "esa-auth", "filter", *words],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert f"comes with the extra {extra}: pip install" in done.stderr.decode()


def test_the_container_is_built_of_what_it_needs() -> None:
    """All that the package is made of is let in, and nothing that tests fetch."""
    lines = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    needed = {*PARTS, "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md"}
    assert {name.split("/")[0] for name in needed} | {"LICENSE", "NOTICE"} <= taken
    assert "*" in lines
    assert not [name for name in taken if name.startswith(".") or name == "tests"]
    assert (ROOT / ".dockerignore").readlink() == Path(".containerignore")


def test_the_readme_of_the_quick_start_tells_the_account() -> None:
    """What it prints as the closing line is what the command closes with."""
    example = ROOT / "examples" / "quickstart"
    done = subprocess.run(
        [Path(sysconfig.get_path("scripts"), "esa-auth"), "filter"],
        input=(example / "mail_logs").read_bytes(),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    said = [x.strip() for x in (example / "README.md").read_text().splitlines()]
    (closing,) = [x for x in said if x.startswith("esa-auth: ")]
    assert account_of(closing) == account_of(done.stderr.decode())


def test_it_goes_without_a_trace(installed: Installed) -> None:
    """The last test of the module: nothing is installed after it."""
    assert installed.files()
    python = installed.bin / "python"
    run(python, "-m", "pip", "uninstall", "--yes", "esa-auth-normalizer")
    assert installed.files() == []


@needs_checkout
def test_the_notice_names_the_crates_of_native_code() -> None:
    manifest = tomllib.loads((ROOT / "plugin/native/Cargo.toml").read_text("utf-8"))
    notice = set(re.findall(r"[\w-]+", (ROOT / "NOTICE").read_text("utf-8")))
    assert manifest["dependencies"].keys() - notice == set()
