"use strict";
// Drives a browser for tests/chromium.py: for each job, a line of JSON, what was seen of a
// page in a context of its own, which has nothing of the one before.
const [modules, executablePath] = process.argv.slice(2);
const { chromium } = require(`${modules}/playwright-core`);

const OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

async function look(browser, job) {
  const context = await browser.newContext({
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
    const axe = require("fs").readFileSync(`${modules}/axe-core/axe.min.js`, "utf8");
    const quiet = seen.messages.length;
    await page.evaluate(axe);
    const { violations } = await page.evaluate("axe.run()");
    seen.messages.length = quiet;
    seen.findings = violations.map((found) => [found.impact, found.id, String(found.nodes[0].target)]);
  }
  if (job.how.shot) await page.screenshot({ path: job.how.shot });
  await context.close();
  return seen;
}

(async () => {
  const browser = await chromium.launch({ executablePath, headless: true, args: OFFLINE });
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    const said = await look(browser, JSON.parse(line)).catch((error) => ({ error: String(error) }));
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
