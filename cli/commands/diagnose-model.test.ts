// diagnose with a model, as somebody runs it: what is configured where, what the page says of it, and that nothing it does changes the rest.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { diagnosis } from '../../contracts/diagnosis.ts';
import { type ReaderReply, type ScriptedReader, startScriptedReader } from '../../tests/support/scripted-reader.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const KEY = 'the-key-of-this-address';
let folder: string;
let reader: ScriptedReader | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-diagnose-model-'));
  writeFileSync(
    join(folder, 'full.log'),
    `${'step 1 loss 2\n'.repeat(5)}OSError: [Errno 28] No space left on device\n`,
  );
  writeFileSync(join(folder, 'odd.log'), `the oven is cold\nframbulator 7 has no more wool\n${'tick\n'.repeat(5)}`);
});
afterEach(async () => {
  await reader?.close();
  reader = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function serve(reply: ReaderReply): Promise<string> {
  await reader?.close();
  reader = await startScriptedReader(() => reply);
  return reader.url;
}

async function run(args: string[], env: Record<string, string> = {}) {
  const own = { PATH: process.env.PATH, ANNEAL_HOME: join(folder, 'home'), ...env };
  return promisify(execFile)(process.execPath, [MAIN, 'diagnose', ...args], { cwd: folder, env: own }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (failure: { code: number; stdout: string; stderr: string }) => failure,
  );
}
const words = (text: string): string => text.replace(/\s+/g, ' ');
const suspects = (cause: string, line: number, text: string): string =>
  JSON.stringify({
    hypotheses: [{ cause, citations: [{ file: 0, line, text }], why: 'there is no wool', confidence: 0.4 }],
  });

test('where nothing is known the hypothesis stands beside it, as one', async () => {
  const url = await serve(suspects('data-starvation', 2, 'frambulator 7 has no more wool'));
  const { code, stdout } = await run(['odd.log', '--model', url, '--model-name', 'scripted-one']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^\? undetermined/);
  expect(words(stdout)).toContain('Hypotheses scripted model scripted-one');
  expect(words(stdout)).toContain('~ data-starvation (by its own word 40%) there is no wool odd.log:2 frambulator 7');
  expect(words(stdout)).toContain('It was asked directly: question and answer are kept nowhere');
});

test('configured by the environment, with a key for that address alone; --no-model asks none', async () => {
  const url = await serve(suspects('disk-full', 6, 'OSError: [Errno 28] No space left on device'));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ [url]: KEY, 'http://elsewhere/v1': 'another' }));
  const env = {
    ...{ ANNEAL_AGENT_MODEL_URL: url, ANNEAL_AGENT_MODEL_NAME: 'qwen' },
    ...{ ANNEAL_AGENT_MODEL_KEYS: join(folder, 'keys.json'), OPENAI_API_KEY: 'not-this-one' },
  };
  const found = diagnosis.parse(JSON.parse((await run(['full.log', '--json'], env)).stdout));
  expect(found).toMatchObject({
    cause: 'disk-full',
    hypotheses: [{ tainted: true, by: { model: 'qwen', scripted: true } }],
  });
  expect(reader!.asked).toHaveLength(1);
  expect(reader!.asked[0]!.headers.authorization).toBe(`Bearer ${KEY}`);
  const without = JSON.parse((await run(['full.log', '--json', '--no-model'], env)).stdout);
  expect(without).not.toHaveProperty('hypotheses');
  expect(without).not.toHaveProperty('reader');
  const { hypotheses: _, reader: __, ...rest } = found;
  expect(without).toEqual(rest);
  expect(reader!.asked).toHaveLength(1);
  const other = await serve('{}');
  await run(['full.log', '--model', `${other}/`], env);
  expect(reader!.asked[0]!.headers).not.toHaveProperty('authorization');
});

test.each<[string, ReaderReply, string]>([
  ['garbage', 'I would rather not say.', 'the model did not answer in the form that was asked for'],
  ['nothing', '', 'the model answered nothing'],
  ['a failing server', { status: 500 }, "the model's server failed"],
  ['another address', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 'which is not followed'],
  [
    'invented lines',
    JSON.stringify({
      hypotheses: [1, 2, 3, 4, 5].map((at) => ({
        ...{ cause: 'oom-host', why: 'so', confidence: 1 },
        citations: [{ file: 0, line: at < 4 ? at : 6, text: at < 4 ? 'step 1 loss 2' : 'Killed process' }],
      })),
    }),
    '2 of 5 hypotheses cited lines that are not there',
  ],
])('%s: told on the page, and the diagnosis stands', async (_, reply, note) => {
  const url = await serve(reply);
  const plain = await run(['full.log']);
  const { code, stdout, stderr } = await run(['full.log', '--model', url, '--model-name', 'scripted-one']);
  expect([code, stderr]).toEqual([1, '']);
  expect(words(stdout)).toContain(note);
  // All that stands above the hypotheses.
  const [above] = stdout.split('\nHypotheses');
  expect(plain.stdout.startsWith(above!.trimEnd())).toBe(true);
});

test('question and answer are kept where one says, the key in neither', async () => {
  const url = await serve(`{"hypotheses": [], "key": "${KEY}"}`);
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ [url]: KEY }));
  const record = join(folder, 'kept');
  const { stdout } = await run(['full.log', '--model', url, '--model-name', 'm', '--record', record], {
    ANNEAL_AGENT_MODEL_KEYS: join(folder, 'keys.json'),
  });
  const [name] = readdirSync(record);
  const text = readFileSync(join(record, name!), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    ...{ schema: 'anneal/asked/v1', model: 'm', answer: { how: 'answered' } },
    question: { user: expect.stringContaining('OSError: [Errno 28]') },
  });
  expect(text).not.toContain(KEY);
  expect(words(stdout)).toContain('Question and answer:');
  writeFileSync(join(folder, 'a-file'), '');
  const refused = await run(['full.log', '--model', url, '--model-name', 'm', '--record', join(folder, 'a-file')]);
  expect(refused.code).toBe(1);
  expect(words(refused.stdout)).toContain('could not be kept');
  expect(reader!.asked).toHaveLength(1);
});

describe('wrong usage is told before anything is read', () => {
  test.each([
    [['--model', 'http://127.0.0.1:9/v1'], {}, /needs a name/],
    [['--model-name', 'm'], {}, /needs an address/],
    [['--record', 'x'], {}, /needs an address/],
    [['--model', 'ftp://x/v1', '--model-name', 'm'], {}, /no http or https URL/],
    [['--model', 'http://u:w@x/v1', '--model-name', 'm'], {}, /has a password in it/],
    [[], { ANNEAL_AGENT_MODEL_URL: 'nowhere', ANNEAL_AGENT_MODEL_NAME: 'm' }, /ANNEAL_AGENT_MODEL_URL/],
    [
      ['--model', 'http://127.0.0.1:9/v1', '--model-name', 'm'],
      { ANNEAL_AGENT_MODEL_KEYS: '/dev/null' },
      /no JSON object of keys by address/,
    ],
  ])('%j %j', async (args, env, why) => {
    const { code, stderr, stdout } = await run(['full.log', ...args], env as Record<string, string>);
    expect([code, stdout]).toEqual([2, '']);
    expect(words(stderr)).toMatch(why);
  });
});

test('Ctrl-C while the model thinks: what was found is told', async () => {
  const url = await serve(() => undefined);
  const child = spawn(process.execPath, [MAIN, 'diagnose', 'full.log', '--model', url, '--model-name', 'm'], {
    cwd: folder,
    env: { PATH: process.env.PATH, ANNEAL_HOME: join(folder, 'home') },
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  await expect.poll(() => reader!.asked.length, { timeout: 30_000 }).toBe(1);
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
  expect(stdout).toMatch(/^✗ disk-full/);
  expect(words(stdout)).toContain('asking the model was interrupted');
});
