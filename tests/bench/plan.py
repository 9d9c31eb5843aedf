"""Which cases are run, in rounds, so that drift of the machine meets them all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tests.bench.cases import Case, Filter, FirstEvent, Floor, Once, RunFailed, Stage
from tests.bench.corpora import HEADER, Kind, NoRoom, Spec
from tests.bench.fleet import FLEET_OPTIONS
from tests.bench.instructions import PURE, WITHOUT_NATIVE
from tests.bench.peers.cases import Daemon, InProcess, Perl
from tests.bench.results import Results
from tests.bench.runs import Convert, Forward

FRAMED: tuple[Kind, ...] = ("syslog", "json", "msgpack")
FEW_SESSIONS = 1000
DEFAULT_CAP = 200_000
# Lines that take minutes: a median is for what takes seconds.
ONLY_ONCE = 100_000_000
JOINED = "perl"
"""The only peer that joins, so the only one whose memory grows with sessions."""
IDENTIFIED = "perl with ids"
LIBRARIES = ("pygrok", "vrl fastest", "vrl remap", "vrl event", "logprep")
DAEMONS = ("syslog-ng", "rsyslog")
# Logprep is so much slower that fewer lines give as good a figure.
LOGPREP_SHARE = 5
PEERS: dict[str, tuple[str, ...]] = {
    "ordinary": (JOINED, IDENTIFIED, *DAEMONS, *LIBRARIES),
    "flood": (JOINED, IDENTIFIED, *DAEMONS, "pygrok", "vrl fastest", "vrl event"),
    "syslog": (JOINED, *DAEMONS),
    "json": (JOINED,),
    "sessions": (JOINED,),
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; ``peers`` are the lines that libraries get."""

    lines: int
    flood: int
    framed: int
    peers: int
    sessions: int
    growth: tuple[int, ...]
    fleets: tuple[int, ...]

    @property
    def opened(self) -> tuple[int, ...]:
        """How many sessions stay open while the cost of a line is measured."""
        return 1, FEW_SESSIONS, self.sessions


def plan(stage: Stage, sizes: Sizes) -> list[Case]:
    """List the cases in the order in which a round runs them."""
    empty = Filter("empty", stage, Spec("ordinary", len(HEADER)))
    return [
        FirstEvent("first event", stage),
        empty,
        pure(empty),
        *beside(stage, sizes, "ordinary", sizes.lines),
        *beside(stage, sizes, "flood", sizes.flood),
        *beside(stage, sizes, "syslog", sizes.framed),
        *beside(stage, sizes, "json", sizes.framed),
        # A file without line ends has no floor.
        ours(stage, Spec("msgpack", sizes.framed)),
        *plan_sessions(stage, sizes),
        *plan_commands(stage, sizes),
        *plan_growth(stage, sizes),
    ]


def ours(stage: Stage, spec: Spec) -> Filter:
    options = ("--input", spec.kind) if spec.kind in FRAMED else ()
    return Filter(spec.kind, stage, spec, options)


def pure(case: Filter) -> Filter:
    """Give the same case without native code."""
    program = ("env", WITHOUT_NATIVE, *case.stage.program)
    stage = replace(case.stage, program=program)
    return replace(case, name=case.name + PURE, stage=stage)


def beside(stage: Stage, sizes: Sizes, kind: Kind, size: int) -> list[Case]:
    """List the floor, the program, with native code and pure, and the peers."""
    spec = Spec(kind, size)
    floor = Floor(f"{kind} floor", stage, spec)
    others = [peer(stage, sizes, spec, kind, name) for name in PEERS[kind]]
    own = ours(stage, spec)
    return [floor, own, pure(own), *others]


def peer(stage: Stage, sizes: Sizes, spec: Spec, case: str, name: str) -> Case:
    """Give one peer on the corpus of a case."""
    title = f"{case} {name}"
    if name in (JOINED, IDENTIFIED):
        return Perl(title, stage, spec, with_ids=name == IDENTIFIED)
    if name == "syslog-ng":
        return Daemon(title, stage, spec, "syslog-ng")
    if name == "rsyslog":
        return Daemon(title, stage, spec, "rsyslog")
    if name == "pygrok":
        return InProcess(title, stage, spec, "pygrok", sizes.peers)
    if name == "logprep":
        share = sizes.peers // LOGPREP_SHARE
        return InProcess(title, stage, spec, "logprep", share)
    return InProcess(title, stage, spec, "pyvrl", sizes.peers, name.split()[1])


def cap_option(stage: Stage, sessions: int) -> tuple[str, str]:
    """Write a configuration with this cap on open sessions, and give its option."""
    path = stage.scratch / f"cap-{sessions}.yaml"
    path.write_text(f"sessions:\n  cap: {sessions}\n")
    return "--config", str(path)


def plan_sessions(stage: Stage, sizes: Sizes) -> list[Case]:
    most = sizes.sessions
    whole = Spec("million", most)
    room = cap_option(stage, max(2_000_000, 2 * most))
    cap = cap_option(stage, min(DEFAULT_CAP, most // 5))
    few = Filter(
        "sessions few", stage, Spec("million", FEW_SESSIONS), room, joined="all"
    )
    many = Filter("sessions", stage, whole, room, joined="all")
    return [
        Floor("sessions floor", stage, whole),
        peer(stage, sizes, whole, "sessions", JOINED),
        *(few, pure(few), many, pure(many)),
        Filter("sessions capped", stage, whole, cap, joined="not all"),
        *(
            Filter(f"open {n}", stage, Spec("million", n, after=sizes.framed), room)
            for n in sizes.opened
        ),
    ]


def plan_commands(stage: Stage, sizes: Sizes) -> list[Case]:
    archives = tuple(Spec("ordinary", sizes.lines // 2, seed) for seed in (1, 2))
    return [
        *(Convert(f"jobs {jobs}", stage, archives, jobs) for jobs in (1, 2)),
        Forward("forward", stage, Spec("ordinary", sizes.framed)),
        Forward("forward flood", stage, Spec("flood", sizes.flood)),
    ]


def plan_growth(stage: Stage, sizes: Sizes) -> list[Case]:
    grown = [
        Filter(f"growth {size}", stage, Spec("ordinary", size)) for size in sizes.growth
    ]
    return [
        *(case if case.spec.size < ONLY_ONCE else Once(case) for case in grown),
        *(
            Filter(
                f"fleet {appliances}",
                stage,
                Spec("fleet", sizes.framed, appliances=appliances),
                FLEET_OPTIONS,
            )
            for appliances in sizes.fleets
        ),
    ]


def measure(cases: Sequence[Case], rounds: Iterable[int]) -> Results:
    """Run all cases in each round; round 0 warms, checks the work, and is not timed."""
    results = Results()
    for number in rounds:
        for case in cases:
            if case.name in results.reasons:
                continue
            try:
                sample = case.take(verify=number == 0)
            except (RunFailed, NoRoom) as reason:
                results.reasons[case.name] = str(reason)
            else:
                if number:
                    results.samples.setdefault(case.name, []).append(sample)
    return results
