import { expect, test } from 'vitest';
import { readSkills } from './library.ts';

const page = (more = '', name = 'Clip gradients'): string =>
  `---\nname: ${name}\ndescription: When gradients explode.\n${more}---\n\n# Clip\n\nDo it.\n`;
const REMEDY = 'remedy:\n  for: [clip-gradients]\n  program: clip.py\n';
const WHOLE = { 'tests/a/before/x.py': '', 'tests/a/diagnosis.json': '{}', 'clip.py': 'pass\n' };
const library = (files: Readonly<Record<string, string | Uint8Array>>) =>
  readSkills(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text as string)])));
const at = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
const said = (files: Readonly<Record<string, string | Uint8Array>>): string[] =>
  library(files).problems.map(
    ({ path, expected, got }) => `${path}: ${expected}${got === undefined ? '' : ` (${got})`}`,
  );

test('folders with a page are skills, those below are their children, and files belong to the nearest', () => {
  const { skills, problems } = library({
    'README.md': 'all of them',
    'debugging/SKILL.md': page('', 'Debugging'),
    'debugging/shared.py': 'x = 1\n',
    'debugging/notes/a.md': 'a',
    'debugging/numbers/clip/SKILL.md': page(REMEDY.replace('clip.py', 'clip.py\n  shares: [shared.py]')),
    ...at('debugging/numbers/clip', { ...WHOLE, 'tests/a/before/SKILL.md': 'no skill' }),
  });
  expect(problems).toEqual([]);
  expect(skills.map(({ name, children, files }) => ({ name, children, files: [...files.keys()] }))).toEqual([
    { name: 'debugging', children: ['debugging/numbers/clip'], files: ['SKILL.md', 'notes/a.md', 'shared.py'] },
    {
      name: 'debugging/numbers/clip',
      children: [],
      files: [
        'SKILL.md',
        'clip.py',
        'shared.py',
        'tests/a/before/SKILL.md',
        'tests/a/before/x.py',
        'tests/a/diagnosis.json',
      ],
    },
  ]);
  expect(skills[1]).toMatchObject({
    page: '# Clip\n\nDo it.',
    front: { remedy: { seconds: 60, shares: ['shared.py'] } },
  });
});

test('the version is that of its files and of what it shares, in whatever order they come', () => {
  const files = {
    'd/SKILL.md': page('', 'D'),
    'd/shared.py': 'x = 1\n',
    'd/clip/SKILL.md': page(REMEDY.replace('clip.py', 'clip.py\n  shares: [shared.py]')),
    ...at('d/clip', WHOLE),
  };
  const versionOf = (of: Readonly<Record<string, string>>) =>
    library(of).skills.find(({ name }) => name === 'd/clip')!.version;
  const turned = Object.fromEntries(Object.entries(files).reverse());
  expect(versionOf(turned)).toBe(versionOf(files));
  expect(versionOf({ ...files, 'd/shared.py': 'x = 2\n' })).not.toBe(versionOf(files));
  expect(versionOf({ ...files, 'd/other.md': 'new' })).toBe(versionOf(files));
});

test('everything that is wrong is told at once, by path', () => {
  expect(
    said({
      'loose.txt': 'x',
      'Upper/SKILL.md': page(),
      'a/SKILL.md': '# no front matter\n',
      'b/SKILL.md': page('colour: red\nremedy:\n  for: [clip-gradients]\n  program: clip.py\n  speed: 1\n'),
      'c/SKILL.md': page('', 'Same  Name'),
      'd/SKILL.md': page('', 'same name'),
      'e/SKILL.md': page(REMEDY, 'E'),
      'f/SKILL.md': page(REMEDY.replace('clip.py', 'clip.py\n  shares: [none.py]'), 'F'),
      ...at('f', { ...WHOLE, 'tests/b/before/x.py': '' }),
      'g/SKILL.md': Buffer.from([0x2d, 0xff, 0xfe]),
      'h/SKILL.md': page(`x: ${'y'.repeat(70_000)}\n`, 'H'),
      'i/SKILL.md': page('description: twice\n', 'I'),
      'j/SKILL.md': '---\nname: &a J\ndescription: *a\n---\n',
      'k/SKILL.md': page('clauses: [{id: a, text: x}, {id: a, text: y}]\n', 'K'),
      'l/SKILL.md': page('remedy:\n  for: [cure-all]\n  program: ../x.py\n', 'L'),
      'm/SKILL.md': page('', 'M'),
      'm/bad.py': Buffer.from([0xff]),
      'm/large.bin': Buffer.alloc((1 << 20) + 1),
    }),
  ).toEqual([
    'Upper/SKILL.md: a folder of one to four names of lower-case letters, digits and dashes (Upper)',
    'a/SKILL.md: front matter between two lines of --- (# no front matter)',
    'b/SKILL.md: fields that are known (remedy: speed)',
    'b/SKILL.md: fields that are known (colour)',
    'd/SKILL.md: a name that no other skill has (same name)',
    'e/SKILL.md: remedy.program: a file of this folder (clip.py)',
    'e/SKILL.md: a test of the remedy: tests/CASE/before/, after/ and diagnosis.json',
    'f/SKILL.md: remedy.shares: files of a skill above (none.py)',
    'f/tests/b: diagnosis.json',
    'g/SKILL.md: text in UTF-8',
    'h/SKILL.md: at most 65536 bytes (70073 bytes)',
    'i/SKILL.md: YAML (Map keys must be unique at line 3, column 1:)',
    'j/SKILL.md: front matter without aliases (*)',
    'k/SKILL.md: clauses with ids of their own (a)',
    expect.stringMatching(/^l\/SKILL\.md: remedy\.for\.0: Invalid option/),
    'l/SKILL.md: remedy.program: Invalid string: must match pattern /^[a-z0-9_-]+\\.py$/',
    'loose.txt: a file of a skill',
    'm/bad.py: text in UTF-8',
    'm/large.bin: at most 1048576 bytes (1048577 bytes)',
  ]);
});

test('front matter with Windows line ends is read; a YAML tag makes nothing', () => {
  expect(library({ 'a/SKILL.md': page().replaceAll('\n', '\r\n') }).problems).toEqual([]);
  expect(said({ 'a/SKILL.md': '---\nname: !!js/function "x"\ndescription: d\n---\n' })).toHaveLength(0);
  expect(library({ 'a/SKILL.md': '---\n__proto__: {x: 1}\nname: A\ndescription: d\n---\n' }).problems).toHaveLength(1);
});
