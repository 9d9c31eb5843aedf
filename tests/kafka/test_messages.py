"""What a worker sends: each message has a key, and none is too large."""

import pytest

from tests.kafka.keyed import PLACE, lines_of, told


def test_an_event_larger_than_a_message_is_a_dead_letter() -> None:
    lines = lines_of()
    pipeline = lines.pipeline()
    name = b"\x01" * 60_000
    for number in range(40):
        line = (
            b"Tue Mar 17 17:00:%02d 2026 Info: SMTP Auth: (ICID 7) failed for user:"
            b" %d%b using AUTH mechanism: LOGIN with profile: p"
        ) % (number, number, name)
        lines.feed(pipeline, PLACE[2], line)
    lines.feed(pipeline, PLACE[2], b"Tue Mar 17 17:01:00 2026 Info: ICID 7 close")
    made = lines.take(pipeline, PLACE[2])
    assert max(len(message.value) for message in made) <= 900_000
    dead = [message for message in made if message.topic == "dead_letters"]
    assert {d["error"]["type"] for d in told(dead)} == {"undeliverable"}
    # Its end names the users that a session has room for.
    (end,) = (message for message in made if message.topic == "events")
    assert len(dead) == 40
    assert len(told([end])[0]["related"]["user"]) == 1


def test_a_broken_record_of_any_size_is_a_dead_letter() -> None:
    lines = lines_of()
    pipeline = lines.pipeline()
    lines.feed(pipeline, PLACE[2], b'{"message": ' + b"\x01" * 900_000)
    (letter,) = lines.take(pipeline, PLACE[2])
    assert letter.topic == "dead_letters"
    assert letter.key == PLACE[2]
    assert len(letter.value) <= 900_000
    assert pipeline.counters.lines == pipeline.counters.rejected == 1


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"Tue Mar 17 17:00:00 2026 Info: ICID 1 close", b"esa"),
        (b"<166>Mar 17 17:00:00 gw9 mail_logs: Info: ICID 1 close", b"gw9"),
        (b'{"message": "Info: ICID 1 close", "host": "rec7"}', b"rec7"),
        (b'{"message": "<166>Mar 17 17:00:00 gw9 mail_logs: Info: x"}', b"gw9"),
        (b'{"no": "message"}', b"esa"),
        (b"", b"esa"),
    ],
)
def test_a_message_without_a_key_gets_that_of_its_line(
    value: bytes, key: bytes
) -> None:
    (message,) = lines_of().rekey(value)
    assert (message.topic, message.key, message.value) == ("keyed", key, value)
