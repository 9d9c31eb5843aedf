"use strict";
// Drives a browser for tests/chromium.py: a job as JSON in, what was seen as JSON out.
const job = JSON.parse(process.argv[2]);
const { chromium } = require(`${job.modules}/playwright-core`);

const OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

(async () => {
  const context = await chromium.launchPersistentContext(job.profile, {
    executablePath: job.chromium, headless: true, args: OFFLINE,
    colorScheme: job.how.colorScheme || "light",
    deviceScaleFactor: job.how.scale || 1,
    viewport: { width: job.how.width || 1280, height: job.how.height || 900 },
  });
  const seen = { requests: [], messages: [], answers: [], findings: [] };
  const page = await context.newPage();
  page.on("request", (request) => { if (request.url() !== job.page) seen.requests.push(request.url()); });
  page.on("console", (message) => seen.messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.messages.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { seen.messages.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(job.page, { waitUntil: "load" });
  for (const key of job.how.press || []) await page.keyboard.press(key);
  await page.mouse.move(500, 700);
  await page.waitForTimeout(300);
  // Over the protocol, which a page's policy does not bind.
  for (const expression of job.expressions) seen.answers.push(await page.evaluate(expression));
  if (job.how.axe) {
    const axe = require("fs").readFileSync(`${job.modules}/axe-core/axe.min.js`, "utf8");
    const quiet = seen.messages.length;
    await page.evaluate(axe);
    const { violations } = await page.evaluate("axe.run()");
    seen.messages.length = quiet;
    seen.findings = violations.map((found) => [found.impact, found.id, String(found.nodes[0].target)]);
  }
  if (job.how.shot) await page.screenshot({ path: job.how.shot });
  await context.close();
  process.stdout.write(JSON.stringify(seen));
})().catch((error) => { console.error(error); process.exit(1); });
