// A site's administrator in a real browser: fetches the access control list, and lets an application of it enter.
//
//   node life.mjs https://GATEWAY NAME PASSWORD COMPANY APPLICATION LOCAL-PASSWORD

import { end, heading, link, person, says, send } from './site.mjs';

const [gateway, name, password, company, application, localPassword] = process.argv.slice(2);

const page = await person();
await page.goto(`${gateway}/admin`);
await heading(page, 'Sign in');
await send(page, [['Name', name], ['Password', password]], 'Sign in');
await heading(page, 'Overview');
await send(page, [], 'Fetch the list now');
await says(page, 'The access control list is fetched.');
await link(page, 'Applications');
await link(page, 'New application');
await page.getByLabel('Advanced service, with a certificate').check();
await send(page, [['Company', company], ['Application', application], ['Local password', localPassword]], 'Let it enter');
await says(page, `${company} / ${application} may enter.`);
await end();
