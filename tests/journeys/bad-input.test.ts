// What a user can get wrong, through the command line: each has its code, its exit code and its page, and breaks nothing.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ERRORS, type ErrorCode, EXIT } from '../../contracts/errors.ts';
import type { Decision } from '../../contracts/gate.ts';
import { campaignName } from '../../contracts/ids.ts';
import { GATE as GATE_MESSAGES, gateWorkflowId } from '../../contracts/names.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { type Finished, type Journey, openJourney, until } from '../support/journey.ts';

type Plain = Record<string, unknown>;
const SMALL = parse(readFileSync(join(import.meta.dirname, 'small.yaml'), 'utf8')) as Plain;

let journey: Journey;
let files: string;
beforeAll(async () => {
  journey = await openJourney();
  files = mkdtempSync(join(tmpdir(), 'anneal-bad-'));
}, 60_000);
afterAll(async () => {
  await journey.end();
  rmSync(files, { recursive: true, force: true });
}, 60_000);

function file(name: string, changes: Plain | string): string {
  const path = join(files, `${name}.yaml`);
  writeFileSync(path, typeof changes === 'string' ? changes : stringify({ ...SMALL, name, ...changes }));
  return path;
}
const within = (section: string, changes: Plain): Plain => ({
  [section]: { ...(SMALL[section] as Plain), ...changes },
});

/** The three things that every failure owes: code on stdout as JSON, exit code by the table, page named on stderr and present. */
function expectRefusal(finished: Finished, code: ErrorCode): void {
  const said = finished.stdout + finished.stderr;
  expect(finished.code, said).toBe(EXIT[ERRORS[code].exit]);
  expect(JSON.parse(finished.stdout), said).toMatchObject({ error: { code } });
  expect(finished.stderr).toContain(`docs/errors/${code}.md`);
  expect(existsSync(join(journey.config.repo, 'docs', 'errors', `${code}.md`))).toBe(true);
}

describe('a campaign file', () => {
  const cases: [string, Plain | string, ErrorCode, string][] = [
    ['unknown-field', { policies: {} }, 'spec.unknown_field', 'policies'],
    ['wrong-unit', within('rollouts', { timeout: 30 }), 'spec.wrong_unit', 'rollouts.timeout'],
    ['missing-field', { rounds: undefined }, 'spec.missing_field', 'rounds'],
    ['out-of-range', { rounds: 0 }, 'spec.out_of_range', 'rounds'],
    ['wrong-type', { seed: 'seven' }, 'spec.wrong_type', 'seed'],
    [
      'impossible-split',
      within('tasks', { splits: { visible: 0.9, gate: 0.9, sealed: 0.1 } }),
      'spec.impossible_split',
      'tasks.splits',
    ],
    [
      'missing-file',
      within('tasks', { startingPassRates: 'nowhere.json' }),
      'spec.missing_file',
      'tasks.startingPassRates',
    ],
    ['duplicate-key', 'name: a\nname: b\n', 'spec.duplicate_key', 'name'],
    ['not-yaml', 'name: [\n', 'spec.syntax', ''],
  ];
  test.concurrent.each(cases)('%s is found with its line and path', async (name, changes, code, path) => {
    const { code: exit, stdout } = await journey.run(['validate', '--json', file(name, changes)]);
    expect(exit).toBe(2);
    const { valid, problems } = JSON.parse(stdout) as {
      valid: boolean;
      problems: { code: string; path: string; line?: number; hint: string }[];
    };
    expect(valid).toBe(false);
    const found = problems.find((problem) => problem.code === code);
    expect(found, stdout).toBeDefined();
    expect(found?.path).toContain(path);
    expect(found?.hint.length).toBeGreaterThan(0);
    expect(existsSync(join(journey.config.repo, 'docs', 'errors', `${code}.md`))).toBe(true);
  });

  test('every mistake is listed at once, and nothing is started for it', async () => {
    const path = file('many', { ...within('rollouts', { timeout: 30 }), policies: {}, rounds: 0 });
    const finished = await journey.run(['quickstart', '--yes', '--json', '--file', path]);
    expect(finished.code).toBe(2);
    const { error } = JSON.parse(finished.stdout) as { error: { problems: unknown[] } };
    expect(error.problems.length).toBeGreaterThanOrEqual(3);
    expect(journey.processes()).toEqual([]);
  });

  test('that does not exist', async () => {
    expectRefusal(await journey.run(['validate', '--json', join(files, 'nowhere.yaml')]), 'spec.missing_file');
  });
});

describe('without a stack', () => {
  test('a server that is gone', async () => {
    expectRefusal(await journey.run(['ls', '--json']), 'stack.not_running');
    expectRefusal(await journey.run(['ls', '--json', '--temporal', '127.0.0.1:1']), 'stack.temporal_unavailable');
  });

  test('a port in use', async () => {
    const holder = createServer();
    const port = await new Promise<number>((done) =>
      holder.listen(0, '127.0.0.1', () => {
        const address = holder.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
    const finished = await journey.run(['up', '--json'], { env: { ANNEAL_GATEWAY_PORT: `${port}` } });
    holder.close();
    expectRefusal(finished, 'stack.port_in_use');
    expect(finished.stderr).toContain(`${process.pid}`);
    expect(journey.processes()).toEqual([]);
  });

  // A file system of 64 KiB, full, in a mount namespace of its own.
  const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0;
  test.skipIf(!namespaces)('no space left', async () => {
    const home = mkdtempSync(join(files, 'full-'));
    const script =
      'mount -t tmpfs -o size=64k none "$1"; head -c 1000000 /dev/zero >"$1/cache"; ANNEAL_HOME=$1 exec "$2" up --json';
    const anneal = join(journey.config.repo, 'anneal');
    const child = spawn('unshare', ['-rm', 'sh', '-c', script, 'full', home, anneal]);
    const texts = ['', ''];
    child.stdout.on('data', (data: Buffer) => (texts[0] += data.toString()));
    child.stderr.on('data', (data: Buffer) => (texts[1] += data.toString()));
    const code = await new Promise<number | null>((done) => child.once('close', done));
    expectRefusal({ code, signal: null, stdout: texts[0]!, stderr: texts[1]!, seconds: 0 }, 'stack.no_space');
  });

  test('a command line that makes no sense', async () => {
    expect((await journey.run(['frobnicate'])).code).toBe(2);
    expect((await journey.run(['decide', 'small.release-1'])).code).toBe(2);
  });
});

describe('with a stack', () => {
  // No function of this name exists in the module, so that construction ends with no task and asks at a gate: cheap and complete.
  const EMPTY = within('tasks', { only: ['operator.no_such', 'operator.nor_this', 'operator.nor_that'] });
  const FAILS = campaignName.parse('fails');
  const GATE = 'fails.job-failed-1';

  beforeAll(async () => {
    const up = await journey.run(['up', '--json'], { timeoutMs: 240_000 });
    expect(up.code, up.stderr).toBe(0);
    expect((await journey.run(['submit', file('fails', EMPTY)])).code).toBe(0);
    await until('the failed stage asks at a gate', async () => (await journey.status(FAILS))?.openGate, 60_000, 200);
  }, 320_000);

  test('zero tasks left: a gate with the reason, and a second `up` is harmless', async () => {
    const shown = await journey.run(['gates', GATE, '--json']);
    const { evidence } = JSON.parse(shown.stdout) as {
      evidence: { facts: { value: string }[]; options: { name: string }[]; logTail: string[] };
    };
    expect(evidence.facts.map((fact) => fact.value)).toContain('tasks.none_left');
    expect(evidence.options.map((option) => option.name)).toEqual(['retry', 'abort']);
    expect((await journey.run(['up'])).code).toBe(0);
  });

  test('names that nobody knows', async () => {
    expectRefusal(await journey.run(['status', 'nobody', '--json']), 'campaign.not_found');
    expectRefusal(await journey.run(['cancel', 'nobody', '--json']), 'campaign.not_found');
    expectRefusal(await journey.run(['resume', 'nobody', '--json']), 'campaign.not_found');
    expectRefusal(await journey.run(['report', 'nobody', '--json']), 'campaign.not_found');
    expectRefusal(
      await journey.run(['decide', 'nobody.release-1', 'release', '--reason', 'x', '--json']),
      'gate.not_found',
    );
    expectRefusal(await journey.run(['rollback', '--json']), 'release.nothing_to_roll_back');
  });

  test('a duplicate name: the same file is the same campaign, another file is refused', async () => {
    const same = await journey.run(['submit', file('fails', EMPTY), '--json']);
    expect(JSON.parse(same.stdout)).toMatchObject({ how: 'attached' });
    const other = file('other', { ...EMPTY, name: 'fails', seed: 99 });
    expectRefusal(await journey.run(['submit', other, '--json']), 'campaign.duplicate_name');
  });

  test('a decision without a reason, or for an option that is not there', async () => {
    expectRefusal(await journey.run(['decide', GATE, 'abort', '--json']), 'decision.reason_missing');
    expectRefusal(await journey.run(['decide', GATE, 'release', '--reason', 'x', '--json']), 'decision.unknown_option');
  });

  test('altered, misdirected and replayed decisions', async () => {
    const gates = createGates(await journey.temporal(), journey.store);
    const { view } = await gates.look(GATE);
    const identity = createLocalIdentity(journey.config.paths.keys);
    const sign = (context: Partial<typeof view.context> = {}): Promise<Decision> =>
      identity.makeDecision(
        { ...view.context, ...context },
        { option: 'retry', reason: 'test', unattended: false, ttl: '1h' },
      );
    const altered = await sign();
    const otherOption = { ...altered, body: { ...altered.body, option: 'abort' } };
    await expect(gates.decide(otherOption)).rejects.toMatchObject({ code: 'decision.altered', exitCode: 3 });
    await expect(gates.decide(await sign({ runChain: 'another-run' }))).rejects.toMatchObject({
      code: 'decision.other_run',
      exitCode: 3,
    });
    // The same decision in another envelope: Temporal itself would answer a repeated update id from memory.
    const replay = (await journey.temporal()).workflow
      .getHandle(gateWorkflowId(view.context.gate))
      .executeUpdate(GATE_MESSAGES.decide, { args: [altered], updateId: 'another-envelope' });
    await expect(replay).rejects.toMatchObject({ cause: { type: 'decision.replayed' } });
    expect((await journey.status(FAILS))?.openGate?.gate).toBe(GATE);
  });

  test('an aborted campaign ends cleanly, its gate is closed, and it can be resumed and cancelled', async () => {
    const decided = await journey.run(['decide', GATE, 'abort', '--reason', 'no tasks', '--json']);
    expect(decided.code, decided.stderr).toBe(0);
    await until(
      'the campaign has ended',
      async () => ((await journey.status(FAILS))?.stage === 'ended' ? true : undefined),
      60_000,
      200,
    );
    expectRefusal(await journey.run(['decide', GATE, 'retry', '--reason', 'late', '--json']), 'gate.closed');
    expectRefusal(await journey.run(['cancel', 'fails', '--json']), 'campaign.not_running');

    expect((await journey.run(['resume', 'fails'])).code).toBe(0);
    const again = await until('it asks again', async () => (await journey.status(FAILS))?.openGate?.gate, 60_000, 200);
    expect(again).not.toBe(GATE);
    expect((await journey.run(['cancel', 'fails'])).code).toBe(0);
    const ended = await until(
      'it is cancelled',
      async () => {
        const status = await journey.status(FAILS);
        return status?.stage === 'ended' ? status : undefined;
      },
      60_000,
      200,
    );
    expect(ended.state.ending).toBe('cancelled');
    expect((await journey.run(['report', 'fails', '--json'])).code).toBe(0);
  }, 240_000);

  test('an expired gate takes its safe option and can be asked again', async () => {
    const name = campaignName.parse('expires');
    const path = file('expires', { ...EMPTY, gates: { deadline: '2s', remindAfter: '1s' } });
    expect((await journey.run(['submit', path])).code).toBe(0);
    const ended = await until(
      'silence has aborted it',
      async () => {
        const status = await journey.status(name);
        return status?.stage === 'ended' ? status : undefined;
      },
      60_000,
      200,
    );
    expect(ended.state.ending).toBe('aborted');
    expect(ended.state.gates[0]?.result).toMatchObject({ how: 'expired', option: 'abort' });
    expectRefusal(
      await journey.run(['decide', 'expires.job-failed-1', 'retry', '--reason', 'late', '--json']),
      'gate.expired',
    );
  }, 120_000);
});
