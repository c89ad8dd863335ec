// What a folder can be made a set of, and that a *scripted* model chooses among that and writes nothing.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { AgentModel } from '../../contracts/agent-model.ts';
import { setSpec } from '../../contracts/set-spec.ts';
import { sourceNamed } from '../../evals/construction/sources.ts';
import { candidatesOf } from './candidates.ts';
import { proposeSet, setDocument } from './propose.ts';

const never = new AbortController().signal;
const says = (text: string): AgentModel => ({
  model: 'scripted-builder',
  way: 'direct',
  ask: async () => ({ how: 'answered', text }),
});
const row = { task_id: 'a', prompt: 'p', entry_point: 'f', canonical_solution: 's', test: 't' };
const FILES = [
  { path: '.git/HEAD' },
  { path: 'tasks/one/task.yaml' },
  { path: 'tasks/two/task.yaml' },
  { path: 'rows.jsonl', first: JSON.stringify(row) },
  { path: 'other.jsonl', first: '{"a": 1}' },
];
const candidates = candidatesOf(FILES, { name: 'mine', licence: undefined });

test('finds by their marks what sources read; no licence is guessed', () => {
  expect(candidates.map(({ source }) => source.kind)).toEqual(['git-history', 'task-folders', 'human-eval']);
  expect(candidates[1]!.source).toEqual({ kind: 'task-folders', folder: 'tasks', name: 'mine' });
  expect(candidates[2]!.lacks).toContain('licence');
  for (const { source, lacks } of candidatesOf(FILES, { name: 'mine', licence: 'MIT' })) {
    const { kind, ...options } = source;
    expect(sourceNamed(kind)!.options.safeParse(options)).toMatchObject({ success: true });
    expect(lacks).toBeUndefined();
  }
});

test('a model chooses, and code writes the document', async () => {
  const splits = { visible: 0.5, gate: 0.3, sealed: 0.2 };
  const proposed = await proposeSet(
    candidates,
    says(JSON.stringify({ candidate: 1, most: 50, splits, alike: 0.9, why: 'w' })),
    never,
  );
  expect(proposed).toMatchObject({ by: { scripted: true }, candidate: { source: { kind: 'task-folders' } } });
  expect(setSpec.parse(parse(setDocument('mine', proposed!)))).toMatchObject({
    most: 50,
    splits,
    source: { folder: 'tasks' },
  });
});

test.each([
  ['garbage', 'yes, of course'],
  [
    'one that there is not',
    JSON.stringify({ candidate: 7, most: 50, splits: { visible: 1, gate: 0, sealed: 0 }, alike: 0.9, why: 'w' }),
  ],
  [
    'one that lacks its licence',
    JSON.stringify({ candidate: 2, most: 50, splits: { visible: 1, gate: 0, sealed: 0 }, alike: 0.9, why: 'w' }),
  ],
  [
    'a source of its own',
    JSON.stringify({
      candidate: 0,
      most: 50,
      splits: { visible: 1, gate: 0, sealed: 0 },
      alike: 0.9,
      why: 'w',
      source: { kind: 'harbor', folder: '/etc' },
    }),
  ],
  [
    'shares that are none',
    JSON.stringify({ candidate: 0, most: 50, splits: { visible: 9, gate: 0, sealed: 0 }, alike: 0.9, why: 'w' }),
  ],
])('a model that answers %s has no part in it', async (_, text) => {
  expect(await proposeSet(candidates, says(text), never)).toMatchObject({
    by: null,
    candidate: { source: { kind: 'git-history' } },
    note: expect.any(String),
  });
});

test('nothing is proposed of what holds nothing', async () => {
  expect(await proposeSet(candidatesOf([{ path: 'a.txt' }], { name: 'mine' }), undefined, never)).toBeUndefined();
});
