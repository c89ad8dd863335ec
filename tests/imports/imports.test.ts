// The import table is enforced for every way in which one file can name another, also where only types are meant.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CONFIG = '.dependency-cruiser.mjs';
const { ALLOWED } = (await import(join(root, CONFIG))) as { ALLOWED: Record<string, readonly string[]> };
const FORMS = [
  "import { x } from 'TARGET'; x();",
  "import 'TARGET';",
  "import type { X } from 'TARGET'; export const y: X = 1;",
  "import { type X } from 'TARGET'; export const y: X = 1;",
  "import type * as all from 'TARGET'; export const y: all.X = 1;",
  "export { x } from 'TARGET';",
  "export type { X } from 'TARGET';",
  "export { type X } from 'TARGET';",
  "export * from 'TARGET';",
  "export type * from 'TARGET';",
  "export const y = await import('TARGET');",
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-imports-'));
  for (const name of Object.keys(ALLOWED)) mkdirSync(join(folder, name));
  for (const file of [CONFIG, 'tsconfig.json']) copyFileSync(join(root, file), join(folder, file));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string): void => writeFileSync(join(folder, path), `${text}\n`);

type Violation = { from: string; to: string; rule: { name: string } };

function violations(): Promise<Violation[]> {
  const argv = [join(root, 'node_modules/.bin/depcruise'), '--config', CONFIG, '--output-type', 'json'];
  return new Promise((done, fail) => {
    execFile(process.execPath, [...argv, ...Object.keys(ALLOWED)], { cwd: folder }, (_, stdout, stderr) => {
      try {
        done((JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations);
      } catch (cause) {
        fail(new Error(`no answer: ${stderr}`, { cause }));
      }
    });
  });
}

test('a forbidden import is seen in every form, between every pair of folders; an allowed one is not', async () => {
  const expected: string[] = [];
  for (const [from, allowed] of Object.entries(ALLOWED)) {
    write(`${from}/target.ts`, 'export type X = number;\nexport const x = (): number => 1;');
    for (const to of Object.keys(ALLOWED)) {
      write(`${from}/to-${to}.ts`, `import type { X } from '../${to}/target.ts';\nexport const y: X = 1;`);
      if (to !== from && !allowed.includes(to)) expected.push(`${from}/to-${to}.ts → ${to}/target.ts`);
    }
  }
  for (const [index, form] of FORMS.entries()) {
    write(`policies/form-${index}.ts`, form.replace('TARGET', '../worker/target.ts'));
    expected.push(`policies/form-${index}.ts → worker/target.ts`);
  }
  const ofTable = (await violations()).filter(({ rule }) => rule.name.endsWith('-imports'));
  expect(ofTable.map(({ from, to }) => `${from} → ${to}`).sort()).toEqual(expected.sort());
});

test('what the images start cannot ask for what they leave out, by however many files', async () => {
  write('gateway/engine.ts', "export const load = async () => await import('@duckdb/node-api');");
  write('gateway/tables.ts', "import { load } from './engine.ts';\nexport const tables = load;");
  write('worker/asks.ts', "import { tables } from '../gateway/tables.ts';\nexport const asked = tables;");
  write('cli/asks.ts', "import { tables } from '../gateway/tables.ts';\nexport const asked = tables;");
  const found = (await violations()).filter(({ rule }) => rule.name === 'images-have-no-duckdb');
  expect(found.map(({ from }) => from)).toEqual(['worker/asks.ts']);
});

test('pure folders have no machine, and nobody has a folder of odds and ends', async () => {
  for (const module of ['worker_threads', 'dns', 'fs/promises']) {
    write(`workflows/uses-${module.replace('/', '-')}.ts`, `import 'node:${module}';`);
    write(`policies/uses-${module.replace('/', '-')}.ts`, `import 'node:${module}';`);
  }
  mkdirSync(join(folder, 'gateway/util'));
  write('gateway/util/alone.ts', 'export const x = 1;');
  const rules = (await violations()).map(({ from, rule }) => `${from}: ${rule.name}`);
  for (const module of ['worker_threads', 'dns', 'fs-promises']) {
    expect(rules).toContain(`workflows/uses-${module}.ts: workflows-have-no-machine`);
    expect(rules).toContain(`policies/uses-${module}.ts: policies-are-pure`);
  }
  expect(rules).toContain('gateway/util/alone.ts: no-utils-unused');
});

test('nobody names a type by import(…), the one form that is not seen', () => {
  const there = readdirSync(root);
  const sources = Object.keys(ALLOWED)
    .filter((name) => there.includes(name))
    .flatMap((name) =>
      readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((file) => join(name, file)),
    );
  const naming = sources
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => /(?<!await )\bimport\(\s*['"`]/.test(readFileSync(join(root, file), 'utf8')));
  expect(sources.length).toBeGreaterThan(100);
  expect(naming).toEqual([]);
});
