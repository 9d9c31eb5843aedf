"""A real Elasticsearch 8.19 from Maven artefacts, with its own ES|QL.

Maven Central has the server, its HTTP, x-pack-core and ES|QL, and no archive to unpack:
the folder of modules that a server reads is laid out here. What our templates name of
modules that are not there has a stand-in (`StandIns.java`).
"""

import re
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.siem.server import LONG, Json, Server, java, running
from tests.support.checkout import ROOT
from tests.support.engines import absent, require

VERSION = "8.19.21"
JARS = ROOT / ".cache" / "elasticsearch"
HERE = Path(__file__).parent
CONF = ROOT / "conf" / "elastic"
# Of the jars of modules those that have a descriptor and are not wanted.
NOT_WANTED = "x-pack-mapper-version"
STAND_INS = f"""\
name=stand-ins
description=what Maven Central does not have
version={VERSION}
elasticsearch.version={VERSION}
java.version=17
classname=StandIns
extended.plugins=x-pack-core
"""


@dataclass(frozen=True, slots=True)
class Elasticsearch(Server):
    """A node that listens."""

    def esql(self, query: str, only: Json | None = None) -> list[Json]:
        """Return the rows of an ES|QL query, each as column -> value.

        ``only`` is a filter in the query DSL, such as Kibana adds for a rule.
        """
        body = {"query": query} | ({"filter": only} if only else {})
        answer = self.ask("POST", "/_query", body).good()
        assert not answer["is_partial"]
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer["values"]]


def set_up(started: Elasticsearch) -> None:
    """Put the templates and the policy, as `conf/elastic/README.md` says."""
    for path, name in {
        "/_ingest/pipeline/logs-cisco_esa.auth@ingested": "ingest-pipeline",
        "/_component_template/logs-cisco_esa.auth@mappings": "component-mappings",
        "/_component_template/logs-cisco_esa.auth@settings": "component-settings",
        "/_ilm/policy/logs-cisco_esa.auth": "ilm-policy",
        "/_index_template/esa-auth": "index-template",
    }.items():
        body = (CONF / f"{name}.json").read_text("utf-8")
        started.ask("PUT", path, body).good()


@contextmanager
def node(scratch: Path) -> Iterator[Elasticsearch]:
    """Start a node, or end the test as not run."""
    program = java("Elasticsearch")
    if not list(JARS.glob("x-pack-esql-*.jar")):
        absent("Elasticsearch", "not fetched (make engines)")
    home = scratch / "home"
    classpath = [scratch / "classes", *_modules(home)]
    _compile(scratch)
    _native(scratch / "native")
    command = [
        # Small, and behind whoever else works here.
        *("nice", program, "-Xms512m", "-Xmx512m"),
        *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        f"-Des.nativelibs.path={scratch / 'native'}",
        *("-cp", ":".join(map(str, classpath)), "Elasticsearch", str(home)),
    ]
    with running(command, scratch) as port:
        yield Elasticsearch(port)


def _modules(home: Path) -> list[Path]:
    """Lay out the modules; return the jars that belong to none, for the class path."""
    rest = []
    (home / "config").mkdir(parents=True)
    (home / "data").mkdir()
    for jar in sorted(JARS.glob("*.jar")):
        with zipfile.ZipFile(jar) as archive:
            names = [n for n in archive.namelist() if n.startswith("META-INF/es-plug")]
            found = [n for n in names if n.endswith("/plugin-descriptor.properties")]
            if not found or jar.name.startswith(NOT_WANTED):
                rest.append(jar)
                continue
            descriptor = archive.read(found[0]).decode()
        folder = home / "modules" / found[0].split("/")[2]
        folder.mkdir(parents=True)
        (folder / jar.name).symlink_to(jar.resolve())
        (folder / "plugin-descriptor.properties").write_text(_fitting(descriptor))
    return rest


def _fitting(descriptor: str) -> str:
    """Return a descriptor without Java's modules and without what is not there."""
    text = re.sub(r"(?m)^modulename=.*$", "", descriptor)
    return text.replace(",lang-painless,x-pack-ml", "")


def _compile(scratch: Path) -> None:
    """Compile the launcher, and the stand-ins, which become a module of their own."""
    stand_ins, launcher = scratch / "stand-ins", scratch / "classes"
    command = ["javac", "-proc:none", "-cp", f"{JARS}/*", "-d", str(stand_ins)]
    command += [str(HERE / f"{name}.java") for name in ("Elasticsearch", "StandIns")]
    done = subprocess.run(command, capture_output=True, timeout=LONG, check=False)
    assert done.returncode == 0, done.stderr.decode()
    launcher.mkdir()
    for path in stand_ins.glob("Elasticsearch*.class"):
        path.rename(launcher / path.name)
    folder = scratch / "home" / "modules" / "stand-ins"
    folder.mkdir()
    (folder / "plugin-descriptor.properties").write_text(STAND_INS)
    with zipfile.ZipFile(folder / "stand-ins.jar", "w") as jar:
        for path in sorted(stand_ins.iterdir()):
            jar.write(path, path.name)


def _native(folder: Path) -> None:
    """Give the server zstd, with which `best_compression` compresses."""
    places = ("lib64", "lib", "lib/*", "local/lib")
    found = [path for p in places for path in Path("/usr").glob(f"{p}/libzstd.so.1")]
    require("Elasticsearch", found, "no libzstd (apt-get install libzstd1)")
    folder.mkdir()
    (folder / "libzstd.so").symlink_to(found[0])
