'use strict';
// The API's own description as a page: from the same document that programs
// read, without anybody else's scripts.
const make = (tag, classes, text) => {
  const e = document.createElement(tag);
  if (classes) e.className = classes;
  if (text !== undefined) e.textContent = text;
  return e;
};

const kind = s => !s ? '' : s.$ref ? s.$ref.split('/').pop() : s.type === 'array' || (s.type ?? []).includes?.('array')
  ? `[${kind(s.items)}]` : s.enum ? s.enum.join(' | ') : [].concat(s.type ?? 'any').join(' or ');

function fields(doc, schema) {
  const s = schema?.$ref ? doc.components.schemas[schema.$ref.split('/').pop()] : schema;
  return Object.entries(s?.properties ?? {}).map(([name, p]) =>
    `${name}${(s.required ?? []).includes(name) ? '' : '?'}: ${kind(p)}${p.description ? ' – ' + p.description : ''}`);
}

function part(card, title, lines) {
  if (lines.length === 0) return;
  card.append(make('h3', '', title));
  const list = make('ul');
  for (const l of lines) list.append(make('li', 'reason', l));
  card.append(list);
}

async function show() {
  const doc = await (await fetch('/api/v1/openapi.json')).json();
  document.getElementById('about').textContent = doc.info.description;
  const list = document.getElementById('list');
  for (const tag of doc.tags) {
    list.append(make('h2', '', tag.name));
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const [method, op] of Object.entries(item)) {
        if (!(op.tags ?? []).includes(tag.name)) continue;
        const card = make('section', 'card operation');
        card.append(make('h3', '', `${method.toUpperCase()} ${doc.servers[0].url}${path}`), make('p', '', op.summary), make('p', 'reason', op.description ?? ''));
        part(card, 'Parameters', (op.parameters ?? []).map(p => `${p.name} (${p.in})${p.required ? '' : '?'}: ${kind(p.schema)}${p.description ? ' – ' + p.description : ''}`));
        part(card, 'Body', fields(doc, op.requestBody?.content?.['application/json']?.schema));
        const good = Object.entries(op.responses).find(([status]) => status.startsWith('2'));
        if (good) part(card, `Answers ${good[0]}`, fields(doc, good[1].content?.['application/json']?.schema));
        list.append(card);
      }
    }
  }
}
show();
