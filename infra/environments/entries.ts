// What a tar may hold to become a root file system: decided entry by entry, from what its headers say, before anything is written.

/** What is known of an entry before its content. */
export interface EntryHeader {
  readonly name: string;
  /** As tar-stream calls it; null where it knows no such type. */
  readonly type: string | null;
  readonly mode: number;
  readonly linkname: string | null;
}

/** Paths are relative to the root, without a segment that leads anywhere but down. */
export type Placed =
  | { readonly what: 'folder' | 'root'; readonly path: string }
  | { readonly what: 'file'; readonly path: string; readonly executable: boolean }
  | { readonly what: 'symlink'; readonly path: string; readonly target: string }
  | { readonly what: 'link'; readonly path: string; readonly to: string };

export type Admitted =
  /** Folders above it that no entry has named so far, the outermost first, are made with it. */
  { readonly placed: Placed; readonly above: readonly string[] } | { readonly refused: string };

/** Bytes; the kernel takes 255 and 4,096, and the folder that it lies in needs some of these. */
const LONGEST_SEGMENT = 255;
const LONGEST_PATH = 3_000;
const ANY_EXECUTABLE = 0o111;

/** Remembers what lies where, so that no entry is written through a link, or over another one. */
export function createTree(mostEntries: number): { admit(header: EntryHeader): Admitted } {
  const kinds = new Map<string, 'folder' | 'file' | 'symlink'>();
  let entries = 0;

  function admit(header: EntryHeader): Admitted {
    entries += 1;
    if (entries > mostEntries) return { refused: `it has more than ${mostEntries} entries` };
    const path = pathOf(header.name);
    if (typeof path !== 'string') return refusal(header, path.why);
    if (path === '') return header.type === 'directory' ? at({ what: 'root', path }) : refusal(header, 'is the root');
    const above: string[] = [];
    for (const folder of foldersAbove(path)) {
      const kind = kinds.get(folder);
      if (kind === undefined) above.push(folder);
      else if (kind !== 'folder') return refusal(header, `lies below ${folder}, which is a ${inWords(kind)}`);
    }
    const there = kinds.get(path);
    if (there !== undefined && !(there === 'folder' && header.type === 'directory'))
      return refusal(header, 'is there twice');
    const placed = placedBy(header, path);
    if ('why' in placed) return refusal(header, placed.why);
    for (const folder of above) kinds.set(folder, 'folder');
    kinds.set(path, placed.what === 'folder' || placed.what === 'symlink' ? placed.what : 'file');
    return at(placed, above);
  }

  function placedBy({ type, mode, linkname }: EntryHeader, path: string): Placed | { readonly why: string } {
    switch (type) {
      case 'directory':
        return { what: 'folder', path };
      case 'file':
        return { what: 'file', path, executable: (mode & ANY_EXECUTABLE) !== 0 };
      case 'symlink': {
        // Wherever it points, it is only followed inside, where this root is all there is.
        const target = linkname ?? '';
        if (target === '' || target.includes('\0') || Buffer.byteLength(target) > LONGEST_PATH)
          return { why: 'is a symbolic link to nothing that has a name' };
        return { what: 'symlink', path, target };
      }
      case 'link': {
        const to = pathOf(linkname ?? '');
        if (typeof to !== 'string') return { why: `is a hard link to a name that ${to.why}` };
        if (kinds.get(to) !== 'file') return { why: 'is a hard link to what is no file before it' };
        return { what: 'link', path, to };
      }
      default:
        return { why: `is a ${type ?? 'thing that no root needs'}: only files, folders and links are taken` };
    }
  }

  return { admit };
}

const at = (placed: Placed, above: readonly string[] = []): Admitted => ({ placed, above });

const refusal = ({ name }: EntryHeader, why: string): Admitted => ({
  refused: `${JSON.stringify(name.slice(0, 200))} ${why}`,
});

const inWords = (kind: string): string => (kind === 'symlink' ? 'symbolic link' : kind);

/** Empty for the root itself. */
function pathOf(name: string): string | { readonly why: string } {
  if (name.startsWith('/')) return { why: 'is absolute' };
  if (name.includes('\0')) return { why: 'has a zero in its name' };
  const segments = name.split('/').filter((one) => one !== '' && one !== '.');
  if (segments.includes('..')) return { why: 'leads out of the root' };
  const path = segments.join('/');
  if (segments.some((one) => Buffer.byteLength(one) > LONGEST_SEGMENT) || Buffer.byteLength(path) > LONGEST_PATH)
    return { why: 'has too long a name' };
  return path;
}

function foldersAbove(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}
