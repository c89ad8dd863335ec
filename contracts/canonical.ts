// One byte sequence per value: what is hashed or signed must not depend on key order or white space.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * JSON with sorted keys, no white space, and `undefined` members dropped (after RFC 8785; numbers print as ECMAScript does).
 * @throws TypeError for values JSON cannot carry (NaN, infinities, functions, bigint).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonicalJson: ${value} has no JSON form`);
    return JSON.stringify(value);
  }
  // Loops, not entries and maps: every record and every hash goes through here.
  if (Array.isArray(value)) {
    // Of numbers alone the engine's own writing is the same, in a fraction of the time: token ids are most of a record.
    if (typeof value[0] === 'number' && value.every(Number.isFinite)) return JSON.stringify(value);
    let items = '';
    for (const item of value) items += `${items === '' ? '' : ','}${canonicalJson(item === undefined ? null : item)}`;
    return `[${items}]`;
  }
  if (typeof value === 'object') {
    let members = '';
    for (const key of Object.keys(value).sort()) {
      const member = (value as Readonly<Record<string, unknown>>)[key];
      if (member === undefined) continue;
      members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
    }
    return `{${members}}`;
  }
  throw new TypeError(`canonicalJson: a ${typeof value} has no JSON form`);
}
