// Writes a tar archive (pax) to a stream, in the order of the calls, without holding more than one chunk of a file.

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Writable } from 'node:stream';

const BLOCK = 512;

type Kind = 'file' | 'folder' | 'link';
const TYPE = { file: '0', folder: '5', link: '2' } as const satisfies Record<Kind, string>;

interface Entry {
  readonly path: string;
  readonly kind: Kind;
  readonly mode: number;
  readonly size?: number;
  readonly mtime?: number;
  readonly target?: string;
}

export interface TarWriter {
  folder(path: string, mode?: number): Promise<void>;
  file(path: string, content: string | Buffer, mode?: number): Promise<void>;
  /** A file of this machine, streamed. */
  fromFile(path: string, source: string, mode?: number): Promise<void>;
  /** A folder with all that is in it; owners become root, times and modes stay, sockets and devices are left out. */
  fromFolder(path: string, source: string, skip?: (relative: string) => boolean): Promise<void>;
  end(): Promise<void>;
}

export function createTar(out: Writable): TarWriter {
  async function put(chunk: Buffer): Promise<void> {
    if (!out.write(chunk)) await once(out, 'drain');
  }

  async function head(entry: Entry): Promise<void> {
    for (const block of headers(entry)) await put(block);
  }

  async function pad(size: number): Promise<void> {
    const rest = size % BLOCK;
    if (rest !== 0) await put(Buffer.alloc(BLOCK - rest));
  }

  async function fromFile(path: string, source: string, mode?: number): Promise<void> {
    const facts = await lstat(source);
    await head({ path, kind: 'file', mode: mode ?? facts.mode, size: facts.size, mtime: facts.mtimeMs });
    // Exactly the size that the header says, even when the file grows meanwhile.
    if (facts.size > 0) for await (const chunk of createReadStream(source, { end: facts.size - 1 })) await put(chunk);
    await pad(facts.size);
  }

  async function fromFolder(path: string, source: string, skip?: (relative: string) => boolean): Promise<void> {
    const root = await lstat(source);
    await head({ path, kind: 'folder', mode: root.mode, mtime: root.mtimeMs });
    const walk = async (relative: string): Promise<void> => {
      for (const name of (await readdir(join(source, relative))).sort()) {
        const inner = posix.join(relative, name);
        if (skip?.(inner) === true) continue;
        const from = join(source, inner);
        const to = posix.join(path, inner);
        const facts = await lstat(from);
        if (facts.isFile()) await fromFile(to, from);
        else if (facts.isSymbolicLink()) {
          await head({ path: to, kind: 'link', mode: 0o777, mtime: facts.mtimeMs, target: await readlink(from) });
        } else if (facts.isDirectory()) {
          await head({ path: to, kind: 'folder', mode: facts.mode, mtime: facts.mtimeMs });
          await walk(inner);
        }
      }
    };
    await walk('');
  }

  return {
    fromFile,
    fromFolder,
    folder: (path, mode = 0o755) => head({ path, kind: 'folder', mode }),
    async file(path, content, mode = 0o644) {
      const bytes = Buffer.from(content);
      await head({ path, kind: 'file', mode, size: bytes.length });
      await put(bytes);
      await pad(bytes.length);
    },
    async end() {
      await put(Buffer.alloc(2 * BLOCK));
      out.end();
      await once(out, 'close');
    },
  };
}

/** The header, before it a pax header for what does not fit into it. */
function headers(entry: Entry): Buffer[] {
  const name = entry.path.replace(/^\/+/, '') + (entry.kind === 'folder' ? '/' : '');
  const target = entry.target ?? '';
  const size = entry.size ?? 0;
  const long: Record<string, string> = {};
  if (Buffer.byteLength(name) > 100) long.path = name;
  if (Buffer.byteLength(target) > 100) long.linkpath = target;
  if (size >= 8 ** 11) long.size = `${size}`;
  const own = header(name, TYPE[entry.kind], entry.mode, size >= 8 ** 11 ? 0 : size, entry.mtime ?? 0, target);
  const records = Object.entries(long).map(([key, value]) => record(key, value));
  if (records.length === 0) return [own];
  const body = Buffer.from(records.join(''));
  const filler = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return [header('pax', 'x', 0o644, body.length, 0, ''), body, filler, own];
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (`${length}`.length + rest !== length) length = `${length}`.length + rest;
  return `${length} ${key}=${value}\n`;
}

function header(name: string, type: string, mode: number, size: number, mtimeMs: number, target: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number): void =>
    void block.write(value.toString(8).padStart(width - 1, '0'), offset, 'latin1');
  block.write(Buffer.from(name).subarray(0, 100).toString('latin1'), 0, 'latin1');
  octal(mode & 0o7777, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(0, Math.floor(mtimeMs / 1_000)), 136, 12);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(Buffer.from(target).subarray(0, 100).toString('latin1'), 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  block.write('root', 265, 'latin1');
  block.write('root', 297, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}
