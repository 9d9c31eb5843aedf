"""`make demo-kafka`: logins of two appliances, nothing that looks like a failure."""

import subprocess
import sys

from tests.kafka.topics import require_kafka
from tests.soak.sizes import HANG
from tests.support.checkout import ROOT, needs_checkout


@needs_checkout
def test_it_ends_with_its_own_last_line() -> None:
    require_kafka()
    done = subprocess.run(
        [sys.executable, "-m", "examples.kafka.demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1] == "# 16 events, key event.id, read_committed"
    assert sum(" esa0" in line for line in lines) == 8
    # So librdkafka begins its own lines; FAIL is what it says of a broker that is gone.
    # BGQUEUE is no failure: a client was closed before it had read all it was told.
    own = [line for line in lines if line.startswith("%")]
    assert [line for line in own if "|BGQUEUE|" not in line] == []
