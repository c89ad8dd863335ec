// An incident whose repository has a forge: the branch there is the one that counts, people see a pull request, and what they do there decides nothing.
// Real git over HTTP, a real Temporal server, the real sandbox; the forge is *scripted*.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { changeMark, forgeSpec } from '../../contracts/forge.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { createIncidents } from '../../infra/temporal/incidents.ts';
import { type IncidentWorld, incidentWorld, viewOf } from '../support/incident-world.ts';
import { temporal, withTemporal } from '../support/play-campaign.ts';
import { forgeAt, type ScriptedForge, startScriptedForge } from '../support/scripted-forge.ts';
import { FILES, LOG, MEND } from './division.ts';

vi.setConfig({ testTimeout: 180_000 });
withTemporal();

let world: IncidentWorld;
let forge: ScriptedForge;
let root: string;
let origin: string;
afterEach(async () => {
  await world.close();
  await forge.close();
  rmSync(root, { recursive: true, force: true });
});

const at = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
const there = (ref = 'main'): string => at(origin, 'rev-parse', '--verify', ref);

/** The forge has what the worker's repository has. */
async function begin(
  kind: 'github' | 'gitlab',
  { show, ask }: { show?: 'proposed'; ask?: 'always' } = {},
): Promise<void> {
  root = mkdtempSync(join(tmpdir(), 'anneal-forge-'));
  origin = join(root, 'origin.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', origin]);
  forge = await startScriptedForge(kind, { folder: origin });
  const token = join(root, 'token');
  writeFileSync(token, forge.state.token);
  const spec = forgeSpec.parse({ ...forgeAt(kind, forge, token), ...(show && { show }) });
  world = await incidentWorld({ files: FILES, skills: [MEND], repository: { forge: spec, ...(ask && { ask }) } });
  at(world.git('rev-parse', '--absolute-git-dir'), 'push', '-q', origin, 'main');
}
async function decide(gate: string, option: string): Promise<void> {
  await vi.waitFor(async () => expect(await world.gates.open()).toContain(gate), { timeout: 90_000, interval: 200 });
  const { view } = await world.gates.look(gate);
  const answer = { option, reason: 'It was looked at.', unattended: false };
  await answerGate({ gates: world.gates, signer: async () => world.identity }, view.context, answer);
}

describe.each(['github', 'gitlab'] as const)('%s', (kind) => {
  test('a change that needs nobody is shown, lands there and here, and its request is merged', async () => {
    await begin(kind);
    const before = there();
    const end = await (await world.open('one', LOG)).ended;
    expect(end).toMatchObject({ how: 'merged' });
    if (end.how !== 'merged') return;
    expect([there(), world.git('rev-parse', 'main')]).toEqual([end.commit, end.commit]);
    expect(there('main^')).toBe(before);
    expect(there('refs/tags/anneal/one')).toBe(end.commit);
    const [request, ...more] = forge.state.requests;
    expect(more).toEqual([]);
    expect(request).toMatchObject({ state: 'merged', onto: 'main', title: 'Anneal: Mend by guard-division' });
    expect(request!.body).toContain(changeMark(end.change));
    expect(request!.body).toContain('test_all_zero');
    expect(request!.comments).toHaveLength(1);
    expect(request!.comments[0]!.body).toContain(end.commit);
    // No line of the log stands there, and no branch is left.
    expect(JSON.stringify(forge.state)).not.toContain('ZeroDivisionError: float');
    expect(at(origin, 'branch', '--list')).toBe('* main');
    const checks = forge.state.statuses.filter(({ commit }) => commit === end.commit).map(({ name }) => name);
    expect(new Set(checks)).toEqual(new Set(['anneal/tests']));
    expect((await createIncidents(temporal(), world.store).look('one')).forge).toMatchObject({
      how: 'told',
      number: request!.number,
    });
  });
});

test('a human’s yes at the forge is a fact, and nothing lands by it; nothing is shown before theirs here, unless it is asked for', async () => {
  await begin('github', { ask: 'always', show: 'proposed' });
  const before = there();
  const { ended } = await world.open('two', LOG);
  await vi.waitFor(() => expect(forge.state.requests).toHaveLength(1), { timeout: 90_000, interval: 100 });
  const [request] = forge.state.requests;
  request!.reviews.push({ by: 'ada', said: 'approved' }, { by: 'bob', said: 'approved' });
  request!.comments.push({ body: '/merge\nLGTM, merge it', author: 'ada' });
  await vi.waitFor(async () => expect(await viewOf('two')).toMatchObject({ step: 'decide' }), { timeout: 60_000 });
  expect([there(), world.git('rev-parse', 'main')]).toEqual([before, before]);
  await decide('two.merge-1', 'leave');
  expect(await ended).toMatchObject({ how: 'denied' });
  expect([there(), request!.state]).toEqual([before, 'closed']);
  expect(request!.comments.at(-1)!.body).toContain('A human said no');
  expect((await createIncidents(temporal(), world.store).look('two')).forge).toMatchObject({
    reviews: ['ada: approved', 'bob: approved'],
  });
});

test('what a human is asked about comes to the forge after their yes: whatever it runs there, it was looked at', async () => {
  await begin('github', { ask: 'always' });
  const { ended } = await world.open('three', LOG);
  await vi.waitFor(async () => expect(await world.gates.open()).toContain('three.merge-1'), {
    timeout: 90_000,
    interval: 200,
  });
  expect(forge.state.requests).toEqual([]);
  expect(at(origin, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  await decide('three.merge-1', 'merge');
  expect(await ended).toMatchObject({ how: 'merged' });
  expect(forge.state.requests).toMatchObject([{ state: 'merged' }]);
});

test('the branch moves at the forge while a human thinks: it is made again upon that, and lands once', async () => {
  await begin('gitlab', { ask: 'always' });
  const { ended } = await world.open('four', LOG);
  await vi.waitFor(async () => expect(await world.gates.open()).toContain('four.merge-1'), {
    timeout: 90_000,
    interval: 200,
  });
  const clone = join(root, 'clone');
  execFileSync('git', ['clone', '-q', origin, clone]);
  writeFileSync(join(clone, 'more.py'), 'X = 1\n');
  at(clone, 'add', '.');
  at(clone, '-c', 'user.name=A', '-c', 'user.email=a@localhost', 'commit', '-qm', 'More');
  at(clone, 'push', '-q', 'origin', 'main');
  const moved = there();
  // The push of the branch is broken off after its effect: whether it landed has to be looked up.
  forge.faults.push({ on: /^POST .*git-receive-pack/, what: 'reset-after', times: 3 });
  await decide('four.merge-1', 'merge');
  const end = await ended;
  expect(end).toMatchObject({ how: 'merged' });
  expect(there('main^')).toBe(moved);
  expect(
    at(origin, 'log', '--format=%(trailers:key=Anneal-Change,valueonly)', 'main').split('\n').filter(Boolean),
  ).toHaveLength(1);
  expect(there()).toBe(world.git('rev-parse', 'main'));
});

describe('a forge that fails', () => {
  test('its interface: it is told, and what needs no request lands all the same', async () => {
    await begin('github');
    forge.faults.push({ on: /\/api\/v3/, what: 'denied', times: 999 });
    const end = await (await world.open('five', LOG)).ended;
    expect(end).toMatchObject({ how: 'merged' });
    expect((await createIncidents(temporal(), world.store).look('five')).forge).toMatchObject({
      how: 'not-told',
      why: expect.stringContaining('forge.unauthorised'),
    });
  });

  test('its git refuses the branch: nothing lands, here or there', async () => {
    await begin('github');
    execFileSync('sh', [
      '-c',
      `printf '#!/bin/sh\\nwhile read a b ref; do [ "$ref" = refs/heads/main ] && exit 1; done\\nexit 0\\n' > ${origin}/hooks/pre-receive && chmod +x ${origin}/hooks/pre-receive`,
    ]);
    const before = there();
    expect(await (await world.open('six', LOG)).ended).toMatchObject({ how: 'failed', code: 'forge.rejected' });
    expect([there(), world.git('rev-parse', 'main')]).toEqual([before, before]);
  });
});
