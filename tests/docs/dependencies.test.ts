// docs/dependencies.md names every direct package, and no package that is gone.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** Rows of the section's table: package name to reason. */
async function explained(section: string): Promise<Map<string, string>> {
  const text =
    (await read('docs/dependencies.md')).split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const rows = [...text.matchAll(/^\| +`([^`]+)` +\| +(.+?) +\|$/gm)];
  return new Map(rows.map(([, name, why]) => [name ?? '', why ?? '']));
}

/** `name==version` lines of a pip lock. */
const pinned = (lock: string): string[] =>
  [...lock.matchAll(/^([a-z0-9-]+)==/gm)].map((match) => match[1] ?? '').sort();

it.each([
  ['TypeScript, at run time', 'dependencies'],
  ['TypeScript, for development', 'devDependencies'],
])('%s', async (section, member) => {
  const manifest = JSON.parse(await read('package.json')) as Record<string, Record<string, string>>;
  const rows = await explained(section);
  expect([...rows.keys()].sort()).toEqual(Object.keys(manifest[member] ?? {}).sort());
  for (const [name, why] of rows) expect(why.length, name).toBeGreaterThan(15);
});

it.each([
  ['Python, for trainer and policy server', 'trainer/requirements.lock'],
  ["Python, for the trainer's tests", 'trainer/requirements-dev.lock'],
])('%s', async (section, lock) => {
  const rows = await explained(section);
  expect([...rows.keys()].sort()).toEqual(pinned(await read(lock)));
});
