// The lab's console in the dark, and on narrow and wide screens, with calls and with what opens; nothing is wider than the
// screen, and a scan finds nothing that keeps people out.

import assert from 'node:assert/strict';
import { accessible, browser, hands, isTrue, open, own, picture, until } from './person.mjs';

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

await browser.close();
console.log('as agreed');
