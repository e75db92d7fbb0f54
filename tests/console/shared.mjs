// What a person without a mouse sees and does at the buttons that show another number than their set's: a key line at 1012,
// 1013 and 1014, and a multicall group at 1002 and 1003. Each says its number, and a key line whether it is in use elsewhere.

import assert from 'node:assert/strict';
import { accessible, browser, dial, everyPhone, goTo, heard, isOn, isTrue, open, page, phone, picture, press, tabTo, until } from './person.mjs';

await page.locator('#nodes .node').nth(2).waitFor();

/** Third button of a set, as a screen reader finds it. */
const third = (dn) => `.phone[data-dn="${dn}"] .line[aria-label^="${dn} line 3, "]`;
/** What the button says to the eye and to the ear, once it is so. */
const says = async (dn, label, spoken) => {
  const line = page.locator(third(dn));
  let seen;
  await until(() => `${dn} says ${label}, ${spoken}; seen was ${seen}`, async () => {
    if (!(await line.count()) || !(await line.isVisible())) return false;
    seen = [await line.locator('.label').innerText(), await line.getAttribute('aria-label')];
    return seen[0] === label && seen[1] === `${dn} line 3, ${spoken}`;
  });
};
/** Presses something at the button of the phone that has the focus. */
const pressThird = async (dn, verb) => {
  const button = `${third(dn)} button[data-verb="${verb}"]`;
  await page.locator(button).waitFor();
  await tabTo(button);
  await page.keyboard.press('Enter');
};

const keys = ['1012', '1013', '1014'];
const opened = async (all) => {
  for (const dn of all) await goTo(dn);
  await everyPhone();
};

// Nobody uses it.
await opened(keys);
for (const dn of keys) await says(dn, '1600', 'key line 1600, idle');
assert.deepEqual((await phone('1013')).shared, { 3: { number: '1600', sharing: 'key' } });

// It rings at all of them, and is not in use yet.
await dial('1000', '1600');
for (const dn of keys) await isTrue(dn, 'alerting 1000');
await everyPhone();
for (const dn of keys) await says(dn, '1600', 'key line 1600, Ringing from 1000 Archer, Maya');
await heard('1012 line 3 is rung by 1000 Archer, Maya');
await accessible('a key line that rings');
await picture('key-line-rings');

// One answers: the others show that it is in use, and nobody can take it there.
await goTo('1012');
await pressThird('1012', 'answer');
await isTrue('1012', 'connected 1000');
await everyPhone();
await says('1012', '1600', 'key line 1600, Talking with 1000 Archer, Maya');
for (const dn of ['1013', '1014']) {
  await says(dn, '1600 in use', 'key line 1600, in use elsewhere');
  assert.equal((await phone(dn)).shared[3].in_use, true);
  assert.equal(await page.locator(`${third(dn)} button:visible`).count(), 0, `${dn} cannot take what is in use`);
}
await accessible('a key line that is in use');
await picture('key-line-in-use');

// Held at one, it is taken back at another.
await goTo('1012');
await pressThird('1012', 'hold');
await isTrue('1012', 'held 1000');
await goTo('1013');
await says('1013', '1600 in use', 'key line 1600, in use elsewhere');
await picture('key-line-held');
await pressThird('1013', 'retrieve');
await isTrue('1013', 'connected 1000');
await isTrue('1012', '');
assert.ok(await isOn(`${third('1013')}, ${third('1013')} *`), 'the line keeps the focus');
await everyPhone();
await says('1013', '1600', 'key line 1600, Talking with 1000 Archer, Maya');
await says('1012', '1600 in use', 'key line 1600, in use elsewhere');
await says('1014', '1600 in use', 'key line 1600, in use elsewhere');

// Who looks at a narrow screen, in the dark, sees the same.
const narrow = await open({ viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true, isMobile: true });
await narrow.locator('.phone[data-dn="1012"] .toggle').click();
await narrow.locator(third('1012')).filter({ hasText: '1600 in use' }).waitFor();
await accessible('a key line on a narrow screen', narrow);
await picture('key-line-narrow', narrow.locator('.phone[data-dn="1012"]'));
const wide = await narrow.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
assert.ok(wide <= 0, `${wide} px are beyond the edge`);
assert.deepEqual(narrow.faults, []);
await narrow.context().close();

// It is over for all.
await press('1000', 'hangup');
for (const dn of keys) {
  await isTrue(dn, '');
  await says(dn, '1600', 'key line 1600, idle');
  assert.equal((await phone(dn)).shared[3].in_use, undefined);
}

// A multicall group rings everywhere, too; but a call at one button is nothing to the other, which takes the next.
const group = ['1002', '1003'];
await opened(group);
await dial('1000', '1601');
await everyPhone();
for (const dn of group) await says(dn, '1601', 'multicall 1601, Ringing from 1000 Archer, Maya');
await goTo('1003');
await pressThird('1003', 'answer');
await isTrue('1003', 'connected 1000');
await everyPhone();
await says('1003', '1601', 'multicall 1601, Talking with 1000 Archer, Maya');
await says('1002', '1601', 'multicall 1601, idle');
await dial('1001', '1601');
await everyPhone();
await says('1002', '1601', 'multicall 1601, Ringing from 1001 Bélanger, Zoé');
await isTrue('1003', 'connected 1000');
await picture('multicall');
await press('1001', 'hangup');
await press('1000', 'hangup');
for (const dn of group) {
  await isTrue(dn, '');
  await says(dn, '1601', 'multicall 1601, idle');
}

assert.deepEqual(page.faults, [], 'the browser complains of nothing');
await browser.close();
console.log('as agreed');
