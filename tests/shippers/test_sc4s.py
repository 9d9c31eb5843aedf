"""The app parser for Splunk Connect for Syslog, in a syslog-ng with a stand-in."""

import json
import socket
from pathlib import Path

from tests.shippers.hosts import listens, syslog_ng, until
from tests.support.checkout import ROOT, needs_checkout
from tests.support.golden_cases import golden_events
from tests.support.ports import free_port

pytestmark = needs_checkout

PARSER = ROOT / "conf" / "sc4s" / "app-esa_auth.conf"
# Of SC4S: the block that its parsers call, and how it asks them.
AROUND = """\
@version: 3.35
@module appmodel
block rewrite r_set_splunk_dest_default(
    index('') sourcetype('') vendor('') product('') template('')
) {
    set("`index` `sourcetype`", value(".splunk"));
};
@include "PARSER"
source s_in {
    network(ip("127.0.0.1") port(PORT) transport("tcp") log-msg-size(65536));
};
destination d_out { file("OUT" template("${.splunk} ${MESSAGE}\\n")); };
log {
    source(s_in);
    parser { app-parser(topic(sc4s-syslog-pgm)); };
    destination(d_out);
};
"""


def test_an_event_gets_its_sourcetype_and_another_line_none(tmp_path: Path) -> None:
    event, out, port = next(golden_events())[1], tmp_path / "out", free_port()
    text = AROUND.replace("PARSER", str(PARSER)).replace("OUT", str(out))
    configuration = tmp_path / "syslog-ng.conf"
    configuration.write_text(text.replace("PORT", str(port)))
    head = "<13>Mar  2 10:00:00 host1"
    lines = [f"{head} other: a line", f"{head} esa-auth: {json.dumps(event)}"]
    with syslog_ng(configuration):
        until(lambda: listens(port), "syslog-ng does not listen")
        with socket.create_connection(("127.0.0.1", port)) as to:
            to.sendall("".join(f"{line}\n" for line in lines).encode())
        until(lambda: out.exists() and out.read_text(), "nothing came out")
    # The other line is of no parser here; in an SC4S it goes to the next.
    (line,) = out.read_text().splitlines()
    index, sourcetype, message = line.split(" ", 2)
    assert (index, sourcetype) == ("email", "cisco:esa:auth:ecs")
    assert json.loads(message) == event
