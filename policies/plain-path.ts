// Paths as a tree of files may hold them, and what some file system or some reader would take them for. Pure.

/** Of no width or no look of their own; file systems of macOS leave some of them out of account. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Why no change may have a path, whoever makes it: it leads out of the tree, into git's own folder, or is not the same path everywhere.
 * @returns undefined where it may
 */
export function unfitPath(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (!path.isWellFormed() || path.includes('\ufffd')) return 'it is no UTF-8';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(path)) return 'it holds control characters';
  if (path.includes('\\')) return 'a backslash stands between folders on some systems';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'it is no relative path';
  if (path.length > 1_000) return 'it is too long';
  const parts = path.split('/');
  if (parts.length > 100) return 'it lies too deep';
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'it leads elsewhere than it says';
  if (parts.some(isGitsOwn)) return "it lies in git's own folder";
  return undefined;
}

/** `.git` in every form that HFS+ and NTFS take for it: any case, with unseen characters, ending in dots or spaces, as a stream, by its short name. */
function isGitsOwn(part: string): boolean {
  const seen = part.normalize('NFKC').replace(UNSEEN, '').toLowerCase();
  return /^(\.git|(git|gitmod|gi7eba)~\d+)[ .]*(:.*)?$/.test(seen);
}

/** Letters of other scripts, and of this one, that look like one of a–z when they are small. */
const LOOKS_LIKE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ a: 'аαɑ', b: 'ƅ', c: 'сϲᴄ', d: 'ԁɗ', e: 'еҽ℮', f: 'ƒ', g: 'ɡց', h: 'һհ', i: 'іıιɩ', j: 'јϳ', k: 'κ' },
    ...{ l: 'ӏǀ', n: 'ոη', o: 'оοօ', p: 'рρ', q: 'ԛզ', s: 'ѕ', u: 'սυ', v: 'ѵν', w: 'ԝωᴡ', x: 'хχ', y: 'уγү', z: 'ᴢ' },
  }).flatMap(([letter, others]) => [...others].map((other) => [other, letter] as const)),
);
const SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic', 'Lisu'].map(
  (script) => new RegExp(`\\p{Script=${script}}`, 'u'),
);

/** What a path looks like, or is on a system that tells no case or accents apart: two paths that could pass for one another fold alike. */
export const folded = (path: string): string => path.split('/').map(foldedPart).join('/');

function foldedPart(part: string): string {
  const plain = part.normalize('NFKD').replace(UNSEEN, '').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss');
  return ascii(plain).replace(/(?<=[^ .])[ .]+$/, '');
}

const ascii = (text: string): string => [...text].map((letter) => LOOKS_LIKE.get(letter) ?? letter).join('');

/** Why a path may not be what whoever reads it takes it for. @returns undefined where it is */
export function misleading(path: string): string | undefined {
  for (const part of path.split('/')) {
    const said = JSON.stringify(part);
    if (part.replace(UNSEEN, '') !== part) return `${said} holds characters that are not seen`;
    if (part.normalize('NFKC') !== part.normalize('NFC')) return `${said} holds letters in another form than usual`;
    for (const word of part.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? []) {
      if (SCRIPTS.filter((script) => script.test(word)).length > 1) return `${said} mixes letters of several scripts`;
      if (ascii(word) !== word && /^[a-z]+$/.test(ascii(word))) return `${said} reads ${ascii(word)}, and is not`;
    }
    if (/[ .]$/.test(part)) return `${said} ends in what some systems leave out`;
    if (/~\d/.test(part) || part.includes(':')) return `${said} is another name on some systems`;
  }
  return undefined;
}
