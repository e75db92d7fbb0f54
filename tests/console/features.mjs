// What a person without a mouse does at the lab's console besides plain calls: do not disturb, forwarding, hot desk users,
// waiting, trading, callbacks, messages, account codes, and calls from and to outside.

import assert from 'node:assert/strict';
import {
  accessible, browser, card, dial, everyPhone, goTo, heard, isOn, isTrue, own, page, picture, phone, press, shows, tabTo, until,
} from './person.mjs';

await page.locator('#nodes .node').nth(2).waitFor();

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

// Auto answer is, too. What one holds another takes over.
await tabTo(own('2003', '[data-autoanswer]'));
await page.keyboard.press('Enter');
await page.locator(own('2003', '[data-autoanswer][aria-pressed="true"]')).waitFor();
await shows('2003', 'Auto answer');
await dial('1000', '2003');
await isTrue('2003', 'connected 1000');
await press('1000', 'hold');
await isTrue('1000', 'held 2003');
await goTo('1001');
await tabTo('.phone[data-dn="1001"] .number');
await page.keyboard.type('1000');
await press('1001', 'takeover');
await isTrue('1001', 'connected 2003');
await isTrue('1000', '');
await press('1001', 'hangup');
await isTrue('2003', '');
await goTo('2003');
await tabTo(own('2003', '[data-autoanswer]'));
await page.keyboard.press('Enter');
await page.locator(own('2003', '[data-autoanswer][aria-pressed="false"]')).waitFor();
await heard('2003: auto answer off');

// Calls are forwarded, each kind to its own number; what is set is seen without opening anything, and ended there.
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
await page.locator(own('2003', '.forwards li')).nth(4).waitFor();
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

// A user comes to a set of another node: what the user's own node says is shown and done there.
await goTo('2008');
await tabTo(own('2008', '[data-open="login"]'));
await page.keyboard.press('Enter');
await tabTo(own('2008', '.user'));
const proposed = await page.locator(own('2008', '.user')).getAttribute('list');
assert.equal(await page.locator(`#${proposed} option`).count(), 10, 'users of any node are proposed');
await page.keyboard.type('1901');
await tabTo(own('2008', '.pin'));
await page.keyboard.type(WRONG);
await page.keyboard.press('Enter');
await shows('2008', 'Log in: The PIN is wrong.');
await page.keyboard.type('1234');
await page.keyboard.press('Enter');
await shows('2008', 'user 1901 Desk, Hot 1901');
await heard('2008: 1901 Desk, Hot 1901 is logged in');
assert.deepEqual([(await phone('2008')).user, (await phone('1901')).desk], ['1901', '2008']);
await page.locator('.node').nth(0).locator('.users li', { hasText: 'at 2008' }).waitFor({ state: 'attached' });
await dial('1000', '1901');
await goTo('2008');
await shows('2008', 'Ringing from 1000 Archer, Maya');
await press('2008', 'answer');
await isTrue('1901', 'connected 1000');
await shows('2008', 'Talking with 1000 Archer, Maya');
assert.ok(await page.locator(own('2008', '[data-logout]')).isHidden(), 'nobody goes during a call');
await accessible('a user of another node');
await everyPhone();
await press('2008', 'hold');
await shows('1000', 'On hold by 1901 Desk, Hot 1901');
await press('2008', 'retrieve');
await press('2008', 'hangup');
await isTrue('1901', '');
await tabTo(own('2008', '[data-dnd]'));
await page.keyboard.press('Enter');
await page.locator(own('2008', '[data-dnd][aria-pressed="true"]')).waitFor();
assert.equal((await phone('1901')).dnd, true);
await page.keyboard.press('Enter');
await page.locator(own('2008', '[data-dnd][aria-pressed="false"]')).waitFor();
await tabTo(own('2008', '[data-logout]'));
await page.keyboard.press('Enter');
await shows('2008', 'Mbeki, Thandi');
assert.deepEqual([(await phone('2008')).user, (await phone('1901')).desk], [undefined, undefined]);

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

// A member leaves a group and comes back; calls for the group ring at all who are there, and are handed on.
const group = own('1015', '[data-group="1005"]');
await goTo('1015');
await shows('1015', 'Group 1005');
await tabTo(group);
assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Leave group 1005 at 1015');
await page.keyboard.press('Enter');
await shows('1015', 'Absent from 1005');
await heard('1015: absent from group 1005');
await page.waitForFunction(() => document.activeElement.matches('.phone[data-dn="1015"] .more'));
assert.equal((await phone('1015')).groups['1005'], false);
await tabTo(group);
await page.keyboard.press('Enter');
await until('the member is truly there', async () => (await phone('1015')).groups['1005'] === true);
await card('1015').locator('.absent-from').waitFor({ state: 'hidden' });
await dial('1000', '1005');
await isTrue('1005', 'alerting 1000');
await isTrue('1015', 'alerting 1000');
await goTo('1005');
await shows('1005', 'prime, present');
await press('1005', 'answer');
await isTrue('1015', '');
await accessible('a group');
await picture('group');
await press('1005', 'handoff');
await isTrue('1015', 'alerting 1000');
await goTo('1015');
await press('1015', 'answer');
await isTrue('1000', 'connected 1015');
await goTo('1005');
await press('1005', 'handoff');
await isTrue('1000', 'connected 1005');
await isTrue('1015', '');
await press('1005', 'hangup');
await isTrue('1000', '');

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
await page.locator(`${trunks} .refusal`).waitFor({ state: 'hidden' });
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
await press('1000', 'answer');
// One goes out beside it: it rings outside until somebody answers there.
await dial('1001', '95550155');
await call.nth(1).filter({ hasText: '1001 Bélanger, Zoé to +16135550155: Ringing' }).waitFor();
// Nothing rings for ever: with the idle phones away, the way there is short.
await page.locator('#busy').check();
await tabTo(`${trunks} .call:nth-child(2) [data-verb="answer"]`);
await page.keyboard.press('Enter');
await isTrue('1001', 'connected 95550155');
await page.waitForFunction((s) => document.activeElement.matches(s), `${trunks} .call:nth-child(2)`); // it keeps the focus when it is answered
await page.locator('#busy').uncheck();
await accessible('outside');
await everyPhone();
await picture('outside');
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

assert.deepEqual(page.faults.filter((f) => !f.includes('409')), [], 'the browser complains of nothing but the refusals that were wanted');
await browser.close();
console.log('as agreed');
