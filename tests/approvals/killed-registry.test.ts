// Whoever changes the registry of people is killed before, amid and after each of its writes, and says the same again: each change is there once,
// in one chain, noted once. A few of the places; ANNEAL_DEATHS=all takes each of them.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PeopleChange } from '../../contracts/people.ts';
import { peopleProblems } from '../../infra/audit/people.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { createPeople } from '../../infra/people/registry.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { softwarePasskey } from '../support/software-passkey.ts';
import { tellFigures } from '../support/told-figures.ts';

const { keyId, passkey } = softwarePasskey('ada', 'ES256').entry;
const CHANGES: readonly PeopleChange[] = [
  { what: 'person-added', name: 'ada', role: 'approver' },
  { what: 'passkey-added', name: 'ada', keyId, passkey },
  { what: 'person-added', name: 'ben', role: 'viewer' },
  {
    ...{ what: 'delegated', id: 'of-a-test', from: 'ada', to: 'ben', kinds: ['release'] },
    ...{ since: '2026-01-01T00:00:00.000Z', until: '2036-01-01T00:00:00.000Z' },
  },
  { what: 'key-revoked', keyId },
];
const SOME = [
  'before change’s people/entries/000000000002, 1',
  'after change’s people/entries/000000000002, 1',
  'after change’s audit/entries/000000000003, 1',
  'before change’s audit/heads/000000000004, 1',
  'after change’s people/entries/000000000005, 1',
];

async function played(at: string | null): Promise<{ passed: string[]; died: boolean; wrong: string[] }> {
  const home = await mkdtemp(join(tmpdir(), 'anneal-registrar-'));
  try {
    await initIdentity(join(home, 'keys'));
    const death = { at, died: join(home, 'died'), passed: join(home, 'passed') };
    const given = join(home, 'given.json');
    writeFileSync(given, JSON.stringify({ home, changes: CHANGES, death }));
    const codes: (number | null)[] = [];
    for (let lives = 0; lives < 3 && codes.at(-1) !== 0; lives += 1) codes.push(await lived(given));
    const store = createFolderStore(join(home, 'store'));
    const people = createPeople({ store, roots: () => readApprovers(join(home, 'keys')) });
    const identity = createLocalIdentity(join(home, 'keys'), {}, people);
    const registry = await people.current();
    const witness = await createWitness(join(home, 'audit', 'head.json')).read();
    const { entries, problems } = await readAudit({
      ...{ store, verifyBytes: identity.verifyBytes, witnesses: witness === undefined ? [] : [witness] },
    });
    const texts = (await people.entries()).map(({ text }) => text);
    const noted = entries.map(({ entry: { event } }) =>
      event.what === 'people-changed' ? event.change.what : event.what,
    );
    const wanted = CHANGES.map(({ what }) => what);
    const made = (await people.entries()).map(({ entry }) => entry.body.change.what);
    const wrong = [
      ...(codes.at(-1) === 0 && codes.length === (at === null ? 1 : 2)
        ? []
        : [`its lives ended with ${codes.join(', ')}`]),
      ...[...problems, ...peopleProblems(entries, texts)].map(({ number, what }) => `entry ${number}: ${what}`),
      ...(made.join() === wanted.join() ? [] : [`the registry has ${made.join(', ')}`]),
      ...(noted.join() === wanted.join() ? [] : [`the audit log has ${noted.join(', ')}`]),
      ...(registry.delegations.length === 1 && registry.revoked.has(keyId) ? [] : ['somebody may what they may not']),
    ];
    const passed = readFileSync(death.passed, 'utf8').trim().split('\n');
    return { passed, died: existsSync(death.died), wrong };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function lived(given: string): Promise<number | null> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'registrar.ts'), given], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve) => child.once('exit', resolve));
}

test('whoever dies amid a change of the registry: each change is made once, and noted once', {
  timeout: 900_000,
}, async ({ task }) => {
  const all = process.env.ANNEAL_DEATHS === 'all';
  const alive = await played(null);
  expect(alive).toMatchObject({ died: false, wrong: [] });
  const places = all ? [...new Set(alive.passed)] : SOME;
  for (const at of places)
    expect({ at, ...(await played(at)), passed: [] }).toEqual({ at, died: true, wrong: [], passed: [] });
  tellFigures(task, {
    'places of the registry where somebody may die': new Set(alive.passed).size,
    'deaths of the registry played': places.length,
  });
});
