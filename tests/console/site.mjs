// What the tests of server-made sites share: people with browsers who use the keyboard, scans, pictures.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: process.env.OIG_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-proxy-server'],
});

const faults = [];
/** Somebody with a browser of the own, in a language. */
export const person = async (locale = 'en-US') => {
  // The CA is the server's own; that it is the right one is held elsewhere.
  const context = await browser.newContext({ locale, ignoreHTTPSErrors: true, viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('console', (message) => message.type() === 'error' && !/status of (400|401|403|404|422)/.test(message.text()) && faults.push(`${page.url()}: ${message.text()}`));
  page.on('pageerror', (fault) => faults.push(`${page.url()}: ${fault}`));
  return page;
};

/** What a scan finds that keeps people out. axe is put into a world that the page's policy does not rule. */
const accessible = async (page, what) => {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const world = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
  const run = (expression) => session.send('Runtime.evaluate',
    { expression, contextId: world.executionContextId, awaitPromise: true, returnByValue: true });
  await run(`${axe}; undefined`);
  const { result, exceptionDetails } = await run("axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)");
  assert.ok(!exceptionDetails && Array.isArray(result.value), `${what}: the scan does not run: ${JSON.stringify(exceptionDetails)}`);
  const grave = result.value.filter((v) => ['serious', 'critical', 'moderate'].includes(v.impact));
  const told = grave.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.slice(0, 5).map((n) => `${n.html}\n  ${n.failureSummary}`).join('\n  ')}`);
  assert.equal(grave.length, 0, `${what}:\n${told.join('\n')}`);
  await session.detach();
};

/** Scans and pictures the page as it is, in each look; nothing is wider than the screen. */
export const pictured = (pictures, site) => async (page, name) => {
  if (pictures) mkdirSync(pictures, { recursive: true });
  for (const [kind, colorScheme, width, height] of [['light', 'light', 1200, 800], ['dark', 'dark', 1200, 800], ['narrow', 'light', 360, 740]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height });
    await accessible(page, `${name}, ${kind}`);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(beyond <= 0, `${name}, ${kind}: ${beyond} px are beyond the edge`);
    if (pictures) await page.screenshot({ path: `${pictures}/${site}-${name}-${kind}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1200, height: 800 });
};

/** Goes on by the tabulator to what a label, a link or a button says. */
export const tabTo = async (page, locator) => {
  // A page that renews itself may put another element into its place meanwhile: it is looked for at each step.
  const way = [];
  for (let pressed = 0; pressed < 100; pressed += 1) {
    await page.keyboard.press('Tab');
    const outline = await locator.evaluate((element) => element === document.activeElement && getComputedStyle(element).outlineStyle);
    if (outline) return assert.notEqual(outline, 'none', 'where one is can be seen');
    way.push(await page.evaluate(() => document.activeElement.textContent.trim().slice(0, 20) || document.activeElement.outerHTML.slice(0, 60)));
  }
  assert.fail(`${locator} is not reached by the tabulator: ${way.join(', ')}`);
};

/** Fills in the form of the page by keyboard, and sends it by Enter on its button. */
export const send = async (page, fields, button) => {
  for (const [label, text] of fields) {
    await tabTo(page, page.getByLabel(label, { exact: true }));
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
  }
  const pressed = page.getByRole('button', { name: button, exact: true });
  await tabTo(page, pressed);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
};
export const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
export const says = (page, text) => page.getByText(text).first().waitFor();
export const link = async (page, name) => Promise.all([page.waitForNavigation(), page.getByRole('link', { name, exact: true }).first().click()]);

/** Everybody is done: nothing was wrong in any page. */
export const end = async () => {
  assert.deepEqual(faults, []);
  await browser.close();
  console.log('as agreed');
};
