// The segment format: one record a line, `<crc32, 8 hex digits> <bytes of JSON> <JSON>\n`. Text, so that `less` and `grep`
// work on it; length and checksum, so that a record is either whole or known not to be.
import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

/** Where a record's JSON lies. */
export interface Location {
  readonly segment: number;
  /** Byte offset of the JSON (not of its line) in the segment. */
  readonly offset: number;
  /** Bytes of JSON. */
  readonly length: number;
}

const NEWLINE = 0x0a;
/** 8 hex digits, a space, up to 10 digits, a space. */
const MAX_HEADER = 20;
const HEADER = /^([0-9a-f]{8}) (0|[1-9]\d{0,9}) /;
/** Every beginning of a header that is not yet one. */
const PARTIAL_HEADER = /^(?:[0-9a-f]{0,8}|[0-9a-f]{8} (?:0|[1-9]\d{0,9})?)$/;

/** `json` must hold no line break; `JSON.stringify` writes none. */
export function encodeLine(json: string): { bytes: Buffer; jsonOffset: number; jsonLength: number } {
  const body = Buffer.from(json, 'utf8');
  const header = `${crc32(body).toString(16).padStart(8, '0')} ${body.length} `;
  const bytes = Buffer.concat([Buffer.from(header, 'latin1'), body, Buffer.from([NEWLINE])]);
  return { bytes, jsonOffset: header.length, jsonLength: body.length };
}

export interface Scan {
  readonly records: readonly { readonly offset: number; readonly length: number }[];
  /** Bytes from the start that are whole records. */
  readonly good: number;
  /**
   * What follows `good`. `torn`: the beginning of a line, as a crash leaves it (perhaps followed by zeros that the file system
   * put there); `unterminated`: a whole record that lacks only its line break; `corrupt`: anything else, so that no bit flip
   * in an acknowledged record is ever mistaken for a torn write.
   */
  readonly tail: 'none' | 'torn' | 'unterminated' | 'corrupt';
}

export function scanSegment(bytes: Buffer): Scan {
  const records: { offset: number; length: number }[] = [];
  let at = 0;
  while (at < bytes.length) {
    const line = parseLine(bytes, at);
    if (line === undefined || bytes[line.end] !== NEWLINE)
      return { records, good: at, tail: judgeTail(bytes, at, line) };
    records.push({ offset: line.offset, length: line.length });
    at = line.end + 1;
  }
  return { records, good: at, tail: 'none' };
}

const SLICE_BYTES = 1 << 20;

/** As `scanSegment` counts, in pieces that hold nobody up. */
export async function countRecords(bytes: Buffer): Promise<{ readonly records: number; readonly good: number }> {
  let [records, good] = [0, 0];
  for (let slice = SLICE_BYTES; good < bytes.length; ) {
    const scan = scanSegment(bytes.subarray(good, good + slice));
    if (scan.good === 0 && good + slice >= bytes.length) break;
    // A line that is longer than the piece.
    slice = scan.good === 0 ? slice * 2 : SLICE_BYTES;
    records += scan.records.length;
    good += scan.good;
    await turn();
  }
  return { records, good };
}

interface Line {
  readonly offset: number;
  readonly length: number;
  readonly end: number;
}

/** The record whose line starts at `at`, its checksum verified, its line break not yet. */
function parseLine(bytes: Buffer, at: number): Line | undefined {
  const header = HEADER.exec(bytes.toString('latin1', at, at + MAX_HEADER));
  if (header === null) return undefined;
  const offset = at + header[0].length;
  const length = Number(header[2]);
  const end = offset + length;
  if (end > bytes.length || crc32(bytes.subarray(offset, end)) !== Number.parseInt(header[1]!, 16)) return undefined;
  return { offset, length, end };
}

function judgeTail(bytes: Buffer, at: number, line: Line | undefined): Scan['tail'] {
  const rest = withoutTrailingZeros(bytes.subarray(at));
  if (line !== undefined) return at + rest.length <= line.end ? 'unterminated' : 'corrupt';
  if (rest.includes(NEWLINE)) return 'corrupt';
  const text = rest.toString('latin1', 0, MAX_HEADER);
  const header = HEADER.exec(text);
  if (header === null) return PARTIAL_HEADER.test(text) ? 'torn' : 'corrupt';
  // A full-length body with a wrong checksum is no prefix of anything that was ever written.
  return rest.length - header[0].length < Number(header[2]) ? 'torn' : 'corrupt';
}

function withoutTrailingZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}
