// The data browser in a real browser, by keyboard: log in, choose, ask, watch. Pictured and scanned.
//
//   node data.mjs http://GATEWAY http://HANDS-OF-NODE-1 DATABASE [FOLDER]

import assert from 'node:assert/strict';

import { end, heading, person, pictured, says, tabTo } from './site.mjs';

const [gateway, hands, database, pictures] = process.argv.slice(2);
const look = pictured(pictures, 'data');
const page = await person();
await page.goto(`${gateway}/tools/data`);
await heading(page, 'Data browser');
await look(page, 'login');

const type = async (label, text) => {
  await tabTo(page, page.getByLabel(label, { exact: true }));
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
};
const press = async (name) => {
  await tabTo(page, page.getByRole('button', { name, exact: true }));
  await page.keyboard.press('Enter');
};
// Nothing is being loaded that would take the focus.
const settled = () => page.locator('#columns:not([aria-busy])').waitFor();
const login = async (secret) => {
  await type('Company', 'Example Co');
  await type('Application', 'Screen Pop');
  await type('Application password', secret);
  await type('Local password', 'lab');
  await press('Log in');
};
await login('wrong');
await says(page, /not right|not known|refused|password/i);
await login('screen-pop');
await says(page, 'Logged in.');
assert.equal(await page.getByLabel('Application password', { exact: true }).inputValue(), '', 'no password stays in the page');
await page.waitForFunction((wanted) => [...document.querySelectorAll('#database option')].some((one) => one.value === wanted), database);
await page.getByLabel('Database', { exact: true }).selectOption(database);
await settled();
await page.waitForFunction(() => document.querySelectorAll('#columns input').length > 3);
assert.deepEqual(await page.$$eval('#view option', (all) => all.map((one) => one.value)),
  ['phones', 'line_appearances', 'personal_ring_groups', 'personal_ring_group_members'], 'what a standard session sees');

// An answer about an earlier choice comes too late: what is shown is of the last one.
let release;
const held = new Promise((done) => { release = done; });
const isLate = (url) => url.pathname.endsWith('/views/columns') && url.searchParams.get('view') === 'line_appearances';
await page.route(isLate, async (route) => { await held; await route.continue(); });
const view = page.getByLabel('View', { exact: true });
await view.selectOption('line_appearances');
await view.selectOption('personal_ring_groups');
await settled();
const late = page.waitForResponse((answer) => isLate(new URL(answer.url())));
release();
await (await late).finished();
// What is asked now is answered when the page has had that.
await page.evaluate(() => fetch(location.href).then((answer) => answer.text()));
assert.match(await page.getByLabel('One SELECT', { exact: true }).inputValue(), /FROM personal_ring_groups$/);
await page.unroute(isLate);
await view.selectOption('phones');
await settled();

await type('One SELECT', "SELECT number, name FROM phones WHERE number = '1000'");
await press('Run');
const shown = () => page.$$eval('#answer tbody tr', (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
await page.waitForFunction(() => document.querySelectorAll('#answer tbody tr').length === 1);
assert.equal((await shown())[0][0], '1000');
assert.match(await page.locator('#took').textContent(), /^1 row, \d+ ms$/);
await look(page, 'rows');

await type('One SELECT', 'DELETE FROM phones');
await press('Run');
await page.locator('#fault:visible').waitFor();
await look(page, 'fault');
assert.ok((await page.locator('#fault').textContent()).length > 10, 'why not is said');
assert.deepEqual([await shown(), await page.locator('#took').textContent()], [[], ''], 'nothing of the statement before is below it');
assert.equal(await page.locator('#answer:visible, #more:visible').count(), 0);

await type('Only rows where', "number = '1001'");
await press('Watch the view');
await says(page, `phones of ${database} is watched.`);
await page.waitForFunction(() => document.getElementById('watching').textContent === 'Live');
const rows = await (await fetch(`${hands}/forms/phones`)).json();
for (const number of ['1000', '1001']) {
  const set = { ...rows.find((row) => row.number === number), name: '<b>Else</b>, Somebody' };
  const answer = await fetch(`${hands}/forms/phones`, { method: 'POST', body: JSON.stringify({ set }) });
  assert.ok(answer.ok, await answer.text());
}
await page.locator('#changes tr').first().waitFor();
const changes = await page.$$eval('#changes tr', (all) => all.map((row) => row.textContent));
assert.equal(changes.length, 1, 'of the row that is watched alone');
assert.ok(changes[0].includes('UPDATE') && changes[0].includes('<b>Else</b>'), `markup is text: ${changes[0]}`);
const lines = (column) => page.locator(`#changes tr:first-child td:nth-child(${column})`).evaluate((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map((part) => part.top)).size;
});
assert.equal(await lines(3), 1, 'an address is on one line');
await look(page, 'changes');

await type('One SELECT', "SELECT name FROM phones WHERE name LIKE '%''%' OR number = '1000'");
await press('Copy as curl');
await says(page, /is copied|curl -s -G/);
await page.getByRole('button', { name: /^Stop phones/ }).click();
await says(page, 'It is not watched any more.');
await page.getByRole('button', { name: 'Log out' }).click();
await says(page, 'Logged out.');
await end();
