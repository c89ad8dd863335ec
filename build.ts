// `npm run build [-- FOLDER]`: compiles into dist/ and puts beside it what the code reads at run time and tsc leaves behind.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripped } from './console/assets.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const out = resolve(process.argv[2] ?? join(root, 'dist'));

/** Read by path, at the same place below `Config.root` as in the repository. */
const READ_AT_RUN_TIME = [
  'trainer/anneal_server',
  'trainer/anneal_trainer',
  'trainer/requirements.lock',
  'examples',
  'package-lock.json',
  'critical.yaml',
  'skills',
];
/** Not read, or compiled. */
const LEFT = new Set(['.ts', '.md', '.pyc']);

/** Of a skill its page is what agents read. */
const isWanted = (path: string): boolean =>
  statSync(path).isDirectory() || basename(path) === 'SKILL.md' || !LEFT.has(extname(path));
const copy = (path: string): void =>
  cpSync(join(root, path), join(out, path), {
    recursive: true,
    filter: (from) => !from.endsWith('__pycache__') && isWanted(from),
  });

// An old build may hold files that no source has any more.
rmSync(out, { recursive: true, force: true });
execFileSync(process.execPath, [tsc(), '-p', join(root, 'tsconfig.build.json'), '--outDir', out], { stdio: 'inherit' });
for (const folder of compiledFolders()) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && isWanted(path)) copy(path.slice(root.length));
  }
}
for (const path of READ_AT_RUN_TIME) copy(path);
// What browsers load is no module of ours: without its types it is served as it stands.
const scripts = join(root, 'console', 'assets');
for (const name of readdirSync(scripts).filter((one) => one.endsWith('.ts')))
  writeFileSync(
    join(out, 'console', 'assets', name.replace(/\.ts$/, '.js')),
    stripped(readFileSync(join(scripts, name), 'utf8')),
  );

function tsc(): string {
  return join(root, 'node_modules', 'typescript', 'bin', 'tsc');
}

/** What tsc was given and there is; the list also names folders that are still to come. */
function compiledFolders(): string[] {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')) as { include: string[] };
  const there = new Set(readdirSync(root));
  return include.filter((folder) => there.has(folder));
}
