// The keys that payloads are encrypted with: several can read, one writes. A key is rotated in three steps, so that no reader
// meets a payload before its key: add the new one everywhere, make it current everywhere, remove the old one when nothing
// that it wrote is kept any more.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AnnealError, type Problem } from '../../contracts/errors.ts';

const KEY_BYTES = 32;
const keyId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots and dashes, at most 64');
const key = z
  .base64()
  .refine((text) => Buffer.from(text, 'base64').length === KEY_BYTES, `${KEY_BYTES} bytes in base64`);

export const payloadKeysFile = z.strictObject({
  schema: z.literal('anneal/payload-keys/v1'),
  current: keyId.describe('The one that new payloads are encrypted with.'),
  keys: z.record(keyId, key),
});

export interface PayloadKeys {
  /** The id of the key that encrypts. */
  readonly current: string;
  readonly keys: ReadonlyMap<string, Buffer>;
}

/** @throws AnnealError `payload.keys` with every problem; no message ever holds a key */
export function readPayloadKeys(path: string): PayloadKeys {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (failure) {
    // A syntax error quotes what it stumbled over, which may be a key.
    const why = failure instanceof SyntaxError ? 'it is no JSON' : failure instanceof Error ? failure.message : '';
    throw new AnnealError('payload.keys', `${path}: ${why}`);
  }
  return parsePayloadKeys(content, path);
}

/** @throws AnnealError `payload.keys` */
export function parsePayloadKeys(content: unknown, path: string): PayloadKeys {
  const parsed = payloadKeysFile.safeParse(content);
  const problems: Problem[] = parsed.success
    ? []
    : parsed.error.issues.map((issue) => ({
        code: 'payload.keys',
        path: issue.path.map(String).join('.'),
        expected: issue.message,
        hint: 'docs/temporal.md shows a whole file.',
      }));
  if (parsed.success && !(parsed.data.current in parsed.data.keys))
    problems.push({
      code: 'payload.keys',
      path: 'current',
      expected: `one of ${Object.keys(parsed.data.keys).join(', ') || 'the keys, of which there is none'}`,
      got: parsed.data.current,
      hint: 'Name the newest key.',
    });
  if (!parsed.success || problems.length > 0) {
    const told = problems.map(({ path: at, expected }) => `${at === '' ? 'the file' : at}: ${expected}`).join('; ');
    throw new AnnealError('payload.keys', `${path}: ${told}`, { problems });
  }
  const { current, keys } = parsed.data;
  return { current, keys: new Map(Object.entries(keys).map(([id, text]) => [id, Buffer.from(text, 'base64')])) };
}

/** Tells two keys of one id apart, in logs and messages, without telling anything about them. */
export function fingerprint(key: Buffer): string {
  return createHmac('sha256', key).update('anneal/payload-key-check/v1').digest('hex').slice(0, 8);
}
