// The data browser: an application of the gateway's REST, in a page. It keeps its session in memory alone.

const rest = '/mitel/oig/rest/resources/v1';
const at = (id) => document.getElementById(id);
const CHANGES_SHOWN = 200;

let session = null;
// The one script that is loaded later; the page's policy lets no other text be one.
const own = globalThis.trustedTypes?.createPolicy('keep', { createScriptURL: () => '/tools/keep.js' });
const keeper = new Worker(own ? own.createScriptURL('') : '/tools/keep.js');
let stream = null;
let asked = null; // what the shown rows are an answer to
const triggers = new Map();

const say = (text) => { at('said').textContent = text; };

/** An element with text: nothing that is read is ever markup. */
const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== null && text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

class Refused extends Error {}

const ask = async (method, path, { query = {}, body } = {}) => {
  const search = new URLSearchParams(query).toString();
  const headers = { Accept: 'application/json' };
  if (session) headers.Authorization = `Bearer ${session}`;
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(`${rest}${path}${search && `?${search}`}`, { method, headers, body: body && JSON.stringify(body) });
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401 && session) leave('The session has ended.');
  if (!answer.ok) throw new Refused(told.errorDescription ?? `The gateway answers with status ${answer.status}.`);
  return told;
};

/** Does something and says what is in the way. */
const tried = (deed) => async (event) => {
  event?.preventDefault();
  const fault = at('fault');
  fault.hidden = true;
  try {
    await deed(event);
  } catch (trouble) {
    const text = trouble instanceof Refused ? trouble.message : 'The gateway cannot be reached.';
    if (session) {
      fault.textContent = text;
      fault.hidden = false;
    } else {
      say(text);
    }
  }
};

const enter = async () => {
  const number = at('number').value.trim();
  if (number) {
    session = number;
  } else {
    const login = {
      companyName: at('company').value, applicationName: at('application').value,
      applicationPassword: at('secret').value, localPassword: at('local').value,
    };
    session = (await ask('POST', '/sessions', { body: login })).sessionId;
  }
  try {
    await ask('PUT', `/sessions/${session}`);
  } catch (trouble) {
    session = null;
    throw trouble;
  }
  keeper.postMessage({ path: `${rest}/sessions`, session });
  for (const id of ['secret', 'local', 'number']) at(id).value = '';
  at('who').textContent = number ? 'In a session of somebody else\u2019s login' : `${at('company').value} / ${at('application').value}`;
  at('login').hidden = true;
  at('work').hidden = at('leave').hidden = false;
  say('Logged in.');
  await databases();
  listen();
};

const leave = (text) => {
  keeper.postMessage({ session: null });
  stream?.abort();
  [session, stream] = [null, null];
  triggers.clear();
  at('triggers').replaceChildren();
  at('changes').replaceChildren();
  clear();
  at('work').hidden = at('leave').hidden = true;
  at('login').hidden = false;
  at('who').textContent = 'Not logged in';
  say(text);
};

const databases = async () => {
  const all = await ask('GET', '/databases');
  at('database').replaceChildren(...all.map((one) => element('option', one.name ? `${one.database} (${one.name})` : one.database, { value: one.database })));
  await views();
};

/** Of what was chosen last; an answer about an earlier choice comes too late, and changes nothing. */
let choice = 0;
const choosing = (show) => async () => {
  choice += 1;
  const own = choice;
  at('columns').setAttribute('aria-busy', 'true');
  try {
    await show(() => own === choice);
  } finally {
    if (own === choice) at('columns').removeAttribute('aria-busy');
  }
};

const views = choosing(async (isLast) => {
  const database = at('database').value;
  const [all, shown] = await Promise.all([ask('GET', '/databases'), ask('GET', '/databases/views', { query: { database } })]);
  if (!isLast()) return;
  const one = all.find((each) => each.database === database);
  const age = one?.asOf ? `, as of ${new Date(Number(one.asOf)).toLocaleTimeString()}` : '';
  at('state').textContent = one ? `${one.name || one.database}: ${one.state.toLowerCase()}${age}` : '';
  const before = at('view').value;
  at('view').replaceChildren(...shown.map((view) => element('option', `${view.view} (${view.rows})`, { value: view.view, title: view.description })));
  if (shown.some((view) => view.view === before)) at('view').value = before;
  await columns();
});

const columns = choosing(async (isLast) => {
  const query = { database: at('database').value, view: at('view').value };
  const all = await ask('GET', '/databases/views/columns', { query });
  if (!isLast()) return;
  at('columns').replaceChildren(...all.map((column) => {
    const label = element('label', null, { title: column.description });
    const box = element('input', null, { type: 'checkbox', value: column.column });
    box.checked = true;
    label.append(box, column.key ? `${column.column} (key)` : column.column);
    return label;
  }));
  compose();
});

const chosen = () => [...at('columns').querySelectorAll('input:checked')].map((box) => box.value);

const compose = () => {
  at('sql').value = `SELECT ${chosen().join(', ') || '*'}\nFROM ${at('view').value}`;
};

const cell = (value) => {
  const shown = value === null ? element('td', '—', { class: 'none' }) : element('td', String(value));
  return shown;
};

/** Rows below a refusal would be read as the refused statement's. */
const clear = () => {
  asked = null;
  at('took').textContent = '';
  at('answer').hidden = at('more').hidden = true;
  for (const part of ['thead', 'tbody']) at('answer').querySelector(part).replaceChildren();
};

const counted = (rows, more) => `${rows} ${rows === 1 && !more ? 'row' : 'rows'}${more ? ' and more' : ''}`;

const run = async (next) => {
  const query = { database: at('database').value, sql: at('sql').value, rows: '200', ...(next ? { next } : {}) };
  const began = performance.now();
  const answer = await ask('GET', '/databases/sql', { query }).catch((trouble) => {
    clear();
    throw trouble;
  });
  const { columns: names, rows, more, next: token } = answer;
  asked = { query, token };
  at('took').textContent = `${counted(rows.length, more)}, ${Math.round(performance.now() - began)} ms`;
  const [head, body] = [at('answer').querySelector('thead'), at('answer').querySelector('tbody')];
  const line = element('tr');
  line.append(...names.map((name) => element('th', name, { scope: 'col' })));
  head.replaceChildren(line);
  body.replaceChildren(...rows.map((row) => {
    const made = element('tr');
    made.append(...row.map(cell));
    return made;
  }));
  at('answer').hidden = false;
  at('more').hidden = !more;
};

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The request as a shell has it; the session's number is left to a variable. */
const curl = () => [
  'curl -s -G', '-H "Authorization: Bearer $session"', quoted(`${location.origin}${rest}/databases/sql`),
  `--data-urlencode ${quoted(`database=${at('database').value}`)}`, `--data-urlencode ${quoted(`sql=${at('sql').value}`)}`,
].join(' ');

const copy = async () => {
  const text = curl();
  try {
    await navigator.clipboard.writeText(text);
    say('The request is copied.');
  } catch {
    say(text); // a page over plain HTTP may not copy
  }
};

const watch = async () => {
  const body = { database: at('database').value, view: at('view').value };
  if (at('where').value.trim()) body.where = at('where').value;
  const { triggerId } = await ask('POST', '/databases/views/triggers', { body });
  const entry = element('li');
  const button = element('button', `Stop ${body.view} of ${body.database}${body.where ? ` where ${body.where}` : ''}`, { type: 'button' });
  button.addEventListener('click', tried(async () => {
    await ask('DELETE', '/databases/views/triggers', { query: { triggerId } });
    triggers.delete(triggerId);
    entry.remove();
    say('It is not watched any more.');
  }));
  entry.append(button);
  triggers.set(triggerId, body);
  at('triggers').append(entry);
  say(`${body.view} of ${body.database} is watched.`);
};

const row = (values) => (values ? Object.entries(values).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${value}`).join(', ') : '');

const show = (change) => {
  const line = element('tr');
  line.append(...[change.number, change.operation, change.database ?? change.element, change.view, row(change.before), row(change.after)].map((text) => element('td', String(text ?? ''))));
  at('changes').prepend(line);
  while (at('changes').childElementCount > CHANGES_SHOWN) at('changes').lastElementChild.remove();
};

/** Reads the stream of changes for as long as the session is there; goes on where it stopped. */
const listen = async () => {
  stream = new AbortController();
  const { signal } = stream;
  let last = '0';
  while (session && !signal.aborted) {
    try {
      const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${session}`, 'Last-Event-ID': last };
      const answer = await fetch(`${rest}/databases/views/events`, { headers, signal });
      if (!answer.ok) throw new Error('no stream');
      at('watching').textContent = 'Live';
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let held = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        held += value;
        const events = held.split('\n\n');
        held = events.pop();
        for (const event of events) {
          const line = (name) => event.split('\n').find((text) => text.startsWith(`${name}: `))?.slice(name.length + 2);
          if (line('id')) last = line('id');
          if (line('event') === 'change') show(JSON.parse(line('data')));
          if (line('event') === 'discarded') say('Some changes are not kept any more.');
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    at('watching').textContent = 'Connecting';
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
};

at('login').addEventListener('submit', tried(enter));
at('leave').addEventListener('click', tried(async () => {
  await ask('DELETE', `/sessions/${session}`).catch(() => {});
  leave('Logged out.');
}));
at('database').addEventListener('change', tried(views));
at('view').addEventListener('change', tried(columns));
at('columns').addEventListener('change', compose);
at('compose').addEventListener('click', compose);
at('ask').addEventListener('submit', tried(() => run()));
at('more').addEventListener('click', tried(() => run(asked?.token)));
at('curl').addEventListener('click', tried(copy));
at('watch').addEventListener('submit', tried(watch));

// Whoever gives a session's number needs no passwords.
at('number').addEventListener('input', () => {
  for (const id of ['company', 'application', 'secret', 'local']) at(id).required = !at('number').value.trim();
});
