// A real repository with a history, made of a real package: minimist's own source and tests, replayed part by part.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTS } from './parts.ts';
import { ported } from './port.ts';

const PACKAGE = fileURLToPath(new URL('../../node_modules/minimist/', import.meta.url));
const read = (path: string): string => readFileSync(join(PACKAGE, path), 'utf8');

const MANIFEST = {
  name: 'minimist',
  version: '1.2.8',
  license: 'MIT',
  main: 'index.js',
  scripts: { test: 'node --test' },
};

/** Makes the repository in an empty folder: the same commits, to the byte, every time. */
export function makeHistory(folder: string): void {
  const version = (JSON.parse(read('package.json')) as { version: string }).version;
  if (version !== MANIFEST.version)
    throw new Error(`the parts are those of minimist ${MANIFEST.version}, not of ${version}`);
  git(folder, 'init', '-q', '-b', 'main');
  commit(folder, 0, 'Arguments become an object of options');
  for (const [index, { message }] of PARTS.entries()) commit(folder, index + 1, message);
}

/** Commits the package as it is with so many of its parts. */
function commit(folder: string, parts: number, message: string): void {
  const files = filesWith(parts);
  for (const name of readdirSync(folder)) if (name !== '.git') rmSync(join(folder, name), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git(folder, 'add', '-A');
  const seconds = Date.UTC(2024, 0, 1 + parts) / 1_000;
  git(
    folder,
    '-c',
    `user.name=${MANIFEST.name} replayed`,
    '-c',
    'user.email=replay@example.org',
    'commit',
    '-q',
    '-m',
    message,
    `--date=${seconds} +0000`,
  );
}

function filesWith(parts: number): Record<string, string> {
  const open = PARTS.slice(parts);
  let source = read('index.js');
  for (const [text, without] of open.flatMap((part) => part.without)) {
    if (!source.includes(text)) throw new Error(`the source has no longer: ${text}`);
    source = source.replaceAll(text, without);
  }
  const files: Record<string, string> = {
    'index.js': source,
    'package.json': `${JSON.stringify(MANIFEST, undefined, 2)}\n`,
    LICENSE: read('LICENSE'),
    'README.md': `# minimist\n\nParses arguments.\n${PARTS.slice(0, parts).some(({ without }) => without.length === 0) ? '\nStrings are asked for with `string`.\n' : ''}`,
  };
  for (const name of readdirSync(join(PACKAGE, 'test'))) {
    const { head, tests } = ported(read(`test/${name}`));
    const later = new Set(open.flatMap((part) => part.tests[name] ?? []));
    const there = tests.filter((one) => !later.has(one.name));
    if (there.length > 0) files[`test/${name}`] = head + there.map(({ text }) => text).join('\n');
  }
  return files;
}

function git(folder: string, ...args: readonly string[]): void {
  const dates = { GIT_COMMITTER_DATE: args.at(-1)?.startsWith('--date=') ? args.at(-1)!.slice('--date='.length) : '' };
  execFileSync('git', ['-C', folder, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...dates,
    },
  });
}
