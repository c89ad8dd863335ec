// Every error code has a page, every page a code, and what a page says about exit codes and commands is true.
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, EXIT } from '../../contracts/errors.ts';

const ROOT = new URL('../../', import.meta.url);
const PAGES = new URL('docs/errors/', ROOT);
const CODES = Object.keys(ERRORS) as ErrorCode[];
const SECTIONS = ['What it means', 'Why it happens', 'What to do', 'Can the campaign go on?'];

const read = (name: string): Promise<string> => readFile(new URL(name, PAGES), 'utf8');

async function knownCommands(): Promise<Set<string>> {
  const folder = new URL('cli/commands/', ROOT);
  const sources = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const texts = await Promise.all(sources.map((name) => readFile(new URL(name, folder), 'utf8')));
  const named = texts.flatMap((text) =>
    [...text.matchAll(/(?:command|answering)\('([a-z]+)/g)].map((match) => match[1] ?? ''),
  );
  return new Set([...named, 'help']);
}

it('has exactly one page a code', async () => {
  const pages = (await readdir(PAGES)).filter((name) => name !== 'README.md').sort();
  expect(pages).toEqual(CODES.map((code) => `${code}.md`).sort());
});

it('lists every code with its title, exit code and whether it is repeated', async () => {
  const rows = [
    ...(await read('README.md')).matchAll(/^\| +\[([a-z._]+)\]\(([^)]+)\) +\| +(.+?) +\| +(\d) +\| +(yes|no) +\|$/gm),
  ];
  expect(rows.map((row) => row.slice(1)).sort()).toEqual(
    CODES.map((code) => {
      const { title, exit, retryable } = ERRORS[code];
      return [code, `${code}.md`, title, String(EXIT[exit]), retryable ? 'yes' : 'no'];
    }).sort(),
  );
});

describe.each(CODES)('%s', (code) => {
  it('has a page that says what, why, what to do, and whether the campaign goes on', async () => {
    const page = await read(`${code}.md`);
    const { title, exit, retryable } = ERRORS[code];
    expect(page.startsWith(`# \`${code}\`\n\n${title}. Exit code ${EXIT[exit]}; `)).toBe(true);
    expect(page).toContain(retryable ? '; repeated by itself.' : '; not repeated by itself.');
    expect([...page.matchAll(/^## (.+)$/gm)].map((match) => match[1])).toEqual(SECTIONS);
    for (const section of page.split(/^## .+$/m).slice(1)) expect(section.trim().length).toBeGreaterThan(15);
    expect(page).toMatch(/```text\n[\s\S]{10,}?\n```/);
  });

  it('names only commands that exist', async () => {
    const page = await read(`${code}.md`);
    const commands = await knownCommands();
    for (const [, command] of page.matchAll(/\.\/anneal ([a-z]+)/g)) expect(commands).toContain(command);
  });
});

it('the actions of the error table name only commands that exist', async () => {
  const commands = await knownCommands();
  for (const { action } of Object.values(ERRORS))
    for (const [, command] of action.matchAll(/\.\/anneal ([a-z]+)/g)) expect(commands).toContain(command);
});
