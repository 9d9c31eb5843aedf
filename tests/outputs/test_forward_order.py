"""In which order the fields of a packed event stand."""

import msgpack
import pytest
from tests.support.mutations import EVENTS

from esa_auth.formats import recorder
from esa_auth.outputs.forward import packer


@pytest.mark.parametrize("schema", ["ecs", "ocsf", "cim"])
def test_the_text_comes_last_of_what_a_receiver_may_take_for_it(schema: str) -> None:
    """OpenTelemetry's receiver makes the last of ``log`` and ``message`` the body."""
    record = recorder(schema)
    pack = packer(record)
    for event in EVENTS:
        # Those of the golden folders are sorted; the pipeline has them as they come.
        backwards = dict(reversed(event.items()))
        _, packed = pack(backwards)
        _, found = msgpack.unpackb(packed)
        assert found == record(backwards)
        names = [name for name in found if name in ("log", "message")]
        assert names == sorted(names)
