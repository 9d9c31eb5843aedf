"""Any program of writing, rotating and crashing, against what was written.

``HYPOTHESIS_PROFILE=soak`` runs 5,000 programs of up to 100 steps.
"""

import os
import shutil
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from tests.inputs.follow.follow_scene import Log, Reader, compress
from tests.inputs.follow.owed_lines import OwedLines

STYLES = ("numbered", "dated", "appliance", "current", "link")


class FollowedLog(OwedLines):
    """The steps of writer and reader, and of those who destroy, in any order."""

    @initialize(
        style=st.sampled_from(STYLES),
        append=st.booleans(),
        directory=st.booleans(),
        stamped=st.booleans(),
        max_bytes=st.sampled_from([1 << 20, 300, 17]),
    )
    def begin(
        self, style: str, append: bool, directory: bool, stamped: bool, max_bytes: int
    ) -> None:
        names = {
            "appliance": "mail.@20210602T000000.current",
            "current": "mail.current",
            "link": "mail-2021-06-01",
        }
        self.style = style
        self.log = Log(
            self.folder, names.get(style, "mail.log"), append=append, stamped=stamped
        )
        pattern = self.folder / {
            "appliance": "mail.@*.current",
            "current": "mail.current",
        }.get(style, "mail.log")
        if style == "link":
            pattern.symlink_to(self.log.path.name)
        self.reader = Reader(self.folder if directory else pattern, max_bytes=max_bytes)
        self._opened()

    def teardown(self) -> None:
        try:
            if hasattr(self, "reader"):
                self._settle()
        finally:
            if hasattr(self, "log"):
                self.log.close()
                self.reader.kill()
            shutil.rmtree(self.folder)

    # What the writer does.

    @rule(count=st.integers(1, 4), size=st.sampled_from([0, 0, 0, 5000]))
    def write(self, count: int, size: int) -> None:
        for _ in range(count):
            line = self._line(size)
            self.log.raw(line[len(self.half) :] + b"\n")
            self._written(line)
            self.half = b""

    @rule(part=st.integers(1, 20))
    def write_half(self, part: int) -> None:
        line = self._line(20)
        self.pending = line
        cut = min(len(line) - part, len(line) - 1)
        if cut > len(self.half):
            self.log.raw(line[len(self.half) : cut])
            self.half = line[:cut]

    @rule()
    def rotate(self) -> None:
        if not self.log.path.stat().st_size:
            return
        self._abandon_half(excused=False)
        self._rotate()
        self.log.open()
        self._opened()

    @rule(count=st.integers(0, 2))
    def rotate_with_late_lines(self, count: int) -> None:
        """The new file is there before the writer knows of it."""
        if not self.log.path.stat().st_size:
            return
        self._rotate()
        self.log.path.touch()
        for _ in range(count):
            self.write(1, 0)
            if self.running:
                self._read()
        self._abandon_half(excused=False)
        self.log.open()
        self._opened()

    @rule()
    def compress(self) -> None:
        rotated = [file for file in self._rotated() if file.suffix != ".gz"]
        if rotated:
            file = rotated[0]
            lines = self.contents.pop(file.stat().st_ino)
            compress(file)
            self.contents[Path(f"{file}.gz").stat().st_ino] = lines

    # What destroys.

    @precondition(lambda self: self.style == "numbered")
    @rule()
    def copytruncate(self) -> None:
        if not self.log.path.stat().st_size:
            return
        self.lossless = self.lossless and not self.half
        self._abandon_half(excused=True)
        self.log.copytruncate()
        inode = self.log.path.stat().st_ino
        copy = self.log.numbered(1).stat().st_ino
        self.contents[copy], self.contents[inode] = self.contents[inode], []

    @rule()
    def truncate(self) -> None:
        self._abandon_half(excused=True)
        self.lossless = False
        inode = self.log.path.stat().st_ino
        self.excused.update(self.contents[inode])
        self.contents[inode] = []
        os.truncate(self.log.path, 0)

    @precondition(lambda self: self.style != "link")
    @rule()
    def delete(self) -> None:
        self._abandon_half(excused=False)
        self._unlink(self.log.path)
        self.log.open()
        self._opened()

    @rule()
    def delete_oldest(self) -> None:
        if rotated := self._rotated():
            self._unlink(rotated[0])

    # What the reader does.

    @precondition(lambda self: self.running)
    @rule()
    def poll_once(self) -> None:
        chunks = self.reader.follower.poll()
        self._take([line for chunk in chunks for line in chunk.lines])

    @precondition(lambda self: self.running)
    @rule()
    def read(self) -> None:
        self._read()

    @precondition(lambda self: self.running)
    @rule()
    def save(self) -> None:
        self.reader.save()
        self.at_save = len(self.stream)

    @precondition(lambda self: self.running)
    @rule()
    def stop(self) -> None:
        self.save()
        self.crash()

    @precondition(lambda self: self.running)
    @rule()
    def crash(self) -> None:
        self.reader.kill()
        self.running = False
        self.stream = self.stream[: self.at_save]
        self._lose_unlinked()

    @precondition(lambda self: not self.running)
    @rule()
    def start(self) -> None:
        self.reader.start()
        self.running = True

    @precondition(lambda self: self.running)
    @rule(seconds=st.sampled_from([1.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.reader.clock.now += seconds

    # What must hold.

    @invariant()
    def nothing_is_invented(self) -> None:
        assert self.ever <= set(self.owed) | self.excused

    @invariant()
    def order_is_kept_and_nothing_comes_twice(self) -> None:
        if self.lossless:
            place = {line: i for i, line in enumerate(self.owed)}
            places = [place[line] for line in self.stream]
            assert len(set(places)) == len(places), "twice"
            assert places == sorted(places), "order"

    def _settle(self) -> None:
        """Read all there is; what is owed must have come."""
        if not self.running:
            self.start()
        self.write(1, 0)
        for _ in range(3):
            self._read()
            self.reader.clock.now += 10.0
        missing = [
            line
            for line in self.owed
            if line not in self.ever and line not in self.excused
        ]
        assert missing == []
        self.nothing_is_invented()
        self.order_is_kept_and_nothing_comes_twice()


FollowedLog.TestCase.settings = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
TestFollowedLog = FollowedLog.TestCase
