// The certificate server's pages in a real browser, without a mouse where forms are filled in: an administrator makes a
// member, the member asks for things, the administrator decides. Each page is scanned and pictured, light, dark and narrow.
//
//   node certs.mjs https://SERVER PASSWORD-OF-ROOT [FOLDER]

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { end, heading, link, person, pictured, says, send } from './site.mjs';

const [server, rootPassword, pictures] = process.argv.slice(2);
const look = pictured(pictures, 'certs');

// Nobody yet.
const root = await person();
await root.goto(`${server}/accounts`);
await heading(root, 'Sign in');
await look(root, 'sign-in');
await send(root, [['Name', 'root'], ['Password', 'a guess']], 'Sign in');
await says(root, 'The name or the password is not right');
await look(root, 'sign-in-wrong');
await send(root, [['Name', 'root'], ['Password', rootPassword]], 'Sign in');
await heading(root, 'Accounts'); // where it was to go
await root.goto(`${server}/nothing`);
await heading(root, 'Not Found');
await look(root, 'fault');

// A member.
await root.goto(`${server}/accounts/new`);
await look(root, 'account-new');
await send(root, [['Name', 'ada'], ['E-mail', 'ada@example.com'], ['MSA account number', 'M-4711'], ['First password', 'the first password']], 'Make the account');
await says(root, 'ada may sign in');
await look(root, 'accounts');
const ada = await person();
await ada.goto(server);
await send(ada, [['Name', 'ada'], ['Password', 'the first password']], 'Sign in');
await says(ada, 'Choose a password of your own');
await look(ada, 'password-first');
await send(ada, [['Password now', 'the first password'], ['New password', 'my very own password'], ['New password, again', 'my very own password']], 'Change it');
await says(ada, 'Your password is changed.');
await look(ada, 'mine-empty');

// What a member asks for.
await link(ada, 'Register an application');
await look(ada, 'register');
await send(ada, [['Company', 'Bühne & Co'], ['Application', 'Wall:--:board'], ['Application password', 'application password'], ['Contact', 'Ada, ext. 7']], 'Ask for the registration');
await says(ada, 'must not have :--: in it');
await look(ada, 'register-fault');
assert.equal(await ada.getByLabel('Company').inputValue(), 'Bühne & Co');
assert.equal(await ada.getByLabel('Application password').inputValue(), '', 'a password is not shown again');
await send(ada, [['Application', 'Wallboard'], ['Application password', 'application password']], 'Ask for the registration');
await says(ada, 'waits for an administrator');
await link(ada, 'Ask for a certificate');
await look(ada, 'certificate');
await send(ada, [['Company', 'Bühne & Co'], ['Application', 'Screen Pop'], ['Application password', 'application password'], ['Contact', 'Ada, ext. 7']], 'Ask for the certificate');
await heading(ada, 'Your private key');
const key = await ada.getByLabel('Private key').inputValue();
assert.match(key, /^-----BEGIN PRIVATE KEY-----\n[\s\S]+-----END PRIVATE KEY-----\n?$/);
const [download] = await Promise.all([ada.waitForEvent('download'), ada.getByRole('link', { name: 'Save as Screen-Pop.key.pem' }).click()]);
assert.equal(download.suggestedFilename(), 'Screen-Pop.key.pem');
assert.equal(readFileSync(await download.path(), 'utf8'), key, 'what is saved is what is shown');
// The picture has no key that anybody uses: this server is gone soon.
await look(ada, 'key');
await link(ada, 'I have saved it: to my applications');
await link(ada, 'Screen Pop');
await heading(ada, 'Request for a certificate');
await look(ada, 'request');

// What an administrator decides.
await root.goto(`${server}/requests`);
await look(root, 'requests');
await link(root, 'Screen Pop');
await look(root, 'decide');
await send(root, [], 'Approve');
await says(root, 'is approved.');
await link(root, 'Wallboard');
await send(root, [['Reason', 'Say who answers for it.']], 'Deny');
await says(root, 'is denied.');
await ada.goto(`${server}/applications`);
await says(ada, 'Say who answers for it.');
await look(ada, 'mine');
await root.goto(`${server}/applications`);
await look(root, 'applications');
await send(root, [['Find', 'screen']], 'Find');
await link(root, 'Screen Pop');
await heading(root, 'Screen Pop');
await look(root, 'application');
await send(root, [['Reason', 'The key was seen.']], 'Revoke Screen Pop');
await says(root, 'is revoked.');
await look(root, 'application-revoked');
await root.goto(`${server}/accounts`);
await link(root, 'ada');
await look(root, 'account');
// Mail is sent beside.
for (let looked = 0; ; looked += 1) {
  await root.goto(`${server}/mail`);
  if (await root.getByText('Everything is sent.').count()) break;
  assert.ok(looked < 300, 'mail is not sent');
  await new Promise((again) => setTimeout(again, 100));
}
await root.getByText('Revoked: Bühne & Co / Screen Pop').first().click();
await says(root, 'Next steps');
await look(root, 'mail');
await root.goto(`${server}/log`);
await look(root, 'log');
await send(root, [], 'Sign out');
await heading(root, 'Sign in');
await root.goBack();
await root.goto(`${server}/requests`);
await heading(root, 'Sign in');

await end();
