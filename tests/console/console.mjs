// A person without a mouse at the lab's console: calls, holds, consults, transfers, redirects, breaks a node and sees it
// come back, in a real browser. What the page says is held against the truth that the hands tell.
//
//   node console.mjs http://GATEWAY http://HANDS-OF-NODE-1 http://HANDS-OF-NODE-2 http://HANDS-OF-NODE-3 [FOLDER]
//
// Pictures go to the folder that may be named after them.

import assert from 'node:assert/strict';
import { readFileSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [gateway, ...hands] = process.argv.slice(2, 6);
assert.equal(hands.length, 3, 'the gateway and the hands of three nodes');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.argv[6];
if (pictures) mkdirSync(pictures, { recursive: true });

const port = new URL(gateway).port;
const browser = await chromium.launch({
  executablePath: process.env.OIG_CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-proxy-server',
    // A name that its owner made to lead to this machine.
    '--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP other.example 127.0.0.1',
  ],
});

/** A page whose errors are kept; whatever the browser refuses or misses is one. */
const open = async (options = {}) => {
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

const truth = async (node) => (await fetch(`${hands[node - 1]}/truth/now`)).json();
const phone = async (dn) => (await fetch(`${hands[Number(dn[0]) - 1]}/phones/${dn}`)).json();

/** Looks until it is so; the truth of another node follows within its link's time. */
const until = async (what, look) => {
  const end = Date.now() + 30_000;
  for (;;) {
    if (await look()) return;
    assert.ok(Date.now() < end, `not in time: ${typeof what === 'function' ? what() : what}`);
    await new Promise((again) => setTimeout(again, 20));
  }
};

const legs = async (dn) => (await phone(dn)).legs.map((leg) => `${leg.state} ${leg.other}`).join(', ');
const isTrue = (dn, wanted) => until(`${dn} is truly ${wanted || 'idle'}`, async () => (await legs(dn)) === wanted);

const page = await open();
const card = (dn) => page.locator(`.phone[data-dn="${dn}"]`);
const shows = (dn, text) => card(dn).filter({ hasText: text }).first().waitFor();
const heard = async (text) => {
  let said = [];
  const has = async () => {
    said = await page.evaluate(() => window.heard);
    return said.some((one) => one.includes(text));
  };
  await until(() => `${text} is said; heard were\n${said.join('\n')}`, has);
};
const isOn = (selector) => page.evaluate((s) => document.activeElement.matches(s), selector);

/** Goes on by the tabulator, or back, to what a selector names. */
const tabTo = async (selector, key = 'Tab') => {
  for (let pressed = 0; pressed < 400; pressed += 1) {
    await page.keyboard.press(key);
    if (await isOn(selector)) return;
  }
  assert.fail(`${selector} is not reached by ${key}`);
};

/** Finds a phone by its number: Enter opens it and goes there. */
const goTo = async (dn) => {
  if (!(await isOn('#search'))) await tabTo('#search', 'Shift+Tab');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(dn);
  await page.keyboard.press('Enter');
  assert.ok(await isOn(`.phone[data-dn="${dn}"] *`), `${dn} has the focus`);
};

/** Presses a button of the phone that has the focus. */
const press = async (dn, verb) => {
  const button = `.phone[data-dn="${dn}"] .line:first-child button[data-verb="${verb}"]`;
  await page.locator(button).waitFor();
  await tabTo(button);
  await page.keyboard.press('Enter');
};

const picture = async (name, of = page) => {
  if (pictures) await of.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

/** What a scan finds that keeps people out. */
const accessible = async (what, of = page) => {
  await of.evaluate(axe);
  const found = await of.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const grave = found.violations.filter((v) => ['serious', 'critical', 'moderate'].includes(v.impact));
  const told = grave.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.slice(0, 5).map((n) => `${n.html}\n  ${n.failureSummary}`).join('\n  ')}`);
  assert.equal(grave.length, 0, `${what}:\n${told.join('\n')}`);
  assert.ok(found.violations.length >= 0 && found.testEngine.name === 'axe-core');
};

// The page stands, and the first thing that the keyboard reaches leads to the phones.
await page.locator('#nodes .node').nth(2).waitFor();
assert.equal(await page.locator('.phone').count(), 60);
assert.match(await page.locator('#count').textContent(), /^60 phones, 0 busy$/);
await page.keyboard.press('Tab');
assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the phones');
await page.keyboard.press('Enter');
await page.keyboard.press('Tab');
assert.ok(await isOn('.node:first-child summary'), 'after the link comes the first node');
await accessible('an idle lab');
await picture('idle');

// A call across nodes.
await goTo('1000');
assert.ok(await isOn('.number'));
await page.keyboard.type('2001');
await page.keyboard.press('Enter');
await shows('1000', 'Ringback from 2001 Fischer & Sohn, Werkstatt');
await goTo('2001');
await shows('2001', 'Ringing from 1000 Archer, Maya');
await heard('2001 is rung by 1000 Archer, Maya');
await isTrue('2001', 'alerting 1000');
await press('2001', 'answer');
await shows('2001', 'Talking with 1000 Archer, Maya');
assert.ok(await isOn('.phone[data-dn="2001"] .line'), 'the line keeps the focus when its button is gone');
assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^2001 line 1, Talking with 1000/);
await isTrue('1000', 'connected 2001');

// Held, and taken back.
await goTo('1000');
await press('1000', 'hold');
await shows('1000', 'Holding 2001');
await isTrue('1000', 'held 2001');
await page.locator('#search').press('Control+A');
await page.locator('#search').press('Delete');
await shows('2001', 'On hold by 1000 Archer, Maya');
await goTo('1000');
await press('1000', 'retrieve');
await shows('1000', 'Talking with 2001');

// A consultation, and the transfer.
await goTo('1000');
await tabTo('.phone[data-dn="1000"] .number');
await page.keyboard.type('2002');
await page.keyboard.press('Enter');
await shows('1000', 'Ringback from 2002');
await goTo('2002');
await press('2002', 'answer');
await isTrue('1000', 'held 2001, connected 2002');
await page.locator('#search').press('Control+A');
await page.locator('#search').press('Delete');
await page.locator('#busy').check();
await page.waitForFunction(() => document.querySelectorAll('.phone:not([hidden])').length === 3);
await accessible('a consultation');
await picture('consultation');
await page.locator('#busy').uncheck();
await goTo('1000');
await press('1000', 'transfer');
await isTrue('1000', '');
await isTrue('2001', 'connected 2002');
await heard('2002 talks with 2001 Fischer');
await goTo('2001');
await shows('2001', 'Talking with 2002');
await press('2001', 'hangup');
await isTrue('2002', '');
await shows('2001', 'Idle');

// A call that is sent on while it rings; what a phone does not do is said beside it.
await goTo('1000');
await tabTo('.phone[data-dn="1000"] .number');
await page.keyboard.type('2001');
await page.keyboard.press('Enter');
await goTo('2001');
await shows('2001', 'Ringing from 1000');
await tabTo('.phone[data-dn="2001"] .number');
await page.keyboard.press('Enter');
await shows('2001', 'Redirect needs a number');
await page.keyboard.type('3000');
await page.keyboard.press('Enter');
await isTrue('2001', '');
await goTo('3000');
await shows('3000', 'Ringing from 1000');
await goTo('3001');
await press('3001', 'offhook');
await shows('3001', 'Dial tone');
await goTo('3001');
await tabTo('.phone[data-dn="3001"] .number');
await page.keyboard.type('1000');
await page.keyboard.press('Enter');
await shows('3001', 'Busy');
await press('3001', 'hangup');
await goTo('3001');
await tabTo('.phone[data-dn="3001"] .number');
await page.keyboard.type('3002');
await press('3001', 'pickup');
await shows('3001', 'Pick up: nothing to answer');
await heard('3001 refused. Pick up: nothing to answer');
await goTo('1000');
await press('1000', 'hangup');
await isTrue('3000', '');

// Do not disturb is of the set, not of a line.
await goTo('2003');
await tabTo('.phone[data-dn="2003"] [data-dnd]');
await page.keyboard.press('Enter');
await page.locator('.phone[data-dn="2003"] [data-dnd][aria-pressed="true"]').waitFor();
assert.equal((await phone('2003')).dnd, true);
await goTo('1000');
await tabTo('.phone[data-dn="1000"] .number');
await page.keyboard.type('2003');
await page.keyboard.press('Enter');
await shows('1000', 'Do not disturb 2003');
await press('1000', 'hangup');
await goTo('2003');
await tabTo('.phone[data-dn="2003"] [data-dnd]');
await page.keyboard.press('Enter');
await page.locator('.phone[data-dn="2003"] [data-dnd][aria-pressed="false"]').waitFor();
assert.equal((await phone('2003')).dnd, false);

// Calls are forwarded, each kind to its own number; what is set is seen without opening anything, and ended there.
const own = (dn, selector) => `.phone[data-dn="${dn}"] .more ${selector}`;
await tabTo(own('2003', '[data-open="forward"]'));
await page.keyboard.press('Enter');
await tabTo(own('2003', '.to'));
await page.keyboard.press('Enter');
await shows('2003', 'Forward needs a number');
await page.keyboard.type('2003');
await page.keyboard.press('Enter');
await shows('2003', 'Forward: calls cannot be forwarded there');
await heard('2003 refused. Forward: calls cannot be forwarded there');
const kinds = ['always', 'busyInternal', 'busyExternal', 'noAnswerInternal', 'noAnswerExternal'];
for (const [i, kind] of kinds.entries()) {
  if (i) {
    await tabTo(own('2003', '.which'), 'Shift+Tab');
    await page.keyboard.press('ArrowDown');
    await tabTo(own('2003', '.to'));
  }
  await page.keyboard.press('Control+A');
  await page.keyboard.type(`200${4 + i}`);
  await page.keyboard.press('Enter');
  await until(`${kind} is truly forwarded`, async () => (await phone('2003')).forwards?.[kind] === `200${4 + i}`);
  await page.waitForFunction((s) => document.querySelector(s).value === '', own('2003', '.to'));
}
assert.deepEqual(await page.locator(own('2003', '.forwards li')).allInnerTexts().then((all) => all.map((one) => one.split(' Stop')[0])), [
  'All calls: to 2004 Kowalski, Jan', 'Busy, from outside: to 2006 Söderström, Björn', 'Busy, from inside: to 2005 Singh, Harpreet',
  'No answer, from outside: to 2008 Mbeki, Thandi', 'No answer, from inside: to 2007 Lobby <North>',
]);
await heard('2003: forwarded to 2004 Kowalski, Jan, all calls');
await shows('2003', 'Forwarded');
await goTo('1000');
await tabTo('.phone[data-dn="1000"] .number');
await page.keyboard.type('2003');
await page.keyboard.press('Enter');
await isTrue('2004', 'alerting 1000');
await press('1000', 'hangup');
await isTrue('2004', '');
await goTo('2003');
for (const kind of kinds) {
  await tabTo(own('2003', `[data-stop="${kind}"]`), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await until(`${kind} is truly over`, async () => !(await phone('2003')).forwards?.[kind]);
  await page.waitForFunction((s) => document.activeElement.matches(s), '.phone[data-dn="2003"] .more');
  await tabTo(own('2003', '.to'));
}
assert.ok(await page.locator(own('2003', '.forwards')).isHidden() && await card('2003').locator('.sent-on').isHidden());

// A hot desk user comes to a set. The PIN is never seen, nor said, and no field keeps it.
const WRONG = '86420975';
await goTo('1010');
await tabTo(own('1010', '[data-open="login"]'));
await page.keyboard.press('Enter');
await tabTo(own('1010', '.user'));
await page.keyboard.type('1900');
await page.keyboard.press('Enter');
await shows('1010', 'Log in needs a user and a PIN');
assert.ok(await isOn(own('1010', '.pin[type="password"]')), 'what is missing has the focus');
await page.keyboard.type(WRONG);
await accessible('a login');
await picture('login');
await page.keyboard.press('Enter');
await shows('1010', 'Log in: The PIN is wrong.');
assert.ok(await isOn(own('1010', '.pin')));
assert.equal(await page.locator(own('1010', '.pin')).inputValue(), '');
await page.keyboard.type('1234');
await page.keyboard.press('Enter');
await shows('1010', 'user 1900 Desk, Hot 1900');
await heard('1010: 1900 Desk, Hot 1900 is logged in');
await page.waitForFunction(() => document.activeElement.matches('.phone[data-dn="1010"] .more'));
assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^1010, the set of user 1900/);
assert.equal((await phone('1010')).user, '1900');
assert.equal(await page.locator('.phone[data-dn="1010"] .line:visible').count(), 2, 'as many keys as the user has');
// The user's calls are at the set, and it is found by the user's number.
await goTo('1000');
await tabTo('.phone[data-dn="1000"] .number');
await page.keyboard.type('1900');
await page.keyboard.press('Enter');
await shows('1000', 'Ringback from 1900 Desk, Hot 1900');
await page.locator('#search').press('Control+A');
await page.keyboard.type('1900');
await page.keyboard.press('Enter');
assert.ok(await isOn('.phone[data-dn="1010"] *'));
await press('1010', 'answer');
await isTrue('1900', 'connected 1000');
await shows('1010', 'Talking with 1000 Archer, Maya');
assert.ok(await page.locator(own('1010', '[data-logout]')).isHidden(), 'nobody goes during a call');
await press('1010', 'hold');
await page.locator('#search').press('Control+A');
await page.locator('#search').press('Delete');
await shows('1000', 'On hold by 1900 Desk, Hot 1900');
await press('1010', 'retrieve');
await press('1010', 'hangup');
await isTrue('1900', '');
await tabTo(own('1010', '[data-logout]'));
await page.keyboard.press('Enter');
await shows('1010', 'Nguyễn, Thị Hạnh');
await page.waitForFunction(() => document.activeElement.matches('.phone[data-dn="1010"] .more'));
assert.equal((await phone('1010')).user, undefined);

// A user who is outside has no set; who is where is in a list of the node.
const users = page.locator('.node').nth(0).locator('.users');
await tabTo('.node:first-child .users summary', 'Shift+Tab');
await page.keyboard.press('Enter');
assert.equal(await users.locator('datalist option').count(), 10, 'who may log in at a set is proposed there');
await tabTo('.node:first-child .users .pin');
await page.keyboard.type(WRONG);
await page.keyboard.press('Enter');
await users.locator('.refusal', { hasText: 'Log in: The PIN is wrong.' }).waitFor();
await heard('Node 1 refused. Log in: The PIN is wrong.');
await page.keyboard.type('1234');
await tabTo('.node:first-child .users .at');
await page.keyboard.type('9 555-0177');
await page.keyboard.press('Enter');
await users.locator('li', { hasText: '1950 Desk, Elsewhere 1950' }).filter({ hasText: 'at 95550177' }).waitFor();
await users.locator('.count', { hasText: '1 of 15 logged in' }).waitFor();
assert.equal((await phone('1950')).desk, '95550177');
await accessible('hot desk users');
await picture('users');
await tabTo('.node:first-child .users [data-logout="1950"]', 'Shift+Tab');
await page.keyboard.press('Enter');
await users.locator('.count', { hasText: '0 of 15 logged in' }).waitFor();
assert.ok(await isOn('.node:first-child .users summary'));
await page.keyboard.press('Enter');
const everything = await page.evaluate(() => document.documentElement.outerHTML + window.heard.join()
  + JSON.stringify({ ...localStorage, ...sessionStorage }) + [...document.querySelectorAll('input')].map((i) => i.value).join());
assert.ok(!everything.includes(WRONG), 'a PIN is nowhere on the page');
assert.ok(await page.evaluate(() => [...document.querySelectorAll('.pin')].every((i) => i.type === 'password' && i.value === '')));

/** Keys a number at a phone's first line, and Enter. */
const dial = async (dn, number) => {
  await goTo(dn);
  if (!(await isOn(`.phone[data-dn="${dn}"] .line:first-child .number`))) await tabTo(`.phone[data-dn="${dn}"] .line:first-child .number`);
  await page.keyboard.type(number);
  await page.keyboard.press('Enter');
};
const everyPhone = async () => {
  await page.locator('#search').press('Control+A');
  await page.locator('#search').press('Delete');
};

// Waiting at a phone that is busy; it rings when that is free.
await goTo('1002');
await press('1002', 'offhook');
await dial('1000', '1002');
await shows('1000', 'Busy 1002');
await press('1000', 'campon');
await isTrue('1000', 'queued 1002');
await shows('1000', 'Waiting for 1002 Müller, Jörg');
await goTo('1002');
await shows('1002', 'Call waiting from 1000 Archer, Maya');
await press('1002', 'hangup');
await shows('1002', 'Ringing from 1000');
await press('1002', 'answer');
await isTrue('1000', 'connected 1002');

// The call that waits is traded for the one there is.
await dial('1001', '1000');
await press('1001', 'campon');
await goTo('1000');
await shows('1000', 'Call waiting from 1001');
await accessible('a call that waits');
await everyPhone();
await picture('waiting');
await goTo('1000');
await press('1000', 'trade');
await isTrue('1000', 'held 1002, connected 1001');
await press('1000', 'hangup');
await press('1000', 'retrieve');
await press('1000', 'hangup');
await isTrue('1002', '');

// Being called back, and leaving a message.
await goTo('1002');
await press('1002', 'offhook');
await dial('1000', '1002');
await press('1000', 'callback');
await isTrue('1000', '');
await goTo('1002');
await press('1002', 'hangup');
await goTo('1000');
await shows('1000', 'Called back to reach 1002 Müller, Jörg');
await press('1000', 'answer');
await isTrue('1002', 'alerting 1000');
await press('1000', 'hangup');
await isTrue('1002', '');
await dial('1000', '1003');
await press('1000', 'message');
await until('there is truly a message', async () => (await phone('1003')).messages?.includes('1000'));
if ((await phone('1000')).legs.length) await press('1000', 'hangup');
await everyPhone();
await shows('1003', 'Message from 1000');

// Somebody outside calls a number that comes in, with and without saying who it is.
const trunks = '#outside .trunks:first-child';
assert.deepEqual(await page.locator('#outside h3').allTextContents(), ['Node 1: Head office A', 'Node 3: Contact centre']);
await page.locator(`${trunks} .way`, { hasText: 'trunks 1 to 8; +16135551000 to +16135551019 come in' }).waitFor();
await tabTo(`${trunks} .from`);
await page.keyboard.type('+1 (613) 555-0123');
await page.keyboard.press('Tab');
await page.keyboard.type('Zoë & Co <Außen>');
await page.keyboard.press('Tab');
await page.keyboard.type('+1 613 555-0000');
await page.keyboard.press('Enter');
await page.locator(`${trunks} .refusal`, { hasText: 'Call: ' }).waitFor();
await heard('Outside, node 1 refused. Call: ');
await page.keyboard.press('Control+A');
await page.keyboard.type('+1 613 555-1000');
await page.keyboard.press('Enter');
await isTrue('1000', 'alerting +16135550123');
await heard('Trunk 1: +16135550123 Zoë & Co <Außen> to +16135551000, Ringback');
assert.ok(await page.locator(`${trunks} .refusal`).isHidden());
await goTo('1000');
await shows('1000', 'Ringing from +16135550123 Zoë & Co <Außen>');
await press('1000', 'answer');
const call = page.locator(`${trunks} .call`);
await call.filter({ hasText: 'Talking' }).waitFor();
assert.ok(await call.getByRole('button', { name: 'Answer' }).isHidden(), 'who called has nothing to answer');
await tabTo(`${trunks} .call [data-verb="hangup"]`);
assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Hang up the call from +16135550123 Zoë & Co <Außen> to +16135551000');
await page.keyboard.press('Enter');
await isTrue('1000', '');
await call.waitFor({ state: 'detached' });
assert.ok(await isOn(trunks), 'the node keeps the focus when the call is gone');
await heard('to +16135551000, over');
await tabTo(`${trunks} .from`);
await page.keyboard.press('Control+A');
await page.keyboard.press('Delete');
await tabTo(`${trunks} .caller`);
await page.keyboard.press('Control+A');
await page.keyboard.press('Delete');
await page.keyboard.press('Enter');
await call.filter({ hasText: 'a withheld number to +16135551000' }).waitFor();
await goTo('1000');
await shows('1000', 'Ringing from a withheld number');
// One goes out beside it: it rings outside until somebody answers there.
await dial('1001', '95550155');
await call.nth(1).filter({ hasText: '1001 Bélanger, Zoé to +16135550155: Ringing' }).waitFor();
await accessible('outside');
await everyPhone();
await picture('outside');
await tabTo(`${trunks} .call:nth-child(2) [data-verb="answer"]`);
await page.keyboard.press('Enter');
await isTrue('1001', 'connected 95550155');
await page.waitForFunction((s) => document.activeElement.matches(s), `${trunks} .call:nth-child(2)`); // it keeps the focus when it is answered
await goTo('1001');
await tabTo('.phone[data-dn="1001"] .number');
await page.keyboard.type('24');
await press('1001', 'account');
await shows('1001', 'account code 24');
await press('1001', 'hangup');
await tabTo(`${trunks} .call [data-verb="hangup"]`);
await page.keyboard.press('Enter');
await call.waitFor({ state: 'detached' });
await isTrue('1000', '');

// Node 2 loses its power in the middle of a call, and comes back by itself.
await page.locator('#search').press('Control+A');
await page.locator('#search').press('Delete');
const node = page.locator('.node').nth(1);
const until2 = (text) => node.locator('.facts').filter({ hasText: text }).waitFor();
await until2('1 gateway');
await until2('Linked to 1, 3');
await goTo('1001');
await page.keyboard.type('2005');
await page.keyboard.press('Enter');
await shows('1001', 'Ringback from 2005');
await goTo('2003');
await page.locator('#search').press('Control+A');
await page.locator('#search').press('Delete');
await node.locator('.break summary').press('Enter');
await node.locator('.seconds').press('Control+A');
await page.keyboard.type('600');
await tabTo('.node:nth-child(2) button[data-fault="power"]');
await page.keyboard.press('Enter');
await until2('No power');
await until2('No gateway');
await picture('no-power');
await heard('Node 2 has no power');
await shows('2003', 'Its node has no power.');
assert.equal(await card('2003').locator('button:visible').count(), 1, 'a phone without power takes nothing');
await until('node 2 is truly without power', async () => !!(await truth(2)).faults.powerless_until_ms);
await isTrue('1001', '');
await accessible('a node without power');
// The time is counted anew; when it is over nobody has to do anything.
await node.locator('.seconds').press('Control+A');
await page.keyboard.type('1');
await tabTo('.node:nth-child(2) button[data-fault="power"]');
await page.keyboard.press('Enter');
await until2('Power on');
await until2('1 gateway');
await until2('Linked to 1, 3');
await heard('Node 2 has power again');
assert.equal((await truth(2)).faults.powerless_until_ms, null);

// Links that are refused for an hour are healed by hand.
await node.locator('.seconds').press('Control+A');
await page.keyboard.type('3600');
await tabTo('.node:nth-child(2) button[data-link="close"]');
await page.keyboard.press('Enter');
await until2('Refuses gateways');
await until2('No gateway');
await tabTo('.node:nth-child(2) button[data-heal]');
await page.keyboard.press('Enter');
await until2('1 gateway');
await until(`node 2 is truly healed`, async () => (await truth(2)).faults.refuses_gateways_until_ms === null);
assert.match(await page.locator('#records').textContent(), /2001 Fischer.*has left the call/s);
assert.deepEqual(page.faults.filter((f) => !f.includes('409')), [], 'the browser complains of nothing but the refusals that were wanted');

// The same in the dark, and on a narrow screen; nothing is wider than the screen.
for (const [name, options] of [
  ['dark', { colorScheme: 'dark' }], ['narrow', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
  ['middle', { viewport: { width: 820, height: 1100 } }], ['wide', { viewport: { width: 1920, height: 1080 } }],
  ['narrow-dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true, isMobile: true }],
]) {
  const other = await open(options);
  for (const [dn, verb, number] of [
    ['1002', 'dial', '2004'], ['2004', 'answer'], ['1003', 'dial', '3003'], ['2007', 'dial', '1499'],
    ['1004', 'dial', '1006'], ['1006', 'answer'], ['1004', 'hold'], ['2003', 'dnd'], ['1005', 'forward', '2001'],
    ['1010', 'login', '1901'], ['1007', 'dial', '95550166'],
  ]) {
    const bodies = { dnd: { on: true }, forward: { type: 'noAnswerInternal', number }, login: { user: number, pin: '1234' } };
    const body = JSON.stringify(bodies[verb] ?? { number });
    await until(`${dn} does ${verb}`, async () => (await fetch(`${hands[Number(dn[0]) - 1]}/phones/${dn}/${verb}`, { method: 'POST', body })).ok);
  }
  await other.locator('.phone[data-dn="3003"]', { hasText: 'Ringing' }).waitFor();
  await other.locator('.phone[data-dn="1005"] .toggle').click();
  await other.locator(own('1005', '[data-open="forward"]')).click();
  await other.locator('.phone[data-dn="1011"] .toggle').click();
  await other.locator(own('1011', '[data-open="login"]')).click();
  await other.locator('.node').nth(0).locator('.users summary').click();
  await other.locator('.node').nth(1).locator('.break summary').click();
  await accessible(name, other);
  await picture(name, other);
  const wide = await other.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px are beyond the edge`);
  for (const [dn, verb] of [['1002', 'hangup'], ['1003', 'hangup'], ['2007', 'hangup'], ['1006', 'hangup'], ['2003', 'dnd'], ['1005', 'forward'], ['1007', 'hangup'],
    ['1010', 'logout']]) {
    const body = JSON.stringify({ dnd: { on: false }, forward: { type: 'noAnswerInternal', number: '' } }[verb] ?? {});
    assert.ok((await fetch(`${hands[Number(dn[0]) - 1]}/phones/${dn}/${verb}`, { method: 'POST', body })).ok, `${dn} ${verb}`);
  }
  for (const dn of ['1004', '2004', '3003']) await isTrue(dn, '');
  assert.deepEqual(other.faults, []);
  await other.context().close();
}

// A place that is full, then one: the page comes again by itself, and says so meanwhile.
const late = await (await browser.newContext()).newPage();
let full = true;
await late.route('**/lab/events', (route) => {
  if (!full) return route.continue();
  full = false;
  return route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":"too many pages look at the console"}' });
});
await late.goto(`${gateway}/lab`);
await late.locator('#link', { hasText: 'Connection lost, trying again' }).waitFor();
await late.locator('#link', { hasText: 'Live' }).waitFor();
assert.equal(await late.locator('.phone').count(), 60);
await late.context().close();

// Pages of other origins: another port of this machine, another name, and a name made to lead here.
const stranger = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>Other</title>'));
await new Promise((ready) => stranger.listen(0, '127.0.0.1', ready));
const from = stranger.address().port;
const before = await Promise.all([1, 2, 3].map(async (n) => (await truth(n)).seq));
for (const origin of [`http://127.0.0.1:${from}`, `http://localhost:${from}`, `http://other.example:${from}`]) {
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(origin);
  const got = await other.evaluate(async (lab) => {
    const sent = async (path, options) => {
      try {
        const answer = await fetch(lab + path, options);
        return `${answer.type} ${answer.status}`;
      } catch {
        return 'refused';
      }
    };
    const stream = new Promise((told) => {
      const source = new EventSource(`${lab}/lab/events`);
      source.onerror = () => { source.close(); told('refused'); };
      source.addEventListener('state', () => told('read'));
    });
    return [
      await sent('/lab/nodes/1/phones/1000/dial', { method: 'POST', body: '{"number":"1001"}' }),
      await sent('/lab/nodes/1/phones/1000/dial', { method: 'POST', body: '{"number":"1001"}', mode: 'no-cors' }),
      await sent('/lab/nodes/1/faults/power', { method: 'POST', mode: 'no-cors', body: '{"down_ms":60000}' }),
      await sent('/lab/nodes/1/truth/now', {}),
      await stream,
    ];
  }, gateway);
  // "opaque": it was sent, and its page cannot see the answer; what was done is in the truth.
  assert.deepEqual(got.map((g) => g.split(' ')[0]).filter((g) => g !== 'opaque' && g !== 'refused'), [], `${origin}: ${got}`);
  await context.close();
}
stranger.close();
const rebound = await (await browser.newContext()).newPage();
const answer = await rebound.goto(`http://rebound.example:${port}/lab`);
assert.equal(answer.status(), 403);
assert.match(await answer.text(), /localhost and loopback addresses only/);
assert.deepEqual(await Promise.all([1, 2, 3].map(async (n) => (await truth(n)).seq)), before, 'nothing was done');
assert.equal((await truth(1)).faults.powerless_until_ms, null);

await browser.close();
console.log('as agreed');
