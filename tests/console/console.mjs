// A person without a mouse at the lab's console: calls, holds, consults, transfers, redirects, breaks a node and sees it
// come back, in a real browser. What the page says is held against the truth that the hands tell.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import {
  accessible, browser, card, gateway, goTo, heard, isOn, isTrue, page, picture, phone, port, press, shows, tabTo, truth, until,
} from './person.mjs';

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
