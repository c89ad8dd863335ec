// Whose memory ran out, by what the kernel counts. The files are written here: which version of control groups a machine has is its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Shortages, shortageOf, shortagesIn } from './cgroup.ts';

function counted(files: Readonly<Record<string, string>>): Shortages {
  const group = mkdtempSync(join(tmpdir(), 'anneal-group-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(group, name), text);
    return shortagesIn(group);
  } finally {
    rmSync(group, { recursive: true });
  }
}

/** As Linux 6 writes it; `max` also rises where memory could be taken back in time. */
const second = (oom: number, kills: number) =>
  counted({ 'memory.events': `low 0\nhigh 0\nmax 17\noom ${oom}\noom_kill ${kills}\noom_group_kill 0\n` });
const first = (failures: number, kills: number) =>
  counted({
    'memory.oom_control': `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`,
    'memory.failcnt': `${failures}\n`,
  });

test.each([
  ['the second version: nobody was ended', second(0, 0), second(0, 0), undefined],
  ['the second version: its limit was met, and nobody ended', second(0, 0), second(2, 0), undefined],
  ['the second version: its own limit ended a process', second(0, 0), second(1, 1), 'own'],
  ['the second version: the machine ended one', second(0, 0), second(0, 1), 'outside'],
  ['the second version: the machine, after its own limit did before', second(3, 3), second(3, 4), 'outside'],
  ['the first version: its own limit ended a process', first(0, 0), first(5, 1), 'own'],
  ['the first version: the machine ended one', first(5, 1), first(5, 2), 'outside'],
  ['nobody counts', counted({}), counted({}), undefined],
] as const)('%s', (_, before, now, expected) => {
  expect(shortageOf(before, now)).toBe(expected);
});
