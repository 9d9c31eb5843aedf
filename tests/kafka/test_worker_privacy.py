"""No name is in what a worker writes, and it takes up no state of other settings."""

from pathlib import Path

import pytest

from esa_auth.commands.stream import Lines
from esa_auth.errors import ConfigError
from tests.kafka.keyed import PLACE, State, lines_of, one_appliance, pipelines_of
from tests.privacy.names import found, seeded
from tests.privacy.names import lines_of as lines_of_a_name
from tests.support.secret_files import write_secret

# Settings, and the letter that the key of names is made of.
PRIVACY = [
    ({}, b""),
    ({"privacy.redact": True}, b""),
    ({"privacy.pseudonymize": True}, b"a"),
    ({"privacy.pseudonymize": True}, b"b"),
]


@pytest.mark.parametrize("after", range(len(PRIVACY)))
@pytest.mark.parametrize("before", range(len(PRIVACY)))
def test_state_of_other_settings_of_privacy_is_refused(
    tmp_path: Path, before: int, after: int
) -> None:
    def lines(number: int) -> Lines:
        settings, letter = PRIVACY[number]
        files = {"event_id.key_file": b"k", "privacy.key_file": letter}
        for name, content in files.items():
            write_secret(tmp_path / name, content * 32)
        keys = {name: str(tmp_path / name) for name in files}
        return lines_of(**settings, **keys)

    state, pipelines = State(), pipelines_of(lines(before))
    for line in one_appliance(300, 1):
        pipelines.read(PLACE, line, state)
    pipelines.write()
    state.commit()
    taken_up = pipelines_of(lines(after))
    if before == after:
        taken_up.read(PLACE, one_appliance(1, 1)[0], state)
        return
    with pytest.raises(ConfigError, match=r"^privacy: .* stream\.group"):
        taken_up.read(PLACE, one_appliance(1, 1)[0], state)


def test_no_name_is_in_what_a_worker_writes(tmp_path: Path) -> None:
    """But for a message without a key, which is handed on as it came."""
    names = seeded()
    for key in ("event_id.key_file", "privacy.key_file"):
        write_secret(tmp_path / key, key[:1].encode() * 32)
    files = {key.name: str(key) for key in tmp_path.iterdir()}
    pipelines = pipelines_of(lines_of(**files, **{"privacy.pseudonymize": True}))
    state, written = State(), []
    for number, name in enumerate(names):
        for line in lines_of_a_name(number, name):
            written += [m.value for m in pipelines.read(PLACE, line, state)]
    pipelines.write()
    state.commit()
    assert len(written) > 5 * len(names)
    written += [*state.committed, *state.committed.values()]
    assert found(names, b"\n".join(written)) == []
