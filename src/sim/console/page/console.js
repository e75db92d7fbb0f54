// The console's page: shows what /lab/events tells, and sends what a person does to the hands.
// Nothing is known here of what a phone may do: each line says so itself.

const $ = (id) => document.getElementById(id);
const clone = (id) => $(id).content.firstElementChild.cloneNode(true);

/** Text only where it is another: screen readers and the browser are left alone otherwise. */
const put = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const make = (tag, text, kind) => {
  const element = document.createElement(tag);
  element.textContent = text ?? '';
  if (kind) element.className = kind;
  return element;
};

const choice = (value, text) => {
  const option = make('option', text);
  option.value = value;
  return option;
};

/** What buttons say; those of NUMBERED take the number before them, and Enter does the first of them. */
const PLAIN = {
  answer: 'Answer', hold: 'Hold', retrieve: 'Retrieve', alternate: 'Alternate',
  transfer: 'Transfer', conference: 'Conference', split: 'Split', cancel: 'Cancel consultation', trade: 'Trade',
  handoff: 'Hand off', campon: 'Camp on', callback: 'Call me back', message: 'Leave message', newcall: 'New call',
  hangup: 'Hang up',
};
const LAST = { offhook: 'Off hook' };
const NUMBERED = { dial: 'Dial', consult: 'Consult', redirect: 'Redirect', pickup: 'Pick up', takeover: 'Take over', digits: 'Send digits', account: 'Account code' };

const STATES = {
  initiated: ['Dial tone', ''], originated: ['Dialling', ''], delivered: ['Ringback', 'from'],
  alerting: ['Ringing', 'from'], connected: ['Talking', 'with'], held: ['Holding', ''], queued: ['Waiting', 'for'],
  failed: ['Tone', ''], null: ['Idle', ''],
};
const TONES = {
  busy: 'Busy', doNotDisturb: 'Do not disturb', callNotAnswered: 'No answer', invalidNumberFormat: 'Not a number',
  numberUnallocated: 'No such number', trunksBusy: 'No line free', networkCongestion: 'Network is full', destNotObtainable: 'Not obtainable', peerLost: 'Link lost',
};

/** Which calls are forwarded, by the hands' words. */
const FORWARDS = {
  always: 'All calls', busyInternal: 'Busy, from inside', busyExternal: 'Busy, from outside',
  noAnswerInternal: 'No answer, from inside', noAnswerExternal: 'No answer, from outside',
};

/** A cause in words: normalClearing is "normal clearing". */
const cause = (why) => why.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const state = { nodes: new Map() };
/** What stands on the page, by node and by number. */
const shown = { nodes: new Map(), phones: new Map(), outside: new Map() };

// --- who is who -----------------------------------------------------------------------------

/** A hot desk user by number. */
const userOf = (dn) => {
  for (const node of state.nodes.values()) {
    const user = node.users?.find((one) => one.dn === dn);
    if (user) return user;
  }
  return undefined;
};

/** A phone as it is; where a user of another node is there, that node says what the user has. */
const asShown = (phone) => {
  const user = phone.user && userOf(phone.user);
  if (!user?.away || user.desk !== phone.dn) return phone;
  const { may, dnd, forwards, messages, lines } = user.away;
  return { ...phone, may, dnd, forwards, messages, lines };
};

const phoneOf = (dn) => {
  for (const node of state.nodes.values()) {
    const phone = node.phones.get(dn);
    if (phone) return asShown(phone);
  }
  return undefined;
};

/** The name that a caller outside shows with a number. */
const outsideName = (number) => {
  for (const node of state.nodes.values()) {
    const call = node.outside?.calls.find((one) => one.incoming && one.from === number);
    if (call) return call.name;
  }
  return undefined;
};

/** Who withholds a number has a sign in the nodes' truth: X and a number. */
const WITHHELD = /^X\d+$/;

const party = (dn) => {
  if (WITHHELD.test(dn)) return 'a withheld number';
  const name = phoneOf(dn)?.name ?? userOf(dn)?.name ?? outsideName(dn);
  return name ? `${dn} ${name}` : dn;
};

/** A number as it is dialled, without what people write between the digits. */
const digits = (text) => text.replace(/[\s()./-]/g, '');

/** Several numbers have a `+` between them; one from outside begins with one. */
const parties = (other) => (other ?? '').split(/(?<=[^+])\+/).filter(Boolean).map(party).join(' and ');

const legsOf = (phone) => phone.lines.flatMap((line) => line.legs);

/** Who holds a call of two, as the other party's own leg says it. */
const holder = (dn, leg) => {
  const legs = [];
  for (const node of state.nodes.values()) {
    for (const phone of node.phones.values()) {
      for (const other of legsOf(asShown(phone))) if (other.gcid === leg.gcid) legs.push([phone.user ?? phone.dn, other]);
    }
  }
  const [other] = legs.filter(([, l]) => l !== leg);
  return legs.length === 2 && other[1].state === 'held' ? other[0] : undefined;
};

/** Whether it is the other party who waits, for this line to be free. */
const waitsHere = (dn, leg) => {
  const legs = phoneOf(dn)?.lines.find((line) => line.line === leg.line)?.legs ?? [];
  return legs.some((other) => other !== leg && other.state !== 'held');
};

/** A leg in words: what its user hears or does, and whom with. */
const words = (dn, leg) => {
  const others = parties(leg.other);
  if (leg.state === 'queued' && waitsHere(dn, leg)) return ['Call waiting', `from ${others}`];
  if (leg.state === 'alerting' && leg.cause === 'callBack') return ['Called back', `to reach ${others}`];
  if (leg.state === 'connected') {
    const by = holder(dn, leg);
    if (by) return ['On hold', `by ${party(by)}`];
  }
  const [what, link] = STATES[leg.state] ?? [leg.state, ''];
  const tone = leg.state === 'failed' ? TONES[leg.cause] ?? cause(leg.cause) : what;
  return [tone, [link, others].filter(Boolean).join(' ')];
};

const span = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, '0');
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
};

// --- what is said aloud ---------------------------------------------------------------------

let toSay = [];
let saying = 0;

/** Says what happened, not faster than it can be heard: of calls the newest few; of deeds, refusals and nodes everything. */
const say = (text, kind = 'call') => {
  toSay.push({ text, kind });
  if (saying) return;
  saying = setTimeout(() => {
    saying = 0;
    const grave = toSay.filter((one) => one.kind !== 'call');
    const calls = toSay.filter((one) => one.kind === 'call');
    const newest = calls.slice(-Math.max(1, 4 - grave.length));
    const over = calls.length - newest.length;
    $('said').classList.toggle('bad', grave.some((one) => one.kind === 'refusal'));
    put($('said'), [...grave, ...newest].map((one) => one.text).concat(over ? [`${over} more`] : []).join('; '));
    toSay = [];
  }, 250);
};

const RECORD = {
  initiated: () => 'has dial tone', originated: (o) => `dials ${o}`, delivered: (o) => `hears ${o} ring`,
  alerting: (o) => `is rung by ${o}`, connected: (o) => `talks with ${o}`, held: (o) => `holds ${o}`,
  queued: (o) => `has a call that waits, with ${o}`, null: () => 'has left the call',
};

const recordWords = (record) => {
  const others = parties(record.other) || 'somebody';
  if (record.state === 'failed') return `hears: ${(TONES[record.cause] ?? cause(record.cause)).toLowerCase()}`;
  return (RECORD[record.state] ?? (() => record.state))(others);
};

const at = (record) => (record.line === 1 ? record.dn : `${record.dn} line ${record.line}`);

// --- what a person does ---------------------------------------------------------------------

/** Sends to a node's hands; the refusal's text, or nothing when it is done. */
const send = async (node, method, path, body) => {
  try {
    const answer = await fetch(`/lab/nodes/${node}${path}`, {
      method, body: body && JSON.stringify(body), headers: body && { 'content-type': 'application/json' },
    });
    if (answer.ok) return undefined;
    const text = await answer.text();
    try {
      return JSON.parse(text).error;
    } catch {
      return text || `status ${answer.status}`;
    }
  } catch {
    return 'the lab does not answer';
  }
};

/** Does a verb at a line, and says so beside it when the phone does not. */
const act = async (view, line, verb) => {
  view.pinned = true;
  const spot = view.lines.get(line);
  const body = { line };
  if (verb in NUMBERED) {
    body.number = digits(spot.number.value);
    if (!body.number) {
      refuse(view, spot, `${NUMBERED[verb]} needs a number`);
      spot.number.focus();
      return;
    }
  }
  const refusal = await send(view.node, 'POST', `/phones/${view.dn}/${verb}`, body);
  if (refusal) {
    refuse(view, spot, `${PLAIN[verb] ?? NUMBERED[verb] ?? LAST[verb]}: ${refusal}`);
    return;
  }
  spot.refusal.hidden = true;
  if (verb in NUMBERED) {
    if (verb === 'digits') say(`${view.dn} sends ${body.number}`, 'deed');
    spot.number.value = '';
  }
};

const refuse = (view, spot, text) => {
  put(spot.refusal, text);
  spot.refusal.hidden = false;
  say(`${view.dn} refused. ${text}`, 'refusal');
};

/** Does something at a set that is of no line, and says what came of it; whether it was done. */
const set = async (view, what, verb, body, done) => {
  view.pinned = true;
  const refusal = await send(view.node, 'POST', `/phones/${view.dn}/${verb}`, body);
  view.own.refusal.hidden = !refusal;
  if (refusal) refuse(view, view.own, `${what}: ${refusal}`);
  else say(`${view.dn}: ${done}`, 'deed');
  return !refusal;
};

const disturb = (view) => {
  const on = !phoneOf(view.dn).dnd;
  return set(view, 'Do not disturb', 'dnd', { on }, `do not disturb ${on ? 'on' : 'off'}`);
};

const answerAlone = (view) => {
  const on = !phoneOf(view.dn).auto_answer;
  return set(view, 'Auto answer', 'autoanswer', { on }, `auto answer ${on ? 'on' : 'off'}`);
};

/** Forwards calls of a kind to a number; to none, it ends that. */
const forward = (view, type, number) => {
  const done = number ? `forwarded to ${party(number)}` : 'no longer forwarded';
  return set(view, 'Forward', 'forward', { type, number }, `${done}, ${FORWARDS[type].toLowerCase()}`);
};

/** Joins a group, or leaves it. */
const join = (view, group, on) => set(view, on ? 'Join' : 'Leave', 'presence', { group, on }, `${on ? 'in' : 'absent from'} group ${group}`);

/** Takes a PIN out of its field, which does not keep it whatever comes of it. */
const takePin = (field) => {
  const pin = field.value;
  field.value = '';
  return pin;
};

const breakIt = async (node, what, method, path, body) => {
  const refusal = await send(node, method, path, body);
  if (refusal) say(`Node ${node} refused. ${what}: ${refusal}`, 'refusal');
  else say(`Node ${node}: ${what.toLowerCase()}, done`, 'node');
};

// --- phones ---------------------------------------------------------------------------------

const addPhone = (node, dn, list) => {
  const root = clone('t-phone');
  const q = (selector) => root.querySelector(selector);
  const view = {
    node, dn, root, toggle: q('.toggle'), card: q('.card'), sum: q('.sum'), name: q('.name'), dnd: q('.dnd'), autoAnswer: q('.auto-answer'),
    sentOn: q('.sent-on'), absentFrom: q('.absent-from'), message: q('.message'), powerless: q('.powerless'), box: q('.lines'), lines: new Map(),
    own: {
      root: q('.more'), refusal: q('.more .refusal'), dnd: q('[data-dnd]'), autoAnswer: q('[data-autoanswer]'), logout: q('[data-logout]'), forwards: q('.forwards'), groups: q('.groups'),
      forward: addOpener(q('[data-open="forward"]'), q('form.forward'), `forward-${dn}`),
      login: addOpener(q('[data-open="login"]'), q('form.login'), `login-${dn}`),
    },
    /** Opened or closed by hand; undefined while it follows the calls. */
    open: undefined, pinned: false,
  };
  view.card.id = `card-${dn}`;
  root.dataset.dn = dn;
  put(q('.dn'), dn);
  for (const of of root.querySelectorAll('.of')) put(of, ` at ${dn}`);
  view.toggle.setAttribute('aria-controls', view.card.id);
  view.toggle.addEventListener('click', () => {
    view.open = view.card.hidden;
    view.pinned = false;
    drawPhone(view);
  });
  view.own.dnd.addEventListener('click', () => disturb(view));
  view.own.autoAnswer.addEventListener('click', () => answerAlone(view));
  view.own.logout.addEventListener('click', () => set(view, 'Log out', 'logout', {}, 'logged out'));
  addForward(view);
  addLogin(view);
  list.append(root);
  return view;
};

/** A key that opens a form beneath the keys, and closes it again. */
const addOpener = (button, form, id) => {
  form.id = id;
  button.setAttribute('aria-controls', id);
  const opener = {
    button, form,
    open: (on) => {
      form.hidden = !on || button.hidden;
      button.setAttribute('aria-expanded', String(!form.hidden));
    },
    offer: (on) => {
      button.hidden = !on;
      if (!on) opener.open(false);
    },
  };
  button.addEventListener('click', () => opener.open(form.hidden));
  return opener;
};

const addForward = (view) => {
  const form = view.own.forward.form;
  const [which, to] = [form.querySelector('.which'), form.querySelector('.to')];
  which.append(...Object.entries(FORWARDS).map(([type, text]) => choice(type, text)));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const number = digits(to.value);
    if (!number) {
      refuse(view, view.own, 'Forward needs a number');
      to.focus();
    } else if (await forward(view, which.value, number)) to.value = '';
  });
};

const addLogin = (view) => {
  const form = view.own.login.form;
  const [user, pin] = [form.querySelector('.user'), form.querySelector('.pin')];
  user.setAttribute('list', `users-${view.node}`);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = { user: digits(user.value), pin: takePin(pin) };
    if (!body.user || !body.pin) {
      refuse(view, view.own, 'Log in needs a user and a PIN');
      (body.user ? pin : user).focus();
    } else if (await set(view, 'Log in', 'login', body, `${party(body.user)} is logged in`)) {
      user.value = '';
      view.own.root.focus();
      view.own.login.open(false);
    } else pin.focus();
  });
};

const addLine = (view, number) => {
  const root = clone('t-line');
  const q = (selector) => root.querySelector(selector);
  const spot = {
    root, label: q('.label'), legs: q('.legs'), form: q('form'), number: q('.number'), dialling: q('.dialling'),
    refusal: q('.refusal'), buttons: new Map(), since: [],
  };
  const of = number === 1 ? ` ${view.dn}` : ` ${view.dn} line ${number}`;
  for (const [box, verbs] of [['.plain', PLAIN], ['.numbered', NUMBERED], ['.last', LAST]]) {
    for (const [verb, text] of Object.entries(verbs)) {
      const button = make('button', text);
      button.type = 'button';
      button.dataset.verb = verb;
      button.append(make('span', of, 'of'));
      button.addEventListener('click', () => act(view, number, verb));
      q(box).append(button);
      spot.buttons.set(verb, button);
    }
  }
  q('.for').append(make('span', ` for${of}`, 'of'));
  spot.form.addEventListener('submit', (event) => {
    event.preventDefault();
    const first = Object.keys(NUMBERED).find((verb) => !spot.buttons.get(verb).hidden);
    if (first) act(view, number, first);
  });
  view.box.append(root);
  view.lines.set(number, spot);
  return spot;
};

const drawLine = (view, phone, line) => {
  const spot = view.lines.get(line.line) ?? addLine(view, line.line);
  const idle = line.legs.length === 0;
  // A button that shows a number which is not the set's own; the lamp of a key line.
  const showing = line.shared;
  const used = showing?.in_use ? ' in use' : '';
  put(spot.label, showing ? `${showing.number}${used}` : `Line ${line.line}`);
  const said = line.legs.map((leg) => words(view.dn, leg));
  const key = JSON.stringify([line.legs, said]);
  if (spot.key !== key) {
    spot.key = key;
    spot.since = [];
    spot.legs.replaceChildren(...line.legs.map((leg, i) => {
      const item = make('li', '', `leg ${said[i][0] === 'On hold' ? 'parked' : leg.state}`);
      const since = make('span', '', 'since');
      spot.since.push([since, leg.since_ms]);
      item.append(make('b', said[i][0]), ' ', make('span', said[i][1], 'other'), ' ', since);
      if (leg.account) item.append(' ', make('span', `account code ${leg.account}`, 'tones'));
      if (leg.tones) item.append(' ', make('span', `heard ${leg.tones}`, 'tones'));
      return item;
    }));
    spot.legs.hidden = idle;
  }
  const prime = line.line === 1;
  // An idle line appearance is taken first, or what its key line holds is taken back: so the card stays small.
  const taking = line.may.includes('retrieve') ? 'retrieve' : 'offhook';
  const may = new Set(idle && !prime ? line.may.filter((verb) => verb === taking) : line.may);
  const focused = document.activeElement;
  for (const [verb, button] of spot.buttons) button.hidden = !may.has(verb);
  const numbered = Object.keys(NUMBERED).filter((verb) => may.has(verb));
  for (const verb of Object.keys(NUMBERED)) spot.buttons.get(verb).classList.toggle('first', verb === numbered[0] && verb !== 'digits' && verb !== 'account');
  spot.dialling.hidden = numbered.length === 0;
  const state = said.map((w) => w.join(' ').trim()).join(', ') || (used ? 'in use elsewhere' : 'idle');
  const kind = showing ? `${showing.sharing === 'key' ? 'key line' : 'multicall'} ${showing.number}, ` : '';
  spot.root.setAttribute('aria-label', `${view.dn} line ${line.line}, ${kind}${state}`);
  spot.root.classList.toggle('idle', idle);
  spot.root.classList.toggle('used', !!used);
  spot.root.hidden = idle && may.size === 0 && !used;
  // What was pressed is not possible any more: the line keeps the focus, and tells its new state.
  if (spot.root.contains(focused) && focused !== spot.root && !focused.checkVisibility()) spot.root.focus();
};

/** What is of the set and of no line: features, and who is there. */
const drawOwn = (view, phone) => {
  const own = view.own;
  const inside = own.root.contains(document.activeElement) && document.activeElement !== own.root;
  own.root.setAttribute('aria-label', phone.user ? `${view.dn}, the set of user ${party(phone.user)} now` : `${view.dn}, the set`);
  own.dnd.hidden = !phone.may.includes('dnd');
  own.dnd.setAttribute('aria-pressed', String(phone.dnd));
  own.autoAnswer.hidden = !phone.may.includes('autoanswer');
  own.autoAnswer.setAttribute('aria-pressed', String(!!phone.auto_answer));
  own.forward.offer(phone.may.includes('forward'));
  own.login.offer(phone.may.includes('login'));
  own.logout.hidden = !phone.may.includes('logout');
  const forwards = Object.entries(phone.forwards ?? {});
  own.forwards.hidden = forwards.length === 0;
  const key = JSON.stringify([forwards, own.forward.button.hidden]);
  if (own.key !== key) {
    own.key = key;
    own.forwards.replaceChildren(...forwards.map(([type, number]) => {
      const item = make('li', `${FORWARDS[type] ?? type}: to ${party(number)} `);
      const stop = make('button', 'Stop');
      stop.type = 'button';
      stop.dataset.stop = type;
      stop.hidden = own.forward.button.hidden;
      stop.append(make('span', ` forwarding at ${view.dn}, ${FORWARDS[type] ?? type}`, 'of'));
      stop.addEventListener('click', () => forward(view, type, ''));
      item.append(stop);
      return item;
    }));
  }
  const groups = Object.entries(phone.groups ?? {});
  own.groups.hidden = groups.length === 0;
  const may = phone.may.includes('presence');
  const grouped = JSON.stringify([groups, may]);
  if (own.grouped !== grouped) {
    own.grouped = grouped;
    own.groups.replaceChildren(...groups.map(([group, on]) => {
      const prime = group === view.dn;
      const item = make('li', `Group ${party(group)}: ${prime ? 'prime, ' : ''}${on ? 'present' : 'absent'} `);
      if (prime || !may) return item;
      const button = make('button', on ? 'Leave' : 'Join');
      button.type = 'button';
      button.dataset.group = group;
      button.append(make('span', ` group ${group} at ${view.dn}`, 'of'));
      button.addEventListener('click', () => join(view, group, !on));
      item.append(button);
      return item;
    }));
  }
  // What was pressed is gone: the set keeps the focus, and tells who is there now.
  if (inside && !(own.root.contains(document.activeElement) && document.activeElement.checkVisibility())) own.root.focus();
};

const drawPhone = (view) => {
  const phone = phoneOf(view.dn);
  const legs = legsOf(phone);
  const busy = legs.length > 0;
  if (!busy && view.open === false) view.open = undefined;
  const inside = view.card.contains(document.activeElement);
  const open = view.open ?? (busy || view.pinned || inside);
  for (const line of phone.lines) drawLine(view, phone, line);
  // A user may have fewer keys than the set.
  for (const [number, spot] of view.lines) if (!phone.lines.some((line) => line.line === number)) spot.root.hidden = true;
  drawOwn(view, phone);
  const loud = ['alerting', 'failed', 'connected', 'delivered', 'originated', 'initiated', 'held'];
  const [first] = [...legs].sort((a, b) => loud.indexOf(a.state) - loud.indexOf(b.state));
  const dead = !!state.nodes.get(view.node).faults.powerless_until_ms;
  const said = first ? words(view.dn, first) : [dead ? 'No power' : 'Idle', ''];
  view.own.root.hidden = dead;
  view.powerless.hidden = !dead;
  put(view.sum, open || !first ? said[0] : said.join(' ').trim());
  put(view.name, phone.user ? `user ${party(phone.user)}` : phone.name || 'no name');
  view.name.classList.toggle('absent', !phone.user && !phone.name);
  view.dnd.hidden = !phone.dnd;
  view.autoAnswer.hidden = !phone.auto_answer;
  view.sentOn.hidden = !phone.forwards;
  const away = Object.entries(phone.groups ?? {}).filter(([, on]) => !on).map(([group]) => group);
  view.absentFrom.hidden = away.length === 0;
  put(view.absentFrom, `Absent from ${away.join(', ')}`);
  const messages = phone.messages ?? [];
  view.message.hidden = messages.length === 0;
  put(view.message, `Message from ${messages.join(', ')}`);
  view.root.dataset.state = !first ? 'idle' : said[0] === 'On hold' ? 'parked' : first.state;
  view.toggle.setAttribute('aria-expanded', String(open));
  view.card.hidden = !open;
  // Whatever had the focus is gone: it stays with the phone.
  if (inside && !(view.card.contains(document.activeElement) && document.activeElement.checkVisibility())) view.toggle.focus();
};

// --- nodes ----------------------------------------------------------------------------------

const addNode = (number) => {
  const root = clone('t-node');
  const q = (selector) => root.querySelector(selector);
  const view = { node: number, root, title: q('h2'), facts: q('.facts'), list: q('.phones'), none: q('.none'), users: addUsers(number, q('.users')) };
  view.title.id = `node-${number}`;
  root.setAttribute('aria-labelledby', view.title.id);
  put(q('.which'), `node ${number}`);
  const seconds = q('.seconds');
  const ms = () => Math.round(Number(seconds.value || 0) * 1000);
  q('.break form').addEventListener('submit', (event) => event.preventDefault());
  const groups = root.querySelectorAll('.verbs');
  groups[0].setAttribute('aria-label', `Links of node ${number}`);
  groups[1].setAttribute('aria-label', `Life of node ${number}`);
  for (const button of root.querySelectorAll('.verbs button')) {
    const what = button.textContent;
    const { link, fault } = button.dataset;
    button.append(make('span', ` of node ${number}`, 'of'));
    button.addEventListener('click', () => {
      if (link) return breakIt(number, what, 'POST', '/faults/link', { mode: link, which: q('.links').value, for_ms: ms() });
      if (fault) return breakIt(number, what, 'POST', `/faults/${fault}`, { down_ms: ms() });
      return breakIt(number, what, 'DELETE', '/faults');
    });
  }
  $('nodes').append(root);
  return view;
};

const addUsers = (node, root) => {
  const q = (selector) => root.querySelector(selector);
  const view = { root, count: q('.count'), list: q('ul'), form: q('form'), refusal: q('.refusal'), who: q('.user'), known: q('datalist') };
  view.known.id = `users-${node}`;
  const [pin, where] = [q('.pin'), q('.at')];
  put(q('.of'), ` the external user at node ${node}`);
  view.refuse = (text) => {
    put(view.refusal, text);
    view.refusal.hidden = false;
    say(`Node ${node} refused. ${text}`, 'refusal');
  };
  view.form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = { pin: takePin(pin), number: digits(where.value) || undefined };
    const user = view.who.value;
    const refusal = body.pin ? await send(node, 'POST', `/phones/${user}/login`, body) : 'the PIN is missing';
    view.refusal.hidden = true;
    if (refusal) {
      view.refuse(`Log in: ${refusal}`);
      pin.focus();
      return;
    }
    where.value = '';
    say(`${party(user)} is logged in`, 'deed');
  });
  return view;
};

const drawUsers = (view, node) => {
  const users = node.users ?? [];
  view.root.hidden = users.length === 0;
  // Users may log in at sets of any node.
  const known = [...state.nodes.values()].flatMap((one) => one.users ?? []).filter((user) => !user.external);
  if (view.known.options.length !== known.length) view.known.replaceChildren(...known.map((user) => choice(user.dn, party(user.dn))));
  const key = JSON.stringify(users);
  if (view.key === key) return;
  view.key = key;
  const there = users.filter((user) => user.desk);
  put(view.count, `${there.length} of ${users.length} logged in`);
  const focused = view.list.contains(document.activeElement);
  view.list.replaceChildren(...there.map((user) => {
    const item = make('li', `${party(user.dn)} `);
    item.append(make('span', `at ${user.desk}`, 'where'));
    if (!user.may.includes('logout')) return item;
    const out = make('button', 'Log out');
    out.type = 'button';
    out.dataset.logout = user.dn;
    out.append(make('span', ` ${party(user.dn)}`, 'of'));
    out.addEventListener('click', async () => {
      const refusal = await send(node.node, 'POST', `/phones/${user.dn}/logout`, {});
      view.refusal.hidden = true;
      if (refusal) view.refuse(`Log out: ${refusal}`);
      else say(`${party(user.dn)} is logged out`, 'deed');
    });
    item.append(' ', out);
    return item;
  }));
  // The list is new: what was pressed there is gone.
  if (focused) view.root.querySelector('summary').focus();
  const external = users.filter((user) => user.external);
  view.form.hidden = !external.some((user) => user.may.includes('login'));
  if (view.who.options.length !== external.length) view.who.replaceChildren(...external.map((user) => choice(user.dn, party(user.dn))));
};

/** Facts of a node: class, text, and the moment when it is over. */
const facts = (node) => {
  const faults = node.faults;
  const others = [...state.nodes.keys()].filter((n) => n !== node.node);
  const list = [];
  list.push(faults.powerless_until_ms ? ['bad', 'No power', faults.powerless_until_ms] : ['good', 'Power on']);
  const gateways = node.associations;
  list.push([gateways ? 'good' : 'bad', gateways === 1 ? '1 gateway' : `${gateways || 'No'} gateway${gateways ? 's' : ''}`]);
  const lost = others.filter((n) => !node.partners.includes(n));
  if (node.partners.length) list.push(['good', `Linked to ${node.partners.join(', ')}`]);
  if (lost.length) list.push(['bad', `No link to ${lost.join(', ')}`]);
  if (faults.refuses_gateways_until_ms) list.push(['bad', 'Refuses gateways', faults.refuses_gateways_until_ms]);
  if (faults.refuses_partners_until_ms) list.push(['bad', 'Refuses partners', faults.refuses_partners_until_ms]);
  if (faults.mute_until_ms) list.push(['bad', 'Mute', faults.mute_until_ms]);
  if (faults.answers) list.push(['bad', 'Answers broken']);
  if (faults.frames) list.push(['bad', `${faults.frames} event${faults.frames === 1 ? '' : 's'} to break`]);
  if (faults.forms) list.push(['bad', 'Forms broken']);
  if (node.broken) list.push(['bad', `Switch broken ${node.broken} times`]);
  return list;
};

const drawNode = (node) => {
  let view = shown.nodes.get(node.node);
  if (!view) {
    view = addNode(node.node);
    shown.nodes.set(node.node, view);
  }
  put(view.title, `Node ${node.node}: ${node.name}`);
  const list = facts(node);
  const key = JSON.stringify(list);
  if (view.key !== key) {
    view.key = key;
    view.until = [];
    view.facts.replaceChildren(...list.map(([kind, text, until]) => {
      const item = make('li', text, `chip ${kind}`);
      if (until) {
        const left = make('span', '', 'since');
        view.until.push([left, until]);
        item.append(' ', left);
      }
      return item;
    }));
  }
  drawUsers(view.users, node);
  for (const dn of node.phones.keys()) {
    if (!shown.phones.has(dn)) shown.phones.set(dn, addPhone(node.node, dn, view.list));
  }
};

/** The way to the outside world of a node that has one: calls that come in are made there. */
const addOutside = (node) => {
  const root = clone('t-outside');
  const q = (selector) => root.querySelector(selector);
  const view = { root, title: q('h3'), way: q('.way'), calls: q('.calls'), refusal: q('.refusal'), items: new Map() };
  const [from, name, to] = [q('.from'), q('.caller'), q('.to')];
  view.title.id = `outside-${node}`;
  root.setAttribute('aria-labelledby', view.title.id);
  put(q('.of'), ` into node ${node}`);
  view.do = async (what, path, body) => {
    const refusal = await send(node, 'POST', `/outside/${path}`, body);
    view.refusal.hidden = !refusal;
    if (!refusal) return;
    put(view.refusal, `${what}: ${refusal}`);
    say(`Outside, node ${node} refused. ${what}: ${refusal}`, 'refusal');
  };
  q('form').addEventListener('submit', (event) => {
    event.preventDefault();
    // Who shows no number calls without one.
    view.do('Call', 'call', { from: digits(from.value) || undefined, name: name.value.trim() || undefined, to: digits(to.value) });
  });
  $('outside-nodes').append(root);
  return view;
};

const OUTSIDE = { answer: 'Answer', hangup: 'Hang up' };

const addOutsideCall = (view, id) => {
  const root = make('li', '', 'call');
  const item = { root, words: make('span'), since: make('span', '', 'since'), buttons: new Map() };
  root.tabIndex = -1;
  root.append(item.words, ' ', item.since);
  for (const [verb, text] of Object.entries(OUTSIDE)) {
    const button = make('button', text);
    const of = make('span', '', 'of');
    button.type = 'button';
    button.dataset.verb = verb;
    button.append(of);
    button.addEventListener('click', () => view.do(text, `${id}/${verb}`, {}));
    root.append(' ', button);
    item.buttons.set(verb, [button, of]);
  }
  view.calls.append(root);
  return item;
};

const outsideWords = (call) => {
  const from = call.incoming ? [call.from, call.name].filter(Boolean).join(' ') : party(call.from);
  const [what] = STATES[call.state] ?? [call.state];
  return [`${call.trunk ? `Trunk ${call.trunk}: ` : ''}${from} to ${call.to}`, what, from];
};

const drawOutside = () => {
  const nodes = [...state.nodes.values()].filter((node) => node.outside);
  $('outside').hidden = nodes.length === 0;
  for (const node of nodes) {
    let view = shown.outside.get(node.node);
    if (!view) {
      view = addOutside(node.node);
      shown.outside.set(node.node, view);
    }
    put(view.title, `Node ${node.node}: ${node.name}`);
    const ranges = (node.outside.comes_in ?? []).map(([first, last]) => (first === last ? first : `${first} to ${last}`));
    put(view.way, [node.outside.way, ranges.length ? `${ranges.join(', ')} come in` : ''].filter(Boolean).join('; '));
    const held = [...view.items].find(([, item]) => item.root.contains(document.activeElement));
    const calls = new Map((node.outside.calls ?? []).map((call) => [call.id, call]));
    for (const [id, item] of view.items) {
      if (calls.has(id)) continue;
      item.root.remove();
      view.items.delete(id);
    }
    for (const [id, call] of calls) {
      let item = view.items.get(id);
      if (!item) {
        item = addOutsideCall(view, id);
        view.items.set(id, item);
      }
      const [who, what, from] = outsideWords(call);
      item.root.className = `call leg ${call.state}`;
      const text = `${who}: ${what}`;
      if (item.words.textContent !== text) item.words.replaceChildren(`${who}: `, make('b', what));
      item.at = call.since_ms;
      for (const [verb, [button, of]] of item.buttons) {
        button.hidden = !call.may.includes(verb);
        put(of, ` the call from ${from} to ${call.to}`);
      }
    }
    view.calls.hidden = calls.size === 0;
    // What was pressed is gone: its call keeps the focus, or else the node's lines.
    if (held && !(view.calls.contains(document.activeElement) && document.activeElement.checkVisibility())) {
      (view.items.get(held[0])?.root ?? view.root).focus();
    }
  }
};

/** What somebody must hear of people outside. */
const compareOutside = (former, node) => {
  const before = new Map((former.outside?.calls ?? []).map((call) => [call.id, call]));
  for (const call of node.outside?.calls ?? []) {
    const was = before.get(call.id);
    before.delete(call.id);
    if (was?.state !== call.state) say(`Outside: ${outsideWords(call).slice(0, 2).join(', ')}`);
  }
  for (const call of before.values()) say(`Outside: ${outsideWords(call)[0]}, over`);
};

// --- events ---------------------------------------------------------------------------------

const KEPT = 200;

const row = (record) => {
  const line = document.createElement('tr');
  const when = new Date(record.at_ms);
  const time = `${when.toLocaleTimeString('en-GB')}.${String(when.getMilliseconds()).padStart(3, '0')}`;
  line.dataset.state = record.state;
  line.dataset.at = record.at_ms;
  for (const text of [time, record.node, at(record), recordWords(record), cause(record.cause), record.gcid]) {
    line.append(make('td', String(text)));
  }
  return line;
};

const addRecords = (records) => {
  if (!records.length) return;
  const body = $('records');
  for (const record of records) {
    // Each node tells its own in order; what another told before may be younger.
    let before = body.firstElementChild;
    while (before && Number(before.dataset.at) > record.at_ms) before = before.nextElementSibling;
    body.insertBefore(row(record), before);
  }
  while (body.rows.length > KEPT) body.lastElementChild.remove();
  $('quiet').hidden = true;
};

// --- the whole page -------------------------------------------------------------------------

const plainText = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const filter = () => {
  const wanted = plainText($('search').value.trim());
  const onlyBusy = $('busy').checked;
  let [busy, visible] = [0, 0];
  const here = new Set();
  for (const view of shown.phones.values()) {
    const phone = phoneOf(view.dn);
    const inUse = legsOf(phone).length > 0;
    if (inUse) busy += 1;
    const matches = plainText(`${phone.dn} ${phone.name} ${phone.user ? party(phone.user) : ''}`).includes(wanted) && (!onlyBusy || inUse);
    // What somebody is at does not vanish under the fingers.
    const show = matches || view.root.contains(document.activeElement);
    view.root.hidden = !show;
    if (show) {
      visible += 1;
      here.add(view.node);
    }
  }
  for (const [number, view] of shown.nodes) view.none.hidden = here.has(number);
  const all = shown.phones.size;
  $('tidy').hidden = ![...shown.phones.values()].some((view) => !view.card.hidden && view.root.dataset.state === 'idle');
  put($('count'), `${visible < all ? `${visible} of ` : ''}${all} phones, ${busy} busy`);
};

const draw = () => {
  for (const node of state.nodes.values()) drawNode(node);
  for (const view of shown.phones.values()) drawPhone(view);
  drawOutside();
  filter();
  tick();
};

const tick = () => {
  const now = Date.now();
  for (const view of shown.phones.values()) {
    for (const spot of view.lines.values()) for (const [element, since] of spot.since) put(element, span(now - since));
  }
  for (const view of shown.outside.values()) {
    for (const item of view.items.values()) put(item.since, item.at ? span(now - item.at) : '');
  }
  for (const view of shown.nodes.values()) {
    for (const [element, until] of view.until ?? []) put(element, span(until - now + 999));
  }
};

const take = (node) => {
  const { phones, ...rest } = node;
  const former = state.nodes.get(node.node);
  const all = former ? new Map(former.phones) : new Map();
  for (const phone of phones) all.set(phone.dn, phone);
  state.nodes.set(node.node, { ...rest, phones: all });
  return former;
};

/** What a person must hear of a node's own life. */
const compare = (former, node) => {
  if (!former) return;
  compareOutside(former, node);
  const name = `Node ${node.node}`;
  const powerless = (n) => !!n.faults.powerless_until_ms;
  if (powerless(node) !== powerless(former)) say(`${name} ${powerless(node) ? 'has no power' : 'has power again'}`, 'node');
  if (node.associations !== former.associations) {
    say(`${name} has ${node.associations || 'no'} gateway${node.associations > 1 ? 's' : ''}`, 'node');
  }
  for (const partner of state.nodes.keys()) {
    const [is, was] = [node.partners.includes(partner), former.partners.includes(partner)];
    // Each link has two ends; one of them speaks.
    if (is !== was && node.node < partner) say(`${name} ${is ? 'is linked to' : 'lost its link to'} node ${partner}`);
  }
};

const linkIs = (kind, text) => {
  put($('link'), text);
  $('link').className = `chip ${kind}`;
  document.body.classList.toggle('stale', kind !== 'good');
};

const listen = () => {
  const source = new EventSource('/lab/events');
  source.addEventListener('state', (event) => {
    const { nodes, records } = JSON.parse(event.data);
    for (const node of nodes) take(node);
    $('records').replaceChildren();
    addRecords(records);
    draw();
    linkIs('good', 'Live');
  });
  source.addEventListener('news', (event) => {
    const { node, records } = JSON.parse(event.data);
    const former = take(node);
    compare(former, state.nodes.get(node.node));
    addRecords(records);
    draw();
    for (const record of records) say(`${at(record)} ${recordWords(record)}`);
  });
  source.onerror = () => {
    linkIs('bad', 'Connection lost, trying again');
    // Refused outright: the browser does not come again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
};

$('search').addEventListener('input', filter);
$('busy').addEventListener('change', filter);
document.addEventListener('focusout', () => setTimeout(() => {
  if (shown.phones.size) draw();
}));
$('tidy').addEventListener('click', () => {
  for (const view of shown.phones.values()) {
    view.pinned = false;
    view.open = undefined;
  }
  $('search').focus();
  draw();
});
$('find').addEventListener('submit', (event) => {
  event.preventDefault();
  const view = [...shown.phones.values()].find((v) => !v.root.hidden);
  if (!view) {
    say('No phone matches', 'refusal');
    return;
  }
  view.open = true;
  drawPhone(view);
  const spot = view.lines.get(1);
  (spot.root.classList.contains('idle') && !spot.dialling.hidden ? spot.number : spot.root).focus();
});
setInterval(tick, 1000);
listen();
