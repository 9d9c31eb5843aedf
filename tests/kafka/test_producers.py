"""The producers' configurations that ship: they name what `stream` reads by default."""

import re

import yaml

from esa_auth.resources import conf_text

RAW = yaml.safe_load(conf_text("default.yaml"))["stream"]["topics"]["raw"]
VECTOR = yaml.safe_load(conf_text("vector/kafka.yaml"))
FLUENTD = conf_text("fluentd/kafka.conf")


def test_both_write_to_the_raw_topic_with_the_appliance_as_key() -> None:
    for sink in VECTOR["sinks"].values():
        assert (sink["topic"], sink["key_field"]) == (RAW, "appliance")
        # The line alone: event.id is of the raw line.
        assert sink["encoding"] == {"codec": "raw_message"}
    assert f"default_topic {RAW}\n" in FLUENTD
    assert "message_key_key appliance\n" in FLUENTD
    assert "exclude_message_key true\n" in FLUENTD
    assert "@type single_value\n" in FLUENTD


def test_both_choose_partitions_alike() -> None:
    """An appliance in two partitions would be two appliances."""
    told = re.search(r'"partitioner": "(\w+)"', FLUENTD)
    assert told
    for sink in VECTOR["sinks"].values():
        assert sink["librdkafka_options"]["partitioner"] == told[1]


def test_vector_names_inputs_that_are_there() -> None:
    known = VECTOR["sources"].keys() | VECTOR["transforms"].keys()
    users = (*VECTOR["transforms"].values(), *VECTOR["sinks"].values())
    assert {name for user in users for name in user["inputs"]} <= known
