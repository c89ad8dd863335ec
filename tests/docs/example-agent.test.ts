// The installer of examples/31: a package that is made here stands for the agent, and no registry is asked.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installAgent } from '../../examples/31-bring-your-own-agent/install.ts';

// A few Pythons one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 });

/** A wheel as pip takes it; prints its hash. */
const MAKE = `
import hashlib, sys, zipfile
path = sys.argv[1] + '/tiny_agent-1.0-py3-none-any.whl'
with zipfile.ZipFile(path, 'w') as wheel:
    wheel.writestr('tiny_agent.py', 'print("at work")\\n')
    wheel.writestr('tiny_agent-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: tiny-agent\\nVersion: 1.0\\n')
    wheel.writestr('tiny_agent-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('tiny_agent-1.0.dist-info/RECORD', '')
print(hashlib.sha256(open(path, 'rb').read()).hexdigest())
`;

let root: string;
let lock: string;
let agents: string;
let hash: string;
const said: string[] = [];
const mask = process.umask();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-example-agent-'));
  [lock, agents] = [join(root, 'lock'), join(root, 'agents')];
  const wheels = join(root, 'wheels');
  mkdirSync(wheels);
  hash = execFileSync('python3', ['-c', MAKE, wheels]).toString().trim();
  writeFileSync(lock, `tiny-agent==1.0 \\\n    --hash=sha256:${hash}\n`);
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', wheels);
  said.splice(0);
});
afterEach(() => {
  process.umask(mask);
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

const install = () => installAgent({ python: undefined, agents, say: (line) => said.push(line), lock });
const folder = () => join(agents, 'mini-swe-agent');

test('what the lock names lies there compiled, for anybody to read, and is not installed twice', async () => {
  process.umask(0o077);
  await install();
  expect(readFileSync(join(folder(), 'tiny_agent.py'), 'utf8')).toContain('at work');
  expect(readdirSync(join(folder(), '__pycache__'))).toEqual([
    expect.stringMatching(/^tiny_agent\.cpython-3\d+\.pyc$/),
  ]);
  for (const path of ['.', 'tiny_agent.py', '__pycache__']) expect(statSync(join(folder(), path)).mode & 0o004).toBe(4);
  expect(existsSync(join(folder(), 'anneal.yaml'))).toBe(true);
  expect(said[0]).toBe('mini-swe-agent: installing the 1 packages that its lock names');
  said.splice(0);
  await install();
  expect(said).toEqual([]);
});

test('a file with another hash is not installed, and nothing is left of the attempt', async () => {
  writeFileSync(
    lock,
    `tiny-agent==1.0 \\\n    --hash=sha256:${hash.replace(/^./, (one) => (one === '0' ? '1' : '0'))}\n`,
  );
  await expect(install()).rejects.toThrow('pip ended with 1');
  expect(readdirSync(agents)).toEqual([]);
});

test('what a killed installation left, and what another lock named, is made anew', async () => {
  for (const old of [folder(), `${folder()}.part`]) {
    mkdirSync(old, { recursive: true });
    writeFileSync(join(old, 'half.py'), '');
  }
  await install();
  expect(existsSync(join(folder(), 'half.py'))).toBe(false);
  writeFileSync(lock, `# another one\n${readFileSync(lock, 'utf8')}`);
  writeFileSync(join(folder(), 'old.py'), '');
  await install();
  expect(existsSync(join(folder(), 'old.py'))).toBe(false);
  expect(readdirSync(agents)).toEqual(['mini-swe-agent']);
});

test('interrupted, pip goes with it', async () => {
  const stop = new AbortController();
  const say = (): void => stop.abort(new Error('interrupted'));
  await expect(installAgent({ python: undefined, agents, say, lock, signal: stop.signal })).rejects.toThrow(
    'interrupted',
  );
  expect(readdirSync(agents)).toEqual([]);
});
