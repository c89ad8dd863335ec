// The overwrite delta between two versions of a file: where bytes differ, and what they become. Applying it twice, or again
// after half of it, gives the same bytes; applying it to other bytes than it was made from is found out by the hash at its end.
//
//   "ANNEALD1"
//   records: skip (varint), length (varint, > 0), length bytes      skip counts from the end of the record before
//   end:     0, 0, size of the new file (varint), its SHA-256
//
// Encoder and decoder take bytes as they come and keep next to none of them.

const MAGIC = new TextEncoder().encode('ANNEALD1');
const HASH_BYTES = 32;
/** A record costs two to four bytes: equal stretches shorter than this are sent along. */
const JOIN = 3;

export interface DeltaEncoder {
  /** The next stretch of both files, of equal length. Returns the bytes of the delta that are certain. */
  push(before: Uint8Array, after: Uint8Array): Uint8Array;
  /** What the new file has beyond the end of the old one. */
  append(after: Uint8Array): Uint8Array;
  /** @param sha256 of the whole new file. */
  end(sha256: Uint8Array): Uint8Array;
}

export function createDeltaEncoder(): DeltaEncoder {
  let pieces: Uint8Array[] = [MAGIC];
  /** Position in the new file. */
  let at = 0;
  /** End of the last record that was written. */
  let written = 0;

  function record(start: number, bytes: Uint8Array): void {
    pieces.push(Uint8Array.from([...varint(start - written), ...varint(bytes.length)]), bytes);
    written = start + bytes.length;
  }

  /** A copy: the caller may use its buffers again. */
  function taken(): Uint8Array {
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let filled = 0;
    for (const piece of pieces) {
      bytes.set(piece, filled);
      filled += piece.length;
    }
    pieces = [];
    return bytes;
  }

  return {
    push(before, after) {
      if (before.length !== after.length) throw new RangeError('push: stretches of different lengths');
      for (let index = 0; index < after.length; ) {
        if (before[index] === after[index]) {
          index += 1;
          continue;
        }
        let end = index + 1;
        for (let ahead = end; ahead < after.length && ahead - end < JOIN; ahead += 1) {
          if (before[ahead] !== after[ahead]) end = ahead + 1;
        }
        record(at + index, after.subarray(index, end));
        index = end;
      }
      at += after.length;
      return taken();
    },
    append(after) {
      if (after.length > 0) record(at, after);
      at += after.length;
      return taken();
    },
    end(sha256) {
      if (sha256.length !== HASH_BYTES) throw new RangeError('end: a SHA-256 has 32 bytes');
      pieces.push(Uint8Array.from([0, 0, ...varint(at)]), sha256);
      return taken();
    },
  };
}

/** Bytes to be written at a position of the file. */
export interface Overwrite {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface DeltaEnd {
  /** Of the new file, which is cut or was extended to it. */
  readonly size: number;
  readonly sha256: Uint8Array;
}

export interface DeltaDecoder {
  /** @throws DeltaDamage */
  push(chunk: Uint8Array): Overwrite[];
  /** @throws DeltaDamage when the delta has not come to its end. */
  end(): DeltaEnd;
}

/** The bytes are not those of a delta, or not all of them. */
export class DeltaDamage extends Error {}

type Awaited =
  | { readonly kind: 'bytes'; readonly what: 'magic' | 'hash'; readonly bytes: Uint8Array; filled: number }
  | { readonly kind: 'number'; readonly what: 'skip' | 'length' | 'size'; value: number; factor: number }
  | { readonly kind: 'data'; left: number }
  | { readonly kind: 'nothing' };

const number = (what: 'skip' | 'length' | 'size'): Awaited => ({ kind: 'number', what, value: 0, factor: 1 });

export function createDeltaDecoder(): DeltaDecoder {
  let awaited: Awaited = { kind: 'bytes', what: 'magic', bytes: new Uint8Array(MAGIC.length), filled: 0 };
  let at = 0;
  let skip = 0;
  let size = 0;
  let hash: Uint8Array | undefined;

  function took(what: 'skip' | 'length' | 'size', value: number): Awaited {
    if (what === 'skip') {
      skip = value;
      return number('length');
    }
    if (what === 'size') {
      size = value;
      return { kind: 'bytes', what: 'hash', bytes: new Uint8Array(HASH_BYTES), filled: 0 };
    }
    if (value === 0) {
      if (skip !== 0) throw new DeltaDamage('a record without bytes');
      return number('size');
    }
    at += skip;
    if (!Number.isSafeInteger(at + value)) throw new DeltaDamage('a record beyond any file');
    return { kind: 'data', left: value };
  }

  return {
    push(chunk) {
      const found: Overwrite[] = [];
      for (let index = 0; index < chunk.length; ) {
        if (awaited.kind === 'nothing') throw new DeltaDamage('bytes after the end');
        if (awaited.kind === 'data') {
          const bytes = chunk.subarray(index, index + awaited.left);
          found.push({ at, bytes });
          at += bytes.length;
          index += bytes.length;
          awaited.left -= bytes.length;
          if (awaited.left === 0) awaited = number('skip');
        } else if (awaited.kind === 'bytes') {
          const { what, bytes } = awaited;
          bytes[awaited.filled] = chunk[index]!;
          awaited.filled += 1;
          index += 1;
          if (awaited.filled < bytes.length) continue;
          if (what === 'magic' && MAGIC.some((byte, place) => byte !== bytes[place])) {
            throw new DeltaDamage('not a delta');
          }
          if (what === 'hash') hash = bytes;
          awaited = what === 'hash' ? { kind: 'nothing' } : number('skip');
        } else {
          const byte = chunk[index]!;
          index += 1;
          awaited.value += (byte & 0x7f) * awaited.factor;
          awaited.factor *= 128;
          if (!Number.isSafeInteger(awaited.value)) throw new DeltaDamage('a number beyond any file');
          if (byte < 0x80) awaited = took(awaited.what, awaited.value);
        }
      }
      return found;
    },
    end() {
      if (hash === undefined) throw new DeltaDamage('it ends early');
      return { size, sha256: hash };
    },
  };
}

/** Seven bits a byte, lowest first. Not by bit operations: positions go beyond 2^32. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
