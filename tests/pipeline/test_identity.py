"""Ids by the definition, for any key, line and ordinal."""

import hmac
from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from esa_auth.identity import Identity, Recalled

KEYS = st.binary(min_size=1, max_size=200)
LINES = st.binary(max_size=300)


def by_definition(key: bytes, appliance: str, what: bytes) -> str:
    said = b"v1\0" + appliance.encode() + b"\0" + what
    return urlsafe_b64encode(hmac.digest(key, said, "sha256")[:16]).decode()[:22]


@given(KEYS, st.text(max_size=20), LINES, st.integers(1, 4), st.sampled_from(["", "T"]))
def test_an_id_is_an_hmac_of_appliance_ordinal_and_line(
    key: bytes, appliance: str, line: bytes, times: int, outside: str
) -> None:
    appliance = appliance.encode("utf-8", "replace").decode()
    identity = Identity(appliance, key)
    for ordinal in range(times):
        what = b"line\0%d\0%b\0%b" % (ordinal, outside.encode(), line)
        expected = by_definition(key, appliance, what)
        assert identity.of_line(line, 7, outside) == expected
        assert identity.counted(line, 7) == ordinal
        assert Recalled(appliance, ordinal, key).of_line(line, 7, outside) == expected
    end = by_definition(key, appliance, b"end\0" + b"x" * 22)
    assert identity.of_open_end("x" * 22) == end


@given(st.integers(1, 16), st.integers(2, 4))
def test_seconds_that_come_interleaved_count_on(seconds: int, times: int) -> None:
    """A relay brings a second again after up to fifteen others."""
    identity = Identity("esa")
    ids = [
        identity.of_line(b"the same line", second)
        for _ in range(times)
        for second in range(seconds)
    ]
    # The second is no part of an id: a line's own bytes have its stamp.
    assert len(set(ids)) == times
