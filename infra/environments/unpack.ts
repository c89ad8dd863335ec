// A tar laid out as a root file system by our own rules: no program of this machine is trusted with an archive that nobody vouches for.
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, link, mkdir, open, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract, type Header } from 'tar-stream';
import { AnnealError } from '../../contracts/errors.ts';
import { createTree, type Placed } from './entries.ts';

type Content = Extract extends AsyncIterable<infer One> ? One : never;

export interface UnpackLimits {
  readonly entries: number;
  /** Of the tar, once it is no longer compressed. */
  readonly bytes: number;
}

export const UNPACK_LIMITS: UnpackLimits = { entries: 400_000, bytes: 16 * 2 ** 30 };

/** Anybody may read everything and nobody but the owner writes: no mode of the tar counts but whether a file can be run. */
const MODES = { folder: 0o755, executable: 0o755, file: 0o644 } as const;

/**
 * @param into an empty folder that nobody else knows; what lies in it after a failure is the caller's to remove
 * @throws AnnealError `environment.unusable` where the tar holds what a root may not have, is too large, or is none
 */
export async function unpack(tar: string, into: string, limits: UnpackLimits = UNPACK_LIMITS): Promise<void> {
  const tree = createTree(limits.entries);
  const take = async (header: Header, content: Content): Promise<void> => {
    const { name, type, mode, linkname, mtime } = header;
    const admitted = tree.admit({ name, type, mode, linkname });
    if ('refused' in admitted) throw new AnnealError('environment.unusable', admitted.refused);
    for (const folder of admitted.above) await makeFolder(join(into, folder));
    await write(admitted.placed, { content, into, mtime });
  };
  let taking = Promise.resolve();
  const entries = extract();
  // One at a time: the next is read when this one is done, and the first that fails ends the reading.
  entries.on('entry', (header, content, next) => {
    // Told by the whole as well, which is who is asked.
    content.on('error', () => undefined);
    taking = take(header, content).then(() => next(), next);
  });
  try {
    await chmod(into, MODES.folder);
    const gunzip = (await isGzip(tar)) ? [createGunzip()] : [];
    await pipeline([createReadStream(tar), ...gunzip, bounded(limits.bytes), entries]);
  } catch (failure) {
    throw failure instanceof AnnealError ? failure : unusable(failure);
  } finally {
    // Nothing is written behind the caller's back.
    await taking;
  }
}

async function write(
  placed: Placed,
  { content, into, mtime }: { readonly content: Content; readonly into: string; readonly mtime: Date },
): Promise<void> {
  const path = join(into, placed.path);
  if (placed.what === 'file') {
    // Exclusive, and so never through a link.
    await pipeline(content, createWriteStream(path, { flags: 'wx' }));
    await chmod(path, placed.executable ? MODES.executable : MODES.file);
    // Byte code that came along counts by the time of its source.
    await utimes(path, mtime, mtime);
    return;
  }
  if (placed.what === 'folder') await makeFolder(path);
  else if (placed.what === 'symlink') await symlink(placed.target, path);
  else if (placed.what === 'link') await link(join(into, placed.to), path);
  content.resume();
}

/** Also where an entry below it was before it. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, MODES.folder);
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function bounded(most: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      seen += chunk.length;
      if (seen > most) done(new AnnealError('environment.unusable', `it holds more than ${most} bytes`));
      else done(null, chunk);
    },
  });
}

const unusable = (cause: unknown): AnnealError =>
  new AnnealError(
    'environment.unusable',
    `it cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
    },
  );
