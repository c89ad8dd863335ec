// The local job runner against a scripted trainer: a real process, whose behaviour each test's seed selects.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ArtifactRef, artifactRef } from '../../contracts/artifact.ts';
import { type JobDocument, type JobRunner, type JobState, jobDocument } from '../../contracts/job.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../process/identity.ts';
import { createLocalJobRunner } from './local.ts';

// Appends its pid to `starts`, then acts by the document's seed. On SIGTERM it checkpoints (85).
const TRAINER = String.raw`
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
const document = JSON.parse(readFileSync(process.argv[2], 'utf8'));
appendFileSync('starts', process.pid + '\n');
const metric = (step) => JSON.stringify({ step, loss: 1, kl: 0, entropy: 1, clipFraction: 0, gradNorm: 1, meanRatio: 1,
  stalenessMin: 0, stalenessMax: 0, samples: 1, tokens: 1, seconds: 0.1 }) + '\n';
const finish = () => {
  const output = (path) => ({ path, sha256: 'a'.repeat(64), bytes: 1 });
  writeFileSync('result.json', JSON.stringify({ schema: 'anneal/job-result/v1', name: document.name, specHash: document.specHash,
    status: 'done', policyVersion: 1, steps: 3, trained: [], dropped: [],
    outputs: { adapter: output('a'), adapterGguf: output('b'), optimizer: output('c') }, seconds: {} }));
  process.exit(0);
};
const stay = () => setInterval(() => {}, 1000);
process.on('SIGTERM', () => { if (document.seed !== 3) { console.log('checkpointed'); process.exit(85); } });
console.log('hello from the trainer');
switch (document.seed) {
  case 0: appendFileSync('metrics.jsonl', metric(1) + metric(2) + metric(2) + '{"step": 3, "lo'); finish(); break;
  case 1: appendFileSync('metrics.jsonl', metric(1)); stay(); break;
  case 2: // stays the first time, finishes the second
    if (readFileSync('starts', 'utf8').split('\n').length > 2) finish(); else stay(); break;
  case 3: stay(); break; // deaf to SIGTERM
  case 4: setTimeout(finish, 1500); break;
  case 42: writeFileSync('error.json', JSON.stringify({ code: 'bad_field', message: 'two problems',
    problems: [{ path: 'model.base', expected: 'smollm2', got: 'x', hint: 'look' }] })); process.exit(42); break;
  default: process.exit(document.seed);
}
`;

let folder: string;
let runner: JobRunner;
const stored: string[] = [];
const store = {
  async putFile(path: string): Promise<ArtifactRef> {
    stored.push(path);
    return artifactRef.parse({ uri: `store:objects/00/${'0'.repeat(64)}`, sha256: '0'.repeat(64), bytes: 0 });
  },
  async getFile({ sha256 }: ArtifactRef, path: string): Promise<void> {
    writeFileSync(path, sources.get(sha256)!);
  },
};
const started: ChildProcess[] = [];
const sources = new Map<string, string>();
const trainerArgv = (): [string, string] => [process.execPath, join(folder, 'trainer.mjs')];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-jobs-'));
  writeFileSync(join(folder, 'trainer.mjs'), TRAINER);
  runner = createLocalJobRunner({
    jobsDir: join(folder, 'jobs'),
    argv: trainerArgv(),
    env: {},
    supervisor: undefined,
    store,
  });
});
afterEach(async () => {
  await runner.cancel(doc(0).name, 0);
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const ref = { uri: `store:objects/aa/${'a'.repeat(64)}`, sha256: 'a'.repeat(64), bytes: 1 };
function doc(seed: number, specHash = 'b'.repeat(64)): JobDocument {
  return jobDocument.parse({
    schema: 'anneal/job/v1',
    name: 'job-one',
    kind: 'train',
    specHash,
    seed,
    model: { base: 'x', lora: { rank: 8, alpha: 16, layers: 10 } },
    algorithm: {
      name: 'cispo',
      clipHigh: 1,
      learningRate: 1e-3,
      steps: 3,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      weightDecay: 0,
      maxGradNorm: 1,
      maxStaleness: 2,
    },
    sampling: { temperature: 1 },
    policyVersion: { from: 0, to: 1 },
    inputs: { batch: ref, adapter: null, optimizer: null },
    checkpointEverySteps: 1,
    maxSeconds: 60,
  });
}

async function until<Phase extends JobState['phase']>(phase: Phase): Promise<Extract<JobState, { phase: Phase }>> {
  return await expect
    .poll(() => runner.state(doc(0).name), { timeout: 15_000, interval: 20 })
    .toMatchObject({ phase })
    .then(async () => (await runner.state(doc(0).name)) as Extract<JobState, { phase: Phase }>);
}
const inJob = (file: string): string => join(folder, 'jobs', 'job-one', file);
const starts = (): number[] => readFileSync(inJob('starts'), 'utf8').trim().split('\n').map(Number);
const wrapper = (): ProcessIdentity => JSON.parse(readFileSync(inJob('process.json'), 'utf8')) as ProcessIdentity;
async function trainerIsUp(count: number): Promise<ProcessIdentity> {
  await expect.poll(() => starts().length, { timeout: 10_000 }).toBe(count);
  return identityOf(starts().at(-1)!)!;
}

test('a job runs to its end; a second submission leaves it alone', async () => {
  expect(await runner.state(doc(0).name)).toEqual({ phase: 'absent' });
  await runner.submit(doc(0));
  const done = await until('done');
  expect(done.result.specHash).toBe(doc(0).specHash);
  expect(done.metrics.map((line) => line.step)).toEqual([1, 2]); // deduplicated; the torn line is skipped
  await runner.submit(doc(0));
  expect(starts()).toHaveLength(1);
  expect(await runner.logTail(doc(0).name, 5)).toEqual(['hello from the trainer']);
});

test('many submissions at once start one process', async () => {
  const others = Array.from({ length: 5 }, () =>
    createLocalJobRunner({ jobsDir: join(folder, 'jobs'), argv: trainerArgv(), env: {}, supervisor: undefined, store }),
  );
  await Promise.all([...others, ...others, runner].map((one) => one.submit(doc(1))));
  await trainerIsUp(1);
  await new Promise((done) => setTimeout(done, 300));
  expect(starts()).toHaveLength(1);
  await expect.poll(() => runner.state(doc(0).name)).toMatchObject({ phase: 'running', step: 1 });
});

test('another specification under the same name is a conflict', async () => {
  await runner.submit(doc(1));
  await expect(runner.submit(doc(1, 'c'.repeat(64)))).rejects.toMatchObject({ code: 'job.conflict' });
  const [one, two] = await Promise.allSettled([runner.submit(doc(1)), runner.submit(doc(1, 'd'.repeat(64)))]);
  expect([one.status, two.status]).toEqual(['fulfilled', 'rejected']);
});

test.each([
  [42, 'two problems\nmodel.base: expected smollm2, got x (look)'],
  [43, 'accelerator'],
  [44, 'space'],
  [7, 'exited with 7'],
  [100, 'exited with 100'],
])('exit code %i is told with its reason: %s', async (seed, message) => {
  await runner.submit(doc(seed));
  const stopped = await until('stopped');
  expect(stopped).toMatchObject({ exitCode: seed, logTail: ['hello from the trainer'] });
  expect(stopped.message).toContain(message);
});

test('cancel lets the job checkpoint, and submitting again resumes it', async () => {
  await runner.submit(doc(2));
  await trainerIsUp(1);
  await new Promise((done) => setTimeout(done, 200));
  await runner.cancel(doc(2).name, 5_000);
  expect(await runner.state(doc(2).name)).toMatchObject({ phase: 'stopped', exitCode: 85 });
  expect(await runner.logTail(doc(2).name, 1)).toEqual(['checkpointed']);
  await runner.submit(doc(2));
  await until('done');
  expect(starts()).toHaveLength(2);
});

test('a job that ignores SIGTERM is killed after the grace period', async () => {
  await runner.submit(doc(3));
  const trainer = await trainerIsUp(1);
  await runner.cancel(doc(3).name, 300);
  expect(await runner.state(doc(3).name)).toMatchObject({ phase: 'stopped', exitCode: 137 });
  await expect.poll(() => isAlive(trainer)).toBe(false);
});

test('SIGKILL of the trainer is recorded; submitting again starts it anew', async () => {
  await runner.submit(doc(2));
  process.kill((await trainerIsUp(1)).pid, 'SIGKILL');
  expect(await until('stopped')).toMatchObject({ exitCode: 137 });
  await runner.submit(doc(2));
  await until('done');
});

test('SIGKILL of the wrapper takes the trainer with it and leaves a stopped job', async () => {
  await runner.submit(doc(2));
  const trainer = await trainerIsUp(1);
  process.kill(wrapper().pid, 'SIGKILL');
  expect(await until('stopped')).toMatchObject({ exitCode: 137 });
  await runner.submit(doc(2));
  expect(isAlive(trainer)).toBe(false);
  await until('done');
});

test('a job survives SIGKILL of the process that submitted it, and its successor adopts it', async () => {
  const module = fileURLToPath(new URL('./local.ts', import.meta.url));
  writeFileSync(
    join(folder, 'submitter.mjs'),
    `import { createLocalJobRunner } from ${JSON.stringify(module)};
     const runner = createLocalJobRunner(${JSON.stringify({ jobsDir: join(folder, 'jobs'), argv: trainerArgv(), env: {} })});
     await runner.submit(${JSON.stringify(doc(4))});
     console.log('submitted'); setInterval(() => {}, 1000);`,
  );
  const submitter = spawn(process.execPath, [join(folder, 'submitter.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(submitter);
  await new Promise((done) => submitter.stdout.once('data', done));
  submitter.kill('SIGKILL');
  await runner.submit(doc(4));
  expect(await runner.state(doc(4).name)).toMatchObject({ phase: 'running' });
  await until('done');
  expect(starts()).toHaveLength(1);
});

test('a job ends by itself when the supervisor is gone', async () => {
  const supervisor = spawn('sleep', ['60']);
  started.push(supervisor);
  const watched = createLocalJobRunner({
    jobsDir: join(folder, 'jobs'),
    argv: trainerArgv(),
    env: {},
    supervisor: identityOf(supervisor.pid!),
    store,
  });
  await watched.submit(doc(3));
  const trainer = await trainerIsUp(1);
  supervisor.kill('SIGKILL');
  await expect.poll(() => isAlive(trainer), { timeout: 10_000 }).toBe(false);
}, 15_000);

test('an output path never leaves the folder', async () => {
  await runner.output(doc(0).name, 'adapter/a.bin');
  expect(stored).toEqual([inJob('adapter/a.bin')]);
  await expect(runner.output(doc(0).name, '../other/a')).rejects.toThrow(/outside/);
  await expect(runner.output(doc(0).name, '/etc/passwd')).rejects.toThrow(/outside/);
});

/** A trainer of the repository's own: it prints what its module says, and ends with 1 where that is wrong. */
function codeOf(commit: string, says: string): NonNullable<JobDocument['code']> {
  const hash = commit.repeat(64).slice(0, 64);
  sources.set(hash, says);
  const file = { uri: `store:objects/${hash.slice(0, 2)}/${hash}`, sha256: hash, bytes: says.length };
  return jobDocument.shape.code
    .unwrap()
    .parse({ repository: 'trainer', commit: commit.repeat(40), files: { 'own/says.txt': file } });
}
const SAYS = `
const says = process.getBuiltinModule('node:fs').readFileSync(process.env.PYTHONPATH + '/own/says.txt', 'utf8');
console.log(says);
if (says === 'wrong') process.exit(1);
`;

test('a job runs from the files of its document; mended, it takes the place of the one that failed', async () => {
  writeFileSync(join(folder, 'trainer.mjs'), SAYS + TRAINER);
  const wrong = { ...doc(0, 'b'.repeat(64)), code: codeOf('a', 'wrong') };
  const right = { ...doc(0, 'c'.repeat(64)), code: codeOf('d', 'right') };
  await runner.submit(wrong);
  await until('stopped');
  // Something else than its code differs: that is another job.
  await expect(runner.submit({ ...right, seed: 7 })).rejects.toMatchObject({ code: 'job.conflict' });
  await Promise.all([runner.submit(right), runner.submit(right), runner.submit(right)]);
  const done = await until('done');
  expect(done.result.specHash).toBe(right.specHash);
  expect(new Set(await runner.logTail(right.name, 9))).toEqual(new Set(['right', 'hello from the trainer']));
  expect(readFileSync(join(folder, 'jobs', `job-one.by-${'a'.repeat(12)}`, 'log'), 'utf8')).toBe('wrong\n');
  // One that is done stays.
  await expect(runner.submit(wrong)).rejects.toMatchObject({ code: 'job.conflict' });
});

test('a path of the code that leads out of its folder is refused', async () => {
  const code = codeOf('e', 'right');
  const [file] = Object.values(code.files);
  await expect(
    runner.submit({ ...doc(0), code: { ...code, files: { '../../out.txt': file! } } }),
  ).rejects.toMatchObject({
    code: 'job.configuration',
  });
});
