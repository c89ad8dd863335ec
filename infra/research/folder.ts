// A folder of documents, read within bounds: what is no text, too large or a link is refused by name, and the rest is read.
import { isUtf8 } from 'node:buffer';
import { lstat, open, readdir } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Corpus, DocumentForm } from '../../contracts/research.ts';

export const DOCUMENT_LIMITS = {
  files: 5_000,
  bytes: 4 * 2 ** 20,
  allBytes: 256 * 2 ** 20,
  lineCharacters: 1_000_000,
} as const;
type Limits = { readonly [name in keyof typeof DOCUMENT_LIMITS]: number };

const FORMS: Readonly<Record<string, DocumentForm>> = {
  ...{ '.md': 'markdown', '.mdx': 'markdown', '.markdown': 'markdown' },
  ...{ '.txt': 'text', '.rst': 'text', '.text': 'text', '.adoc': 'text', '.html': 'html', '.htm': 'html' },
};
/** Without an ending, documents all the same. */
const NAMED = /^(readme|changelog|changes|history|news|security|notes|license|licence|contributing)$/i;
/** Of programs and of tools; nobody asks about them here. */
const LEFT = new Set(['.git', 'node_modules', '.venv', '__pycache__', '.cache']);

export const formOf = (path: string): DocumentForm | undefined => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return FORMS[extname(name).toLowerCase()] ?? (NAMED.test(name) ? 'text' : undefined);
};

/**
 * @param folder a folder, or one document
 * @throws AnnealError `research.unreadable` where it is not there, holds no document or more than can be read
 */
export async function readDocuments(
  folder: string,
  store: Pick<ArtifactStore, 'put'>,
  limits: Limits = DOCUMENT_LIMITS,
): Promise<Corpus> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new AnnealError('research.unreadable', `${folder} ${why}`, { cause });
  };
  const paths: string[] = [];
  const refused: Corpus['refused'] = [];
  const root = await lstat(folder).catch((cause: unknown) => refuse('cannot be read', cause));
  if (root.isFile()) paths.push(folder);
  else if (root.isDirectory()) await walk(folder);
  else refuse('is neither a folder nor a file');

  const documents: Corpus['documents'] = [];
  let total = 0;
  for (const path of paths.sort()) {
    const name = root.isFile() ? path.slice(path.lastIndexOf('/') + 1) : relative(folder, path);
    const read = await readOne(path, limits);
    if ('why' in read) {
      refused.push({ path: name, why: read.why });
      continue;
    }
    total += read.bytes.length;
    if (total > limits.allBytes)
      refuse(`holds more than ${limits.allBytes} bytes of documents: ask about a part of it`);
    documents.push({ path: name, form: formOf(path) ?? 'text', object: await store.put(read.bytes) });
  }
  if (documents.length === 0)
    refuse(
      `holds no document that can be read${refused.length === 0 ? '' : `: ${refused[0]!.path} ${refused[0]!.why}`}`,
    );
  return { schema: 'anneal/research-corpus/v1', documents, refused };

  async function walk(at: string): Promise<void> {
    const entries = await readdir(at, { withFileTypes: true }).catch((cause: unknown) =>
      refuse(`cannot be read: ${at}`, cause),
    );
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) {
        if (!LEFT.has(entry.name)) await walk(path);
      } else if (formOf(path) === undefined) continue;
      else if (!entry.isFile())
        refused.push({ path: relative(folder, path), why: 'is a link or a device, which is not followed' });
      else if (paths.push(path) > limits.files)
        refuse(`holds more than ${limits.files} documents: ask about a part of it`);
    }
  }
}

async function readOne(path: string, limits: Limits): Promise<{ bytes: Uint8Array } | { why: string }> {
  try {
    const file = await open(path, 'r');
    try {
      // By its handle, and no more than was looked at: a file may grow while it is read.
      const { size } = await file.stat();
      if (size > limits.bytes) return { why: `has ${size} bytes, more than ${limits.bytes}` };
      const buffer = Buffer.alloc(size);
      const { bytesRead } = await file.read(buffer, 0, size, 0);
      const bytes = buffer.subarray(0, bytesRead);
      if (!isUtf8(bytes)) return { why: `is not UTF-8 (line ${lineOfFault(bytes)})` };
      if (bytes.includes(0)) return { why: 'is no text: it has a byte 0' };
      if (bytes.toString('utf8').trim() === '') return { why: 'is empty' };
      if (longestLine(bytes) > limits.lineCharacters)
        return { why: `has a line of more than ${limits.lineCharacters} bytes` };
      return { bytes };
    } finally {
      await file.close();
    }
  } catch (failure) {
    return {
      why: `cannot be read: ${failure instanceof Error && 'code' in failure ? String(failure.code) : String(failure)}`,
    };
  }
}

function longestLine(bytes: Buffer): number {
  let [longest, from] = [0, 0];
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from))
    [longest, from] = [Math.max(longest, end - from), end + 1];
  return Math.max(longest, bytes.length - from);
}

function lineOfFault(bytes: Buffer): number {
  let [line, from] = [1, 0];
  for (let end = bytes.indexOf(10); end !== -1 && isUtf8(bytes.subarray(from, end)); end = bytes.indexOf(10, from))
    [line, from] = [line + 1, end + 1];
  return line;
}
