// Diagrams of the documentation are drawn by whoever shows the page: what would not be drawn is found here. That of the gateway names every
// way in which a turn ends.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, test } from 'vitest';
import { turnEnd } from '../../contracts/turn.ts';

const DOCS = new URL('../../docs/', import.meta.url);
const diagrams = readdirSync(DOCS)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => {
    const text = readFileSync(new URL(name, DOCS), 'utf8');
    return [...text.matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)].map((match) => ({
      name,
      lines: match[1]!.trim().split('\n'),
    }));
  });

const MESSAGE = /^(\w+)-?->>(\w+): \S.*$/;

/** @returns lines that Mermaid does not know, participants that were not introduced, blocks that are not closed */
function mistakes([kind, ...lines]: readonly string[]): string[] {
  const wrong = kind === 'sequenceDiagram' ? [] : [`${kind}`];
  const known = new Set<string>();
  const open: string[] = [];
  for (const line of lines.map((one) => one.trim())) {
    const [word = '', ...rest] = line.split(' ');
    const names = MESSAGE.exec(line)?.slice(1) ?? /^Note over (\w+),(\w+): \S/.exec(line)?.slice(1);
    if (word === 'participant') known.add(rest[0]!);
    else if (['alt', 'opt', 'loop'].includes(word)) open.push(word);
    else if (word === 'end') {
      if (rest.length > 0 || open.pop() === undefined) wrong.push(line);
    } else if (word === 'else') {
      if (open.at(-1) !== 'alt') wrong.push(line);
    } else if (names === undefined || !names.every((name) => known.has(name)) || line.includes(';')) wrong.push(line);
  }
  return [...wrong, ...open];
}

it.each(diagrams)('$name draws', ({ lines }) => {
  expect(mistakes(lines)).toEqual([]);
});

test('a diagram that would not be drawn is found', () => {
  const head = ['sequenceDiagram', 'participant A', 'participant B'];
  expect(mistakes([...head, 'A->>B: hello'])).toEqual([]);
  expect(mistakes([...head, 'A->>C: hello'])).toEqual(['A->>C: hello']);
  expect(mistakes([...head, 'alt one', 'A->>B: hello'])).toEqual(['alt']);
  expect(mistakes([...head, 'A->B hello', 'end', 'else two'])).toEqual(['A->B hello', 'end', 'else two']);
});

test('the gateway’s names every way in which a turn ends', () => {
  const { lines } = diagrams.find(({ name }) => name === 'gateway.md')!;
  const text = lines.join('\n');
  const whole = ['whole', 'done', 'finished'];
  const unnamed = turnEnd.options.filter((end) => !whole.includes(end) && !new RegExp(`\\b${end}\\b`).test(text));
  expect(unnamed).toEqual([]);
});
