"""A host is known by how it is written, never by an offset alone."""

import pytest

from tests.envelope.unknown_heads import NATIVE_INFO, both
from tests.support.harness import ended, inbound, made, native, opened

SYSLOG = (
    b"Mar 17 18:24:37 %b Info: ",
    b"<22>Mar 17 18:24:37 %b Info: ",
    b"<166>Mar 17 18:24:37 %b Info: ",
    b"<6>Mar 17 18:24:37 %b Info: ",
    b"Mar  7 18:24:37 %b Info: ",
    b"Mar 17 18:24:37 2026 %b Info: ",
    b"2026 Mar 17 18:24:37 %b Info: ",
    b"Mar 17 18:24:37.5 %b Info: ",
    b"2026-03-17T18:24:37Z %b Info: ",
    b"2026-03-17 18:24:37 %b Info: ",
    b"<22>2026-03-17T18:24:37 %b Info: ",
    b"Mar 17 18:24:37 %b x: Info: ",
    b"<22>Mar 17 18:24:37 %b mail_logs: Info: ",
    b"Original Address=%b Mar 17 18:24:37 x: Info: ",
)


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize("form", SYSLOG)
@pytest.mark.parametrize("letter", [b"h", b"7", b"0"])
def test_a_host_name_of_any_length(form: bytes, letter: bytes, record: bool) -> None:
    bodies = [*opened(), inbound(outcome="succeeded"), b"ICID 450 close"]
    for length in range(1, 41):
        host = b"e" * (letter != b"7") + letter * (length - (letter != b"7"))
        lines = [form.replace(b"%b", host) + body for body in bodies]
        pipeline = made()
        if record:
            pipeline.feed_records([(line, "other", None) for line in lines])
        else:
            pipeline.feed(lines)
        found = ended(pipeline)
        found.assert_accounted()
        assert not found.dead, lines[0]
        assert len(found.events) == 2, lines[0]
        assert found.events[0]["observer"]["name"] == host.decode(), lines[0]
        assert found.events[0]["source"]["ip"] == "198.51.100.7", lines[0]


@pytest.mark.parametrize("record", [False, True])
def test_a_year_where_a_native_stamp_has_its_own(record: bool) -> None:
    """Among native lines of that year, and without a host."""
    head = b"<22>Apr 22 11:00:00 2009 Info: "
    assert len(head) == len(native(""))
    bodies = [*opened(), inbound(outcome="succeeded"), b"ICID 450 close"]
    lines = [native(b"MID 1 ICID 1 x"), *(head + body for body in bodies)]
    pipeline = made()
    if record:
        pipeline.feed_records([(line, None, None) for line in lines])
    else:
        pipeline.feed(lines)
    found = ended(pipeline)
    found.assert_accounted()
    assert not found.dead
    assert [e["@timestamp"] for e in found.events] == ["2009-04-22T11:00:00.000Z"] * 2
    assert found.results[0]["source"]["ip"] == "198.51.100.7"


@pytest.mark.parametrize("glued", [b'"', b"[", b"msg:", b'message="', b"{x}(", b"x|"])
def test_what_is_glued_on_a_weekday_is_no_host(glued: bytes) -> None:
    for stamp in (
        b"2026-04-22T11:00:00Z ",
        b"Apr 22 11:00:00 ",
        b"time:2026-04-22 11:00:00 ",
    ):
        line = stamp + glued + NATIVE_INFO + inbound()
        for found in both(line):
            assert not found.events, line
            assert found.dead[0]["observer"]["name"] == "esa", line


TEMPLATES = (
    *(b"%{host}", b"%{[host][name]}", b'{host="esa01"}', b"{{host}}", b"${HOST}"),
    *(
        b"$HOST",
        b"%HOSTNAME%",
        b"<host>",
        b"host=esa01",
        b"{esa01}",
        b"@HOST@",
        b"(null)",
    ),
    *(b"[esa01]", b"[]", b"esa01,", b"esa01;", b"esa01|mail", b"'esa01'", b'"esa01"'),
    *(
        b"\\N",
        b"esa/01",
        b"root@esa01",
        b"esa\x0001",
        b"\xff",
        b"*",
        b"?",
        b"!esa",
        b"...",
    ),
    *(
        b"[2001:db8::10",
        b"2001:db8::10]",
        b"%esa01",
        b"esa#1",
        b"{}",
        b"-",
        b"--",
        b".",
        b"_",
    ),
)


@pytest.mark.parametrize("host", TEMPLATES)
@pytest.mark.parametrize("behind", [b"", b"mail_logs: "])
def test_what_can_be_no_host_names_no_appliance(host: bytes, behind: bytes) -> None:
    """What a collector left of a template, or puts around a name."""
    for stamp in (
        b"2026-04-22T11:00:00Z ",
        b"<22>2026-04-22T11:00:00+00:00 ",
        b"Apr 22 11:00:00 ",
        b"<22>1 2026-04-22T11:00:00Z ",
        b"Apr 22 11:00:00 relay Original Address=",
        b"01-15-2026 11:44:53\tLocal3.Info\t",
        b"Wed Apr 22 11:00:00 2026 ",
        b"",
    ):
        around = stamp + host
        if stamp.startswith(b"<22>1"):
            around += b" mail_logs - - -"
        if stamp.endswith(b"\t"):
            around += b"\tApr 22 11:00:00"
        for found in both(around + b" " + behind + b"Info: " + inbound()):
            found.assert_accounted()
            assert found.counters.ignored == 0
            names = {e["observer"]["name"] for e in (*found.events, *found.dead)}
            assert names <= {"esa", "relay"}, around
