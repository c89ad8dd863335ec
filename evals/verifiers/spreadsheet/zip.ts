// A ZIP archive as its central directory has it, with bounds on everything: what an office file is packed in.
import { inflateRawSync } from 'node:zlib';
import { Refusal } from '../structured-data/parsed.ts';

const MOST_ENTRIES = 500;
/** Unpacked, of all entries together. */
const MOST_BYTES = 48 * 2 ** 20;
/** Ordinary sheets reach a tenth of it. */
const MOST_RATIO = 200;

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** @throws Refusal for what is no plain archive, or unpacks to too much */
export function unzip(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = view.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end === -1 || end + 22 > view.length || view.readUInt32LE(end) !== END) throw new Refusal('is no archive');
  const count = view.readUInt16LE(end + 10);
  let at = view.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) throw new Refusal('is an archive of more than 4 GiB');
  if (count > MOST_ENTRIES) throw new Refusal(`holds ${count} entries, more than ${MOST_ENTRIES}`);
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = entryAt(view, at);
    at = entry.next;
    if (files.has(entry.name)) throw new Refusal(`holds ${entry.name} twice`);
    const room = Math.min(MOST_BYTES - total, 4_096 + MOST_RATIO * entry.packed);
    const content = unpacked(view, entry, room);
    total += content.length;
    files.set(entry.name, content);
  }
  return files;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly local: number;
  readonly next: number;
}

function entryAt(view: Buffer, at: number): Entry {
  if (at + 46 > view.length || view.readUInt32LE(at) !== ENTRY) throw new Refusal('has a broken directory');
  const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.readUInt16LE(at + offset)) as [
    number,
    number,
    number,
  ];
  if ((view.readUInt16LE(at + 8) & 1) === 1) throw new Refusal('is encrypted');
  const name = view.subarray(at + 46, at + 46 + nameLength).toString('utf8');
  if (/^\/|\\|(^|\/)\.\.(\/|$)|\0/.test(name)) throw new Refusal('holds an entry outside of it');
  return {
    name,
    method: view.readUInt16LE(at + 10),
    packed: view.readUInt32LE(at + 20),
    size: view.readUInt32LE(at + 24),
    local: view.readUInt32LE(at + 42),
    next: at + 46 + nameLength + extra + comment,
  };
}

function unpacked(view: Buffer, { name, method, packed, size, local }: Entry, room: number): Uint8Array {
  if (size > room) throw new Refusal(`unpacks to too much: ${name}`);
  if (local + 30 > view.length || view.readUInt32LE(local) !== LOCAL) throw new Refusal(`has a broken entry: ${name}`);
  const from = local + 30 + view.readUInt16LE(local + 26) + view.readUInt16LE(local + 28);
  const data = view.subarray(from, from + packed);
  if (method === 0) {
    if (packed !== size) throw new Refusal(`has a broken entry: ${name}`);
    return data;
  }
  if (method !== 8) throw new Refusal(`is packed by method ${method}`);
  try {
    const content = inflateRawSync(data, { maxOutputLength: Math.max(1, room) });
    if (content.length === size) return content;
  } catch {
    // Told below: more than there is room for, or no deflated data.
  }
  throw new Refusal(`unpacks to too much, or not at all: ${name}`);
}
