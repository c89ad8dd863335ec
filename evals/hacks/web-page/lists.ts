// Five pages that keep a list: items are added, counted, removed, and kept over a reload.
import type { WebPageCheck } from '../../verifiers/web-page/check.ts';

export interface ListPage {
  readonly title: string;
  /** Label of the field. */
  readonly label: string;
  /** What the status counts, in the plural. */
  readonly things: string;
}

export const LIST_PAGES: readonly ListPage[] = [
  { title: 'Shopping list', label: 'Item', things: 'items' },
  { title: 'Guest list', label: 'Guest', things: 'guests' },
  { title: 'Reading list', label: 'Book', things: 'books' },
  { title: 'Tool shed', label: 'Tool', things: 'tools' },
  { title: 'Songs to learn', label: 'Song', things: 'songs' },
];

export const listInstruction = ({ title, label, things }: ListPage): string =>
  `Write index.html: a page with the heading “${title}”. A text field labelled “${label}” and a button “Add” put an entry at the end of a list (a real list of list items, each with the entry's text first). Each entry has a button “Remove X”, where X is the entry. An element with the role “status” says how many there are: “0 ${things}”, “1 ${things}”, “2 ${things}”. The list is still there after a reload. It works on a phone and on a desk, with readable contrast.`;

export function listCheck({ label, things }: ListPage): WebPageCheck {
  const field = { role: 'textbox', name: label };
  const add = { role: 'button', name: 'Add' };
  const entry = (name: string) => ({ role: 'listitem', textIncludes: `{{${name}}}` });
  const status = { role: 'status' };
  const enter = (name: string) => [
    { do: 'fill' as const, on: field, text: `{{${name}}}` },
    { do: 'click' as const, on: add, count: 1 },
  ];
  const says = (count: number) => ({
    expect: { that: 'text' as const, of: status, is: `${count} ${things}` },
    before: 'not' as const,
  });
  const has = (name: string) => ({ expect: { that: 'present' as const, of: entry(name) }, before: 'not' as const });
  const common = { weight: 1, hard: true, viewport: { width: 1280, height: 720 } };
  return {
    entry: 'index.html',
    allowedErrors: [],
    inputs: { one: { kind: 'name' }, two: { kind: 'word' }, three: { kind: 'word' } },
    scenarios: [
      {
        ...common,
        name: 'adds',
        steps: [
          { expect: { that: 'text', of: status, is: `0 ${things}` }, before: 'any' },
          ...enter('one'),
          has('one'),
          says(1),
          ...enter('two'),
          has('two'),
          says(2),
          { expect: { that: 'count', of: { role: 'listitem' }, is: 2 }, before: 'any' },
        ],
      },
      {
        ...common,
        name: 'removes',
        steps: [
          ...enter('one'),
          ...enter('two'),
          ...enter('three'),
          says(3),
          { do: 'click', on: { role: 'button', name: 'Remove {{two}}' }, count: 1 },
          says(2),
          { expect: { that: 'absent', of: entry('two') }, before: 'not' },
          { expect: { that: 'present', of: entry('one') }, before: 'any' },
          { expect: { that: 'present', of: entry('three') }, before: 'any' },
        ],
      },
      {
        ...common,
        name: 'keeps',
        steps: [
          ...enter('three'),
          has('three'),
          { do: 'reload' },
          { expect: { that: 'present', of: entry('three') }, before: 'any' },
          { expect: { that: 'text', of: status, is: `1 ${things}` }, before: 'any' },
          { expect: { that: 'count', of: { role: 'listitem' }, is: 1 }, before: 'any' },
        ],
      },
    ],
    layout: {
      viewports: [
        { width: 1280, height: 720 },
        { width: 390, height: 844 },
      ],
      steps: enter('one'),
      rules: [
        { rule: 'fits' },
        { rule: 'apart', of: [field, add, status, { role: 'heading' }] },
        { rule: 'contrast', of: entry('one'), atLeast: 4.5 },
        { rule: 'contrast', of: status, atLeast: 4.5 },
        { rule: 'size', of: add, width: 24, height: 18 },
      ],
      weight: 1,
      hard: true,
    },
    draws: 2,
    patienceMs: 2_000,
  };
}

const STYLE = `body{font:16px/1.5 sans-serif;margin:1rem;max-width:40rem;color:#222;background:#fff}
form{display:flex;gap:.5rem;flex-wrap:wrap;align-items:center}input,button{font:inherit;min-height:2rem}li{overflow-wrap:anywhere;margin:.25rem 0}`;

export interface ListVariant {
  readonly style?: string;
  /** Before the page's own script. */
  readonly head?: string;
  readonly script?: string;
  readonly body?: string;
}

/** A page that works. */
export function listHtml({ title, label, things }: ListPage, variant: ListVariant = {}): string {
  const body =
    variant.body ??
    `<h1>${title}</h1><form><label for="entry">${label}</label><input id="entry" autocomplete="off"><button>Add</button></form>
<p role="status"></p><ul></ul>`;
  const script = variant.script ?? listScript(things);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${STYLE}${variant.style ?? ''}</style>${variant.head ?? ''}<body>${body}<script>${script}</script></body></html>`;
}

export const listScript = (things: string): string => `
const list = document.querySelector('ul'), status = document.querySelector('[role=status]'), field = document.querySelector('#entry');
let entries = JSON.parse(localStorage.getItem('entries') ?? '[]');
function show() {
  list.replaceChildren(...entries.map((text, at) => {
    const item = document.createElement('li'), remove = document.createElement('button');
    remove.textContent = 'Remove ' + text; remove.type = 'button';
    remove.onclick = () => { entries.splice(at, 1); save(); };
    item.append(text + ' ', remove);
    return item;
  }));
  status.textContent = entries.length + ' ${things}';
}
function save() { localStorage.setItem('entries', JSON.stringify(entries)); show(); }
document.querySelector('form').onsubmit = (event) => {
  event.preventDefault();
  if (field.value.trim() !== '') { entries.push(field.value.trim()); field.value = ''; save(); }
};
show();`;
