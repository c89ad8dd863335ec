// The default id of a release: every source that a worker loads changes it, and nothing else does.
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleHash, sourceFiles, sourceHash } from './build-id.ts';

const repo = fileURLToPath(new URL('..', import.meta.url));
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-build-id-'));
  for (const path of [...sourceFiles(repo), 'package-lock.json']) cpSync(join(repo, path), join(root, path));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Both hashes with a file appended to or made, which then is as it was. */
function withMore(path: string, text: string): { source: string; bundle: string } {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  const before = sourceFiles(root).includes(path) ? readFileSync(file) : undefined;
  appendFileSync(file, text);
  const hashes = { source: sourceHash(root), bundle: bundleHash(root) };
  if (before === undefined) rmSync(file);
  else writeFileSync(file, before);
  return hashes;
}

test('is the same of a copy, wherever it lies', () => {
  expect(sourceHash(root)).toBe(sourceHash(repo));
  expect(sourceHash(root)).toMatch(/^[0-9a-f]{24}$/);
});

test.each([
  ['a grader', 'evals/verifiers/registry.ts'],
  ["a grader's driver", 'evals/verifiers/python-function/driver.py'],
  ['an activity', 'activities/rollouts.ts'],
  ['the gateway', 'gateway/gateway.ts'],
  ['an adapter', 'infra/store/open.ts'],
  ['manifests', 'k8s/manifests/pod.ts'],
  ['the worker itself', 'worker/main.ts'],
  ['the trainer', 'trainer/anneal_trainer/cispo.py'],
  ['what is always critical', 'critical.yaml'],
  ['a skill', 'skills/debugging/SKILL.md'],
  ["a remedy's program", 'skills/debugging/mending.py'],
])('a byte of %s makes another release, and leaves the bundle of workflows', (_, path) => {
  const { source, bundle } = withMore(path, ' ');
  expect(source).not.toBe(sourceHash(root));
  expect(bundle).toBe(bundleHash(root));
});

test.each([
  ['a workflow', 'workflows/campaign.ts'],
  ['how failures are sealed', 'infra/codec/failure-converter.ts'],
])('a byte of %s makes another release and another bundle', (_, path) => {
  const { source, bundle } = withMore(path, ' ');
  expect(source).not.toBe(sourceHash(root));
  expect(bundle).not.toBe(bundleHash(root));
});

test.each([
  ['a test', 'evals/verifiers/one.test.ts'],
  ["a test's fixture", 'infra/releases/one.fixture.ts'],
  ['a document', 'evals/README.md'],
  ['the chart', 'infra/helm/anneal/values.yaml'],
  ['the testbed', 'k8s/testbed/node.ts'],
  ['what Python compiled', 'trainer/anneal_trainer/__pycache__/cispo.cpython-311.pyc'],
  ['a declaration', 'worker/main.d.ts'],
])('%s makes none', (_, path) => {
  expect(withMore(path, ' ').source).toBe(sourceHash(root));
});

test('another version of a package that runs makes one, of a linter none', () => {
  const path = join(root, 'package-lock.json');
  const text = readFileSync(path, 'utf8');
  const before = sourceHash(root);
  const update = (name: string): string => {
    const lock = JSON.parse(text) as { packages: Record<string, { version: string }> };
    lock.packages[`node_modules/${name}`]!.version = '99.0.0';
    writeFileSync(path, JSON.stringify(lock));
    return sourceHash(root);
  };
  expect(update('zod')).not.toBe(before);
  expect(update('@biomejs/biome')).toBe(before);
  writeFileSync(path, text);
});

test('covers whatever worker/main.ts imports, however far away', () => {
  const covered = new Set(sourceFiles(repo));
  const seen = new Set<string>();
  const waiting = ['worker/main.ts', 'workflows/index.ts'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (!path.endsWith('.ts')) continue;
    const named = /(?:from |import |import\(|new URL\()'(\.[^']+\.(?:[cm]?[tj]s|py|sh|json))'/g;
    for (const [, to] of readFileSync(join(repo, path), 'utf8').matchAll(named))
      waiting.push(relative(repo, resolve(repo, dirname(path), to!)));
  }
  expect(seen.size).toBeGreaterThan(200);
  expect([...seen].filter((path) => !covered.has(path))).toEqual([]);
});

test('takes no time that a start would notice', () => {
  // Of this process's own time: others may have the core meanwhile.
  const began = process.cpuUsage();
  sourceHash(repo);
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1_000).toBeLessThan(200);
});
