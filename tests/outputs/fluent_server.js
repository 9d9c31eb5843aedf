// FluentServer of @fluent-org/logger, told by one JSON argument what to demand.
// Prints {"port": N} when it listens, then one line per entry: [tag, seconds,
// nanoseconds, record]. Ends with its stdin.
"use strict";
const fs = require("fs");
const { FluentServer } = require("@fluent-org/logger");

const wish = JSON.parse(process.argv[2]);
const server = new FluentServer({
  listenOptions: { port: 0, host: "127.0.0.1" },
  security: wish.sharedKey && {
    serverHostname: "fluent-server",
    sharedKey: wish.sharedKey,
    authorize: Boolean(wish.users),
    userDict: wish.users || {},
  },
  tlsOptions: wish.tls && {
    cert: fs.readFileSync(wish.tls.cert),
    key: fs.readFileSync(wish.tls.key),
  },
});
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
server.on("entry", (tag, time, record) => {
  say([tag, time.epoch, time.nano, record]);
});
server.listen().then(() => say({ port: server.port }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
