// Encrypts what Temporal stores. Each payload is sealed as a whole, its own metadata included, with AES-256-GCM; key id,
// namespace and the form of the envelope are authenticated, so that a payload cannot be carried into another namespace.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { AnnealError } from '../../contracts/errors.ts';
import { fingerprint, type PayloadKeys } from './keys.ts';

/** Read by Temporal's UI, which then asks the codec server. */
export const ENCODING = 'binary/encrypted';
const META = { encoding: 'encoding', keyId: 'encryption-key-id', envelope: 'anneal-envelope' } as const;
const ENVELOPE = 'v1';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const read = (payload: Payload, name: string): string | undefined => {
  const value = payload.metadata?.[name];
  return value === undefined || value === null ? undefined : Buffer.from(value).toString('utf8');
};

/** Each part ends with a zero byte, which no part can hold: no two choices of parts give the same bytes. */
const bound = (namespace: string, keyId: string): Buffer =>
  Buffer.from(`anneal/payload/${ENVELOPE}\0${namespace}\0${keyId}\0`, 'utf8');

/**
 * What is not encrypted is read as it is: campaigns that began before there were keys go on, and end encrypted.
 * @throws AnnealError from `decode`: `payload.unknown_key`, `payload.unreadable`
 */
export function createCodec(keys: PayloadKeys, namespace: string): PayloadCodec {
  const current = keys.keys.get(keys.current);
  if (current === undefined) throw new AnnealError('payload.keys', `there is no key ${keys.current}`);

  function seal(payload: Payload, key: Buffer): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(bound(namespace, keys.current));
    const plain = proto.temporal.api.common.v1.Payload.encode(payload).finish();
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const metadata = {
      [META.encoding]: utf8(ENCODING),
      [META.keyId]: utf8(keys.current),
      [META.envelope]: utf8(ENVELOPE),
    };
    return { metadata, data };
  }

  function open(payload: Payload): Payload {
    if (read(payload, META.encoding) !== ENCODING) return payload;
    const id = read(payload, META.keyId);
    const envelope = read(payload, META.envelope);
    if (id === undefined || envelope !== ENVELOPE)
      throw unreadable(`it was encrypted by something else than Anneal (envelope ${envelope ?? 'unknown'})`);
    const key = keys.keys.get(id);
    if (key === undefined)
      throw new AnnealError(
        'payload.unknown_key',
        `key ${JSON.stringify(id)} is needed; ${[...keys.keys.keys()].join(', ')} ${keys.keys.size === 1 ? 'is' : 'are'} here`,
      );
    const data = Buffer.from(payload.data ?? []);
    if (data.length < NONCE_BYTES + TAG_BYTES) throw unreadable('it is cut off');
    try {
      const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(bound(namespace, id));
      decipher.setAuthTag(data.subarray(-TAG_BYTES));
      const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      return proto.temporal.api.common.v1.Payload.decode(plain);
    } catch (cause) {
      throw unreadable(`key ${id} (${fingerprint(key)}) of namespace ${namespace} does not open it`, cause);
    }
  }

  return {
    encode: async (payloads) => payloads.map((payload) => seal(payload, current)),
    decode: async (payloads) => payloads.map(open),
  };
}

const unreadable = (why: string, cause?: unknown): AnnealError => new AnnealError('payload.unreadable', why, { cause });
