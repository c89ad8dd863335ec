// Values as they cross between Python and the grader: decoding what a candidate sent, comparing it, writing it as Python.
import type { TypedValue } from '../../../contracts/task.ts';

const MAX_DEPTH = 25;
/** Relative tolerance of floats: the last digits of a sum depend on its order, and those of sin on the C library. */
const TOLERANCE = 1e-9;

/** Reads what a candidate's process sent. Undefined unless it is exactly one typed value; never throws. */
export function decodeValue(text: string): TypedValue | undefined {
  try {
    return checked(JSON.parse(text), 0);
  } catch {
    return undefined;
  }
}

/** By hand, not by the schema: the input is hostile, so depth must be bounded before anything recurses. */
function checked(value: unknown, depth: number): TypedValue | undefined {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined;
  const { t, v, ...rest } = value as { t?: unknown; v?: unknown };
  if (Object.keys(rest).length > 0) return undefined;
  if (t === 'none') return v === undefined ? { t } : undefined;
  if (t === 'bool') return typeof v === 'boolean' ? { t, v } : undefined;
  if (t === 'int') return typeof v === 'string' && /^-?\d{1,4300}$/.test(v) ? { t, v } : undefined;
  if (t === 'float') return typeof v === 'string' && readFloat(v) !== undefined ? { t, v } : undefined;
  if (t === 'str' || t === 'error') return typeof v === 'string' ? { t, v } : undefined;
  if ((t === 'list' || t === 'tuple') && Array.isArray(v)) {
    const items = v.map((item) => checked(item, depth + 1));
    return items.includes(undefined) ? undefined : { t, v: items as TypedValue[] };
  }
  return undefined;
}

/** Python's repr of a float. */
function readFloat(text: string): number | undefined {
  if (text === 'nan') return Number.NaN;
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/**
 * Whether an answer is right. Types must agree exactly, list is not tuple and True is not 1, with one exception: where a float is
 * expected, an int of the same value is right (3 for 3.0: `a * b` and `math.prod` differ in nothing a user asked for), but a float is
 * wrong where an int is expected (`math.floor` must not answer 3.0). Floats agree within 1e-9 relative; nan agrees with nan;
 * 0.0 with -0.0. An exception agrees by the name of its class.
 */
export function sameValue(expected: TypedValue, seen: TypedValue): boolean {
  switch (expected.t) {
    case 'none':
      return seen.t === 'none';
    case 'float':
      return (
        (seen.t === 'float' || seen.t === 'int') && sameNumber(Number(numeric(expected.v)), Number(numeric(seen.v)))
      );
    case 'list':
    case 'tuple':
      return (
        seen.t === expected.t &&
        seen.v.length === expected.v.length &&
        expected.v.every((item, index) => sameValue(item, seen.v[index]!))
      );
    case 'int':
      return seen.t === 'int' && BigInt(seen.v) === BigInt(expected.v);
    default:
      return seen.t === expected.t && seen.v === expected.v;
  }
}

function sameNumber(expected: number, seen: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(seen);
  if (!Number.isFinite(expected) || !Number.isFinite(seen)) return expected === seen;
  return Math.abs(expected - seen) <= TOLERANCE * Math.max(Math.abs(expected), Math.abs(seen));
}

const numeric = (text: string): number => readFloat(text) ?? Number.NaN;

/** The value as a Python expression. @throws RangeError for an error, which has none */
export function pythonLiteral(value: TypedValue): string {
  switch (value.t) {
    case 'none':
      return 'None';
    case 'bool':
      return value.v ? 'True' : 'False';
    case 'int':
      return value.v;
    case 'float':
      return /^-?(nan|inf)$/.test(value.v) ? `float('${value.v}')` : value.v;
    case 'str':
      return stringLiteral(value.v);
    case 'list':
      return `[${value.v.map(pythonLiteral).join(', ')}]`;
    case 'tuple':
      return value.v.length === 1 ? `(${pythonLiteral(value.v[0]!)},)` : `(${value.v.map(pythonLiteral).join(', ')})`;
    case 'error':
      throw new RangeError('an exception has no literal');
  }
}

/** As Python's repr writes it for printable text; anything else is escaped by code unit pair or code point. */
function stringLiteral(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === '\\' || char === quote) out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\t') out += '\\t';
    else if (char === '\r') out += '\\r';
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (code >= 0xd800 && code <= 0xdfff) out += `\\u${code.toString(16)}`;
    else if (/\p{C}|\p{Zl}|\p{Zp}|[^\P{Zs} ]/u.test(char))
      out += code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    else out += char;
  }
  return `${quote}${out}${quote}`;
}
