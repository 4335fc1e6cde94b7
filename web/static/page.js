'use strict';
// The live page. It shows what the server says (server-sent events) and counts
// the seconds in between by itself. Text from the server is only ever set as
// textContent, so a name is a name whatever is in it.

const $ = id => document.getElementById(id);
const silence = 5000;      // ms without a word from the server (it speaks every 2 s): the picture is old
const store = window.localStorage;

let language = store.getItem('language') === 'en' ? 'en' : 'zh';
let wall = null;           // the last board
let drift = 0;             // the board's clock less ours, ms
let heard = 0;             // when the server last spoke, our clock
let source = null;
let me = null;

const word = key => words[language][key] ?? key;

// make builds an element: make('td', 'right', 'text').
function make(tag, classes, text) {
  const e = document.createElement(tag);
  if (classes) e.className = classes;
  if (text !== undefined) e.textContent = text;
  return e;
}

const isOld = () => heard > 0 && Date.now() - heard > silence;

// since counts the seconds from a moment; in an old picture they stand still.
const since = at => Math.max(0, Math.floor(((isOld() ? heard : Date.now()) + drift - Date.parse(at)) / 1000));

// span writes seconds as m:ss, or h:mm:ss.
function span(s) {
  const two = n => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

function clockText(date, seconds) {
  return new Intl.DateTimeFormat('zh-CN', {timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit',
    second: seconds ? '2-digit' : undefined, hourCycle: 'h23'}).format(date);
}

// --- what is on the wall ---

function draw() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = '12345 ' + word('title');
  for (const e of document.querySelectorAll('[data-word]')) e.textContent = word(e.dataset.word);
  $('language').textContent = word('other');
  $('language').lang = language === 'zh' ? 'en' : 'zh-CN';
  $('who').textContent = me ? words[language].you(me.name, word(me.role)) : '';
  if (!wall) return;
  drawQueues();
  drawAgents();
  drawToday();
  tick();
}

function drawQueues() {
  let waiting = 0;
  $('queues').replaceChildren(...wall.queues.map(q => {
    waiting += q.waiting;
    const card = make('li', 'card queue');
    card.append(make('h3', '', q.name));
    const count = make('p', 'count');
    count.append(make('strong', '', String(q.waiting)), ' ', make('span', '', word('waitingOne')));
    card.append(count);
    const wait = make('p', 'wait');
    if (q.waiting > 0) {
      wait.append(word('longest') + ' ');
      const s = make('strong', 'longest');
      s.dataset.since = q.since;
      wait.append(s, ' ' + word('seconds'));
      if (q.ringing > 0) wait.append(' · ' + word('ringing') + ' ' + q.ringing);
    } else {
      wait.append(word('nobodyWaits'));
    }
    card.append(wait);
    return card;
  }));
  $('waiting').textContent = words[language].totalWaiting(waiting);
}

function drawAgents() {
  const count = {};
  $('agents').tBodies[0].replaceChildren(...wall.agents.map(a => {
    count[a.state] = (count[a.state] ?? 0) + 1;
    const row = make('tr');
    row.append(make('th', 'staff', a.id));
    row.firstChild.scope = 'row';
    row.append(make('td', 'wide name', a.name ?? ''));
    const state = make('td');
    const pill = make('span', 'pill ' + a.state, word(a.state));
    state.append(pill);
    if (a.reason) state.append(' ', make('span', 'reason', word(a.reason)));
    if (a.then) state.append(' ', make('span', 'reason', word('then') + ' ' + word(a.then)));
    row.append(state);
    const duration = make('td', 'right span');
    duration.dataset.since = a.since ?? wall.now;
    row.append(duration, make('td', 'right wide', a.phone ?? ''));
    return row;
  }));
  $('agents').hidden = wall.agents.length === 0;
  $('nobody').hidden = wall.agents.length > 0;
  $('states').textContent = ['free', 'offered', 'talking', 'wrap-up', 'paused']
    .filter(s => count[s]).map(s => `${word(s)} ${count[s]}`).join(' · ');
}

function drawToday() {
  const t = wall.today;
  const list = $('today');
  $('asof').textContent = t ? words[language].asof(clockText(new Date(t.as_of))) : '';
  if (!t) { list.replaceChildren(); return; }
  const rate = (r, of) => of > 0 ? (r >= 1 ? '100' : (100 * r).toFixed(1)) + ' %' : '–';
  const figures = [
    [word('calls'), t.calls],
    [word('offeredCalls'), t.offered],
    [word('answered'), t.answered],
    [word('abandoned'), t.abandoned, t.abandoned_short > 0 ? `${word('short')} ${t.abandoned_short}` : ''],
    [word('messages'), t.messages],
  ];
  const item = (name, ...rows) => {
    const card = make('div', 'card figure');
    card.append(make('dt', '', name), ...rows);
    return card;
  };
  // Both rates, always: one alone flatters (of answered) or blames (of wanted).
  const both = [[rate(t.rate_of_answered, t.answered), 'ofAnswered'], [rate(t.rate_of_offered, t.offered), 'ofOffered']].map(([r, of]) => {
    const row = make('dd', 'rate', r + ' ');
    row.append(make('span', 'more', word(of)));
    return row;
  });
  list.replaceChildren(...figures.map(([name, value, more]) =>
    item(name, make('dd', '', String(value)), ...(more ? [make('dd', 'more', more)] : []))), item(word('inTime'), ...both));
}

// tick counts the seconds and says whether the picture is old.
function tick() {
  $('clock').textContent = clockText(new Date(Date.now() + drift), true);
  for (const e of document.querySelectorAll('.longest')) {
    const s = since(e.dataset.since);
    e.textContent = String(s);
    e.closest('.queue').dataset.wait = s > 60 ? 'long' : s > 15 ? 'late' : 'fine';
  }
  for (const e of document.querySelectorAll('td.span')) e.textContent = span(since(e.dataset.since));
  if (!me) return;
  const quiet = Date.now() - heard;
  const old = isOld();
  const line = !source || source.readyState !== EventSource.OPEN ? 'connecting' : 'live';
  document.body.classList.toggle('old', old || Boolean(wall && wall.stale));
  $('link').dataset.state = old ? 'lost' : line;
  $('link-text').textContent = word($('link').dataset.state);
  const text = old ? words[language].alarmLost(Math.floor(quiet / 1000)) : wall && wall.stale ? word('alarmStale') : '';
  if ($('alarm').textContent !== text) $('alarm').textContent = text;
  $('alarm').hidden = text === '';
  if (old && source && quiet > 3 * silence) follow(); // a line that neither speaks nor breaks
}

// --- talking with the server ---

function follow() {
  if (source) source.close();
  source = new EventSource('/api/v1/live?facts=false');
  const hear = () => { heard = Date.now(); };
  source.addEventListener('board', e => {
    hear();
    wall = JSON.parse(e.data);
    drift = Date.parse(wall.now) - Date.now();
    draw();
  });
  source.addEventListener('tick', () => { hear(); tick(); });
  source.addEventListener('open', tick);
  source.onerror = () => {
    tick();
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    source = null;
    setTimeout(ask, 2000);                                // refused: perhaps the token is over
  };
}

// ask finds out who we are and shows the wall, or the door.
async function ask() {
  let answer;
  try {
    answer = await fetch('/api/v1/me', {cache: 'no-store'});
  } catch {
    setTimeout(ask, 2000);
    return;
  }
  if (answer.status === 401 || answer.status === 403) { showDoor(); return; }
  if (!answer.ok) { setTimeout(ask, 2000); return; }
  me = await answer.json();
  $('door').hidden = true;
  $('wall').hidden = $('leave').hidden = false;
  draw();
  tick();
  follow();
}

function showDoor() {
  if (source) source.close();
  source = wall = me = null;
  heard = 0;
  $('wall').hidden = $('leave').hidden = $('alarm').hidden = true;
  $('queues').replaceChildren();
  $('agents').tBodies[0].replaceChildren();
  $('today').replaceChildren();
  document.body.classList.remove('old');
  $('link').dataset.state = 'off';
  $('link-text').textContent = word('signedOut');
  $('door').hidden = false;
  draw();
  $('token').focus();
}

$('enter').addEventListener('submit', async e => {
  e.preventDefault();
  $('wrong').textContent = '';
  const token = $('token').value.trim();
  $('token').value = '';
  try {
    const answer = await fetch('/api/v1/session', {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token}),
    });
    if (answer.ok) { await ask(); return; }
    $('wrong').textContent = word(answer.status >= 500 ? 'noServer' : 'wrongToken');
  } catch {
    $('wrong').textContent = word('noServer');
  }
  $('token').focus();
});

$('leave').addEventListener('click', async () => {
  try { await fetch('/api/v1/session', {method: 'DELETE'}); } catch { /* the cookie ends by itself */ }
  showDoor();
});

$('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh';
  store.setItem('language', language);
  if (!me) $('link-text').textContent = word('signedOut');
  $('wrong').textContent = '';
  draw();
  tick();
});

setInterval(tick, 1000);
draw();
ask();
