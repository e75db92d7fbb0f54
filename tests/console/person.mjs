// A person without a mouse at the lab's console, in a real browser, for the scripts beside this one; and the truth that the
// hands tell, against which what the page says is held. Its arguments are those of the scripts:
//
//   node SCRIPT http://GATEWAY http://HANDS-OF-NODE-1 http://HANDS-OF-NODE-2 http://HANDS-OF-NODE-3 [FOLDER]
//
// Pictures go to the folder that may be named after them.

import assert from 'node:assert/strict';
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const [gateway, ...hands] = process.argv.slice(2, 6);
assert.equal(hands.length, 3, 'the gateway and the hands of three nodes');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const pictures = process.argv[6];
if (pictures) mkdirSync(pictures, { recursive: true });

export const port = new URL(gateway).port;
export const browser = await chromium.launch({
  executablePath: process.env.OIG_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-proxy-server',
    // A name that its owner made to lead to this machine.
    '--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP other.example 127.0.0.1',
  ],
});

/** A page whose errors are kept; whatever the browser refuses or misses is one. */
export const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.faults = [];
  page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()));
  page.on('pageerror', (fault) => page.faults.push(String(fault)));
  await page.goto(`${gateway}/lab`);
  await page.locator('#link', { hasText: 'Live' }).waitFor();
  // Everything that a screen reader is given to say.
  await page.evaluate(() => {
    window.heard = [];
    const said = document.getElementById('said');
    new MutationObserver(() => window.heard.push(said.textContent)).observe(said, { childList: true });
  });
  return page;
};

export const truth = async (node) => (await fetch(`${hands[node - 1]}/truth/now`)).json();
export const phone = async (dn) => (await fetch(`${hands[Number(dn[0]) - 1]}/phones/${dn}`)).json();

/** Looks until it is so; the truth of another node follows within its link's time. */
export const until = async (what, look) => {
  const end = Date.now() + 30_000;
  for (;;) {
    if (await look()) return;
    assert.ok(Date.now() < end, `not in time: ${typeof what === 'function' ? what() : what}`);
    await new Promise((again) => setTimeout(again, 20));
  }
};

export const legs = async (dn) => (await phone(dn)).legs.map((leg) => `${leg.state} ${leg.other}`).join(', ');
export const isTrue = (dn, wanted) => until(`${dn} is truly ${wanted || 'idle'}`, async () => (await legs(dn)) === wanted);

export const page = await open();
export const card = (dn) => page.locator(`.phone[data-dn="${dn}"]`);
export const shows = (dn, text) => card(dn).filter({ hasText: text }).first().waitFor();
export const heard = async (text) => {
  let said = [];
  const has = async () => {
    said = await page.evaluate(() => window.heard);
    return said.some((one) => one.includes(text));
  };
  await until(() => `${text} is said; heard were\n${said.join('\n')}`, has);
};
export const isOn = (selector) => page.evaluate((s) => document.activeElement.matches(s), selector);

/** Goes on by the tabulator, or back, to what a selector names. */
export const tabTo = async (selector, key = 'Tab') => {
  for (let pressed = 0; pressed < 400; pressed += 1) {
    await page.keyboard.press(key);
    if (await isOn(selector)) return;
  }
  assert.fail(`${selector} is not reached by ${key}`);
};

/** Finds a phone by its number: Enter opens it and goes there. */
export const goTo = async (dn) => {
  if (!(await isOn('#search'))) await tabTo('#search', 'Shift+Tab');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(dn);
  await page.keyboard.press('Enter');
  assert.ok(await isOn(`.phone[data-dn="${dn}"] *`), `${dn} has the focus`);
};

/** Presses a button of the phone that has the focus. */
export const press = async (dn, verb) => {
  const button = `.phone[data-dn="${dn}"] .line:first-child button[data-verb="${verb}"]`;
  await page.locator(button).waitFor();
  await tabTo(button);
  await page.keyboard.press('Enter');
};

/** Of a page, whole, or of a part of one. */
export const picture = async (name, of = page) => {
  if (pictures) await of.screenshot({ path: `${pictures}/${name}.png`, ...(of.page ? {} : { fullPage: true }) });
};

/** What a scan finds that keeps people out. */
export const accessible = async (what, of = page) => {
  await of.evaluate(axe);
  const found = await of.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const grave = found.violations.filter((v) => ['serious', 'critical', 'moderate'].includes(v.impact));
  const told = grave.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.slice(0, 5).map((n) => `${n.html}\n  ${n.failureSummary}`).join('\n  ')}`);
  assert.equal(grave.length, 0, `${what}:\n${told.join('\n')}`);
  assert.ok(found.violations.length >= 0 && found.testEngine.name === 'axe-core');
};

/** Keys a number at a phone's first line, and Enter. */
export const dial = async (dn, number) => {
  await goTo(dn);
  if (!(await isOn(`.phone[data-dn="${dn}"] .line:first-child .number`))) await tabTo(`.phone[data-dn="${dn}"] .line:first-child .number`);
  await page.keyboard.type(number);
  await page.keyboard.press('Enter');
};
/** Takes the filter off. */
export const everyPhone = async () => {
  await page.locator('#search').press('Control+A');
  await page.locator('#search').press('Delete');
};

/** Something of a set, beside its lines. */
export const own = (dn, selector) => `.phone[data-dn="${dn}"] .more ${selector}`;
