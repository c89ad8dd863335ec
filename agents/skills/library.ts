// A library of skills, read from files: every folder with a page is a skill, and folders below it are more particular ones. Whatever is wrong
// is told at once. Pure.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Problem } from '../../contracts/errors.ts';
import { sha256 } from '../../contracts/ids.ts';
import { type Skill, type SkillFront, type SkillName, skillName } from '../../contracts/skill.ts';
import { readPage } from './page.ts';

export const PAGE = 'SKILL.md';
/** Of a skill, what tries its remedy: nothing below it is a skill. */
export const TESTS = 'tests';
export const MOST = { files: 5_000, skills: 500, fileBytes: 1 << 20, skillBytes: 4 << 20 } as const;
/** What may lie above all skills. */
const BESIDE = /^(README\.md|LICENSE|\.gitignore)$/;

export interface ReadLibrary {
  /** By name. Of a library with problems: those that could be read. */
  readonly skills: readonly Skill[];
  /** By path. */
  readonly problems: readonly Problem[];
}

interface Folder {
  readonly name: SkillName;
  readonly files: Map<string, Uint8Array>;
}

export function readSkills(files: ReadonlyMap<string, Uint8Array>): ReadLibrary {
  const problems: Problem[] = [];
  const tell = (path: string, expected: string, hint: string, got?: string): void =>
    void problems.push({ code: 'skill.unfit', path, expected, hint, ...(got === undefined ? {} : { got }) });

  if (files.size > MOST.files) tell('.', `at most ${MOST.files} files`, 'Leave out what is no skill.', `${files.size}`);
  const folders = foldersOf(files, tell);
  if (folders.size > MOST.skills) tell('.', `at most ${MOST.skills} skills`, 'Divide the library.', `${folders.size}`);
  share(files, folders, tell);

  const read = new Map<SkillName, { readonly front: SkillFront; readonly page: string }>();
  const called = new Map<string, SkillName>();
  for (const folder of folders.values()) {
    const at = `${folder.name}/${PAGE}`;
    const page = readPage(at, folder.files.get(PAGE)!);
    if ('problems' in page) {
      problems.push(...page.problems);
      continue;
    }
    const title = page.front.name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
    const other = called.get(title);
    if (other !== undefined)
      tell(at, 'a name that no other skill has', `Another name: ${other}/${PAGE} has it already.`, page.front.name);
    else called.set(title, folder.name);
    read.set(folder.name, page);
    bounds(folder, tell);
  }

  const skills: Skill[] = [];
  for (const [name, { front, page }] of [...read].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = folders.get(name)!.files;
    const files = new Map([...own, ...remedyFiles(name, front, folders, tell)].sort(([a], [b]) => (a < b ? -1 : 1)));
    const children = [...folders.values()]
      .map((one) => one.name)
      .filter((one) => nearest(parentOf(one), folders) === name);
    skills.push({ name, front, page, files, version: versionOf(files), children: children.sort() });
  }
  return { skills, problems: problems.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)) };
}

type Tell = (path: string, expected: string, hint: string, got?: string) => void;

function foldersOf(files: ReadonlyMap<string, Uint8Array>, tell: Tell): Map<string, Folder> {
  const folders = new Map<string, Folder>();
  for (const path of [...files.keys()].sort()) {
    const parts = path.split('/');
    if (parts.at(-1) !== PAGE || parts.includes(TESTS)) continue;
    const name = skillName.safeParse(parts.slice(0, -1).join('/'));
    if (name.success) folders.set(name.data, { name: name.data, files: new Map() });
    else
      tell(
        ...([
          path,
          'a folder of one to four names of lower-case letters, digits and dashes',
          'Rename the folder.',
        ] as const),
        parts.slice(0, -1).join('/') || 'the library itself',
      );
  }
  return folders;
}

/** Every file to the nearest folder above it that is a skill. */
function share(files: ReadonlyMap<string, Uint8Array>, folders: ReadonlyMap<string, Folder>, tell: Tell): void {
  for (const [path, bytes] of files) {
    const owner = nearest(parentOf(path), folders);
    const isPage = path.endsWith(`/${PAGE}`) || path === PAGE;
    if (owner === undefined) {
      // A page at an unfit place has been told of.
      if (!BESIDE.test(path) && !isPage)
        tell(path, 'a file of a skill', `Give a folder above it a ${PAGE}, or remove it.`);
      continue;
    }
    folders.get(owner)!.files.set(path.slice(owner.length + 1), bytes);
    if (bytes.length > MOST.fileBytes)
      tell(path, `at most ${MOST.fileBytes} bytes`, 'Shorten it, or keep it elsewhere.', `${bytes.length} bytes`);
    else if (path.endsWith('.py') && !isText(bytes)) tell(path, 'text in UTF-8', 'Save it as UTF-8.');
  }
}

function bounds({ name, files }: Folder, tell: Tell): void {
  const bytes = [...files.values()].reduce((sum, one) => sum + one.length, 0);
  if (bytes > MOST.skillBytes)
    tell(name, `at most ${MOST.skillBytes} bytes in all`, 'Divide the skill, or shorten its tests.', `${bytes} bytes`);
}

/** What the program of a remedy needs of the skills above it; and whether the remedy is whole. */
function remedyFiles(
  name: SkillName,
  { remedy }: SkillFront,
  folders: ReadonlyMap<string, Folder>,
  tell: Tell,
): [string, Uint8Array][] {
  if (remedy === undefined) return [];
  const at = `${name}/${PAGE}`;
  const own = folders.get(name)!.files;
  if (!own.has(remedy.program))
    tell(at, 'remedy.program: a file of this folder', 'Add the program, or correct its name.', remedy.program);
  if (![...own.keys()].some((path) => /^tests\/[^/]+\/before\/./.test(path)))
    tell(at, 'a test of the remedy: tests/CASE/before/, after/ and diagnosis.json', 'Add one that it mends.');
  const missing = [...new Set([...own.keys()].map((path) => /^tests\/([^/]+)\//.exec(path)?.[1]))].filter(
    (one) => one !== undefined && !own.has(`${TESTS}/${one}/diagnosis.json`),
  );
  for (const one of missing)
    tell(`${name}/${TESTS}/${one}`, 'diagnosis.json', 'Add what the remedy reads (docs/skills.md).');
  return remedy.shares.flatMap((file): [string, Uint8Array][] => {
    if (own.has(file)) {
      tell(at, 'remedy.shares: files that only skills above have', 'Rename one of the two.', file);
      return [];
    }
    for (let above = nearest(parentOf(name), folders); above !== undefined; above = nearest(parentOf(above), folders)) {
      const bytes = folders.get(above)!.files.get(file);
      if (bytes !== undefined) return [[file, bytes]];
    }
    tell(at, 'remedy.shares: files of a skill above', 'Add the file, or correct its name.', file);
    return [];
  });
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** The folder itself, or the nearest above it, that is a skill. */
function nearest(folder: string, folders: ReadonlyMap<string, Folder>): SkillName | undefined {
  for (let here = folder; here !== ''; here = parentOf(here)) {
    const found = folders.get(here);
    if (found !== undefined) return found.name;
  }
  return undefined;
}

function versionOf(files: ReadonlyMap<string, Uint8Array>): Skill['version'] {
  const hashes = [...files].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]);
  return sha256.parse(createHash('sha256').update(canonicalJson(hashes)).digest('hex'));
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
