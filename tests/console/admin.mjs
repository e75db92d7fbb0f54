// The gateway's administration in a real browser, without a mouse where forms are filled in. Each page is scanned and
// pictured, light, dark and narrow. Accounts are named as their roles are; the application Screen Pop has a session.
//
//   node admin.mjs https://GATEWAY PASSWORD-OF-ALL [FOLDER]

import { readFileSync } from 'node:fs';

import { end, heading, link, person, pictured, says, send } from './site.mjs';

const [gateway, password, pictures] = process.argv.slice(2);
const look = pictured(pictures, 'admin');
const admin = `${gateway}/admin`;

const root = await person();
await root.goto(`${admin}/accounts`);
await heading(root, 'Sign in');
await look(root, 'sign-in');
await send(root, [['Name', 'administrator'], ['Password', password]], 'Sign in');
await heading(root, 'Accounts'); // where it was to go
await look(root, 'accounts');
await root.goto(`${admin}/nothing`);
await heading(root, 'Not Found');
await look(root, 'fault');
await root.goto(admin);
await heading(root, 'Overview');
await says(root, 'connected');
await look(root, 'overview');

await link(root, 'Applications');
await look(root, 'applications');
await link(root, 'New application');
await look(root, 'application-new');
await send(root, [['Company', 'Bühne & Co'], ['Application', 'Wallboard'], ['Application password', 'application'], ['Local password', 'eight ch']], 'Let it enter');
await says(root, 'Bühne & Co / Wallboard may enter.');
await root.goto(`${admin}/applications/new`);
await send(root, [['Company', 'Bühne & Co'], ['Application', 'Wallboard'], ['Application password', 'application'], ['Local password', 'eight ch']], 'Let it enter');
await says(root, 'There is already: application');
await look(root, 'application-fault');
await link(root, 'Applications');
await link(root, 'Wallboard');
await look(root, 'application');
await send(root, [['New local password', 'another password'], ['Hours in which the old one is accepted, too', '2']], 'Give this password');
await says(root, 'has another local password');
await link(root, 'Wallboard');
await send(root, [], 'Revoke it');
await says(root, 'is revoked.');

await link(root, 'Users');
await says(root, 'There is no user yet.');
await link(root, 'New user');
await look(root, 'user-new');
const mary = [['E-mail', 'mary@example.com'], ['Name', 'Mary Example'], ['Phone', '1000'], ['Node', '1'], ['Password', 'softphone']];
await send(root, mary, 'Make the user');
await says(root, 'mary@example.com is a user now, with the number 1.');
await link(root, 'New user');
await send(root, mary, 'Make the user');
await says(root, 'There is already a user of that address.');
await look(root, 'user-fault');
await link(root, 'Users');
await link(root, 'mary@example.com');
await look(root, 'user');
await send(root, [['Name', 'Mary M. Example']], 'Change it');
await says(root, 'mary@example.com is changed.');

// A file: its faults, what it would do, and then it is done.
const file = (text) => ({ name: 'users.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
const upload = async (text) => {
  await root.goto(`${admin}/users/import`);
  await root.getByLabel('File', { exact: true }).setInputFiles(file(text));
  await send(root, [], 'See what it would do');
};
await link(root, 'Import');
await look(root, 'users-import');
await upload('name,kind\nA,google\n');
await says(root, "The file has no column 'email' in its first line.");
await look(root, 'users-import-fault');
await upload('email,name,kind\nnobody,A,google\nmary@example.com,Mary,hubspot\n');
await says(root, '2 rows are refused, so nothing can be done.');
await look(root, 'users-refused');
const many = Array.from({ length: 60 }, (_, i) => `user${i}@example.com,User ${i},google,${2000 + i},2,${i % 9 ? 'no' : 'yes'}`);
await upload(`email,name,kind,dn,node,disabled\nmary@example.com,Mary,salesforce,1001,1,no\n${many.join('\n')}\n`);
await says(root, 'Nothing has been done yet.');
await look(root, 'users-plan');
await send(root, [], 'Do it');
await says(root, 'The file is imported: 60 added, 1 changed.');
await look(root, 'users');
await link(root, 'After');
await link(root, 'Before');
await send(root, [['E-mail, name or phone', '204']], 'Search');
await says(root, '10 users found.');
await look(root, 'users-found');
await root.goto(`${admin}/users`);
const [given] = await Promise.all([root.waitForEvent('download'), root.getByRole('link', { name: 'Export', exact: true }).click()]);
if (given.suggestedFilename() !== 'users.csv') throw new Error(`the file is called ${given.suggestedFilename()}`);

await link(root, 'Sessions');
await says(root, 'Example Co / Screen Pop');
await look(root, 'sessions');
// Somebody who only looks sees what changes.
const watching = await person();
await watching.goto(`${admin}/nodes`);
await send(watching, [['Name', 'operator'], ['Password', password]], 'Sign in');
await heading(watching, 'Nodes');
await watching.evaluate(() => { globalThis.loaded = 1; });
await link(root, 'Nodes');
await says(root, 'connected');
await look(root, 'nodes');
await link(root, 'New node');
await look(root, 'node-new');
await send(root, [['Number (CEID)', '9'], ['Name', 'Branch'], ['IP address', '127.0.0.9'], ['Port of CSTA', '9']], 'Test it');
await says(root, 'There is no connection: ');
await look(root, 'node-tried');
await send(root, [], 'Add it');
await says(root, 'Node 9 is added.');
await says(watching, 'Branch');
if (!(await watching.evaluate(() => globalThis.loaded))) throw new Error('the page was loaded anew');
await look(root, 'node');
await send(root, [], 'Connect anew');
await says(root, 'Node 9 is connected to anew.');

// It does not serve its forms: one comes by a file, is shown first, and is done when that is confirmed. The page goes on by itself.
await link(root, 'The copy of its forms');
await says(root, 'nothing kept');
await link(root, 'Import a form');
await look(root, 'data-import');
const groups = async (rows) => {
  await root.goto(`${admin}/data/9/import`);
  await root.getByLabel('Form', { exact: true }).selectOption('personal_ring_groups');
  const text = `Number,Name,One Busy All Busy\n${rows}`;
  await root.getByLabel('File', { exact: true }).setInputFiles({ ...file(text), name: 'groups.csv' });
  await send(root, [], 'See what it would do');
};
await groups('1000,Mary,No\n10x,John,Perhaps\n');
await says(root, 'One row is refused, so nothing can be done.');
await look(root, 'data-refused');
await groups(Array.from({ length: 50000 }, (_, i) => `${100000 + i},Group ${i},No\n`).join(''));
await says(root, 'Nothing has been done yet.');
await says(root, '49500 more are not shown.');
await look(root, 'data-plan');
await send(root, [], 'Do it');
await says(root, 'The form is imported: 50000 added, 0 changed, 0 removed.');
await look(root, 'data-imported');
await link(root, 'Its rows');
await says(root, 'Rows 1 to 100.');
await root.goto(`${admin}/nodes/9`);
await send(root, [], 'Remove it');
await says(root, 'Node 9 is removed.');

// The copies of the nodes' forms: the page shows by itself how it stands with them.
await link(root, 'Data');
await says(root, 'Nodes: 1. Current: 1.');
await look(root, 'data');
await link(root, '1');
await heading(root, 'Forms of node 1');
await says(root, 'Whole: 17 of 17.');
await look(root, 'data-node');
await send(root, [], 'Copy anew');
await says(root, 'The forms of node 1 are to be copied anew.');
await send(root, [], 'Compare now');
await says(root, 'The forms of node 1 are to be compared.');
await link(root, 'User and Services');
await says(root, 'Rows 1 to 20.');
await look(root, 'data-rows');
await send(root, [['Condition', "number > '1002' AND device_type = 'multiline'"]], 'Show them');
await says(root, 'Rows 1 to ');
await root.getByLabel('Sorted by', { exact: true }).selectOption('-number');
await send(root, [], 'Show them');
if (!(await root.getByRole('columnheader', { name: 'number' }).getAttribute('aria-sort') === 'descending')) throw new Error('the rows are sorted');
await look(root, 'data-found');
await send(root, [['Condition', 'colour = 1']], 'Show them');
await says(root, 'The condition is not taken: there is no column colour.');
await look(root, 'data-fault');
await link(root, 'Settings');
await look(root, 'settings');
await send(root, [['What is logged', 'a=loud']], 'Change them');
await says(root, 'log.filter: cannot be read');
await look(root, 'settings-fault');
await send(root, [['What is logged', 'info']], 'Change them');
await says(root, 'The settings are changed.');
await link(root, 'Flight record');
await send(root, [['Node', '1'], ['Number', '1000']], 'Show it');
await says(root, 'has taken no. 1 by getEvent');
await look(root, 'record');
await link(root, 'Certificate');
await look(root, 'certificate');
await send(root, [['Names for the next one', 'gateway.example, 127.0.0.1']], 'Make a request');
await says(root, 'its key waits here');
if (!(await root.getByLabel('Request (PEM)').inputValue()).includes('BEGIN CERTIFICATE REQUEST')) throw new Error('there is no request');
await look(root, 'certificate-request');
await link(root, 'Backup');
await look(root, 'backup');
await send(root, [['Passphrase', 'open sesame, please'], ['Passphrase, again', 'open sesame, pleased']], 'Download a backup');
await says(root, 'The two passphrases are not the same.');
await look(root, 'backup-fault');
for (const label of ['Passphrase', 'Passphrase, again']) await root.getByLabel(label, { exact: true }).fill('open sesame, please');
const pressed = root.getByRole('button', { name: 'Download a backup', exact: true });
const [download] = await Promise.all([root.waitForEvent('download'), pressed.click()]);
const backup = { name: 'oig.backup', mimeType: 'application/octet-stream', buffer: readFileSync(await download.path()) };
await link(root, 'Accounts');
await link(root, 'New account');
await look(root, 'account-new');
await send(root, [['Name', 'ada'], ['E-mail', 'ada@example.com'], ['Password', 'the first password']], 'Make the account');
await says(root, 'ada may sign in as reader.');
await link(root, 'ada');
await look(root, 'account');
await send(root, [], 'Remove ada');
await says(root, 'The account ada is removed.');
await link(root, 'Tokens');
await link(root, 'New token');
await look(root, 'token-new');
await send(root, [['Name', 'backup']], 'Make the token');
await says(root, 'Choose what it may do.');
await look(root, 'token-fault');
await root.getByLabel('See applications', { exact: true }).check();
await root.getByLabel('See sessions', { exact: true }).check();
await send(root, [['Days until it expires', '30']], 'Make the token');
await heading(root, 'backup');
if (!/^oig_[0-9a-f]{64}$/.test(await root.getByLabel('Token', { exact: true }).inputValue())) throw new Error('the token is shown');
await look(root, 'token-made');
await link(root, 'Done');
await says(root, 'applications:read, sessions:read');
await look(root, 'tokens');
await send(root, [], 'Remove backup of administrator');
await says(root, 'The token backup of administrator is removed.');

// The pages in another language: a file with faults, one that is right, and a browser that asks for it.
const translate = async (rows) => {
  await root.goto(`${admin}/texts/import`);
  await root.getByLabel('File', { exact: true }).setInputFiles({ ...file(rows), name: 'texts-de.csv' });
  await send(root, [['Language', 'de']], 'See what it would do');
};
await link(root, 'Texts');
await says(root, 'There is no other language yet.');
await link(root, 'Import');
await look(root, 'texts-import');
await translate('text,translation\nSign in,Anmelden\n{0} may enter.,Darf eintreten\nNo such text,Kein\n');
await says(root, 'The translation has other values than the text.');
await look(root, 'texts-refused');
await translate(readFileSync(new URL('german.csv', import.meta.url), 'utf8'));
await says(root, 'Nothing has been done yet.');
await look(root, 'texts-plan');
await send(root, [], 'Do it');
await says(root, 'texts in de were given or changed.');
await look(root, 'texts');
const austrian = await person('de-AT');
await austrian.goto(`${admin}/texts`);
await heading(austrian, 'Anmelden');
await send(austrian, [['Name', 'administrator'], ['Kennwort', 'no password']], 'Anmelden');
await says(austrian, 'Name oder Kennwort stimmt nicht');
await send(austrian, [['Name', 'administrator'], ['Kennwort', password]], 'Anmelden');
await heading(austrian, 'Texte');
await link(austrian, 'Anwendungen');
await look(austrian, 'texts-german');
await link(root, 'Log');
await look(root, 'log');
await link(root, 'Password');
await look(root, 'password');
await send(root, [['Password now', password], ['New password', 'another long password'], ['New password, again', 'another long password']], 'Change it');
await says(root, 'Your password is changed.');

// A reader sees, and has nothing to press.
const reader = await person();
await reader.goto(admin);
await send(reader, [['Name', 'reader'], ['Password', password]], 'Sign in');
await heading(reader, 'Overview');
await link(reader, 'Users');
await look(reader, 'users-reader');
if (await reader.getByRole('link', { name: /New user|Import|Export/ }).count()) throw new Error('a reader may not add users');
await link(reader, 'mary@example.com');
await look(reader, 'user-reader');
if (await reader.getByRole('button', { name: 'Change it' }).count()) throw new Error('a reader may not change users');
await link(reader, 'Applications');
await look(reader, 'reader');
if (await reader.getByRole('link', { name: 'New application' }).count()) throw new Error('a reader may not add applications');
await link(reader, 'Data');
await link(reader, '1');
await heading(reader, 'Forms of node 1');
await look(reader, 'data-reader');
if (await reader.getByRole('button', { name: /Copy anew|Compare now/ }).count()) throw new Error('a reader may not have forms copied');

// What was kept comes back, with the password of before: everybody signs in again.
await link(root, 'Backup');
await root.getByLabel('File', { exact: true }).setInputFiles(backup);
await root.getByLabel('Replace everything that the database has now').check();
await send(root, [['Its passphrase', 'open sesame, pleased']], 'Restore it');
await says(root, 'The passphrase is another');
await look(root, 'restore-fault');
await root.getByLabel('File', { exact: true }).setInputFiles(backup);
await root.getByLabel('Replace everything that the database has now').check();
await send(root, [['Its passphrase', 'open sesame, please']], 'Restore it');
await heading(root, 'The backup is restored');
await look(root, 'restored');
await link(root, 'Sign in');
await send(root, [['Name', 'administrator'], ['Password', password]], 'Sign in');
await heading(root, 'Overview');
await send(root, [], 'Sign out');
await heading(root, 'Sign in');

await end();
