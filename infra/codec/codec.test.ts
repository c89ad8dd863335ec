// Envelopes: what is sealed comes back, with old keys too; what was altered, carried elsewhere or sealed by a stranger does not.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCodec } from './codec.ts';
import { fingerprint, type PayloadKeys, parsePayloadKeys, readPayloadKeys } from './keys.ts';

const keyring = (current: string, ...ids: string[]): PayloadKeys => ({
  current,
  keys: new Map([current, ...ids].map((id) => [id, Buffer.alloc(32, id)])),
});
const value = (payload: Payload): unknown => defaultPayloadConverter.fromPayload(payload);
const payload = (of: unknown): Payload => defaultPayloadConverter.toPayload(of)!;
const metadata = (of: Payload | undefined, name: string): string => Buffer.from(of?.metadata?.[name] ?? []).toString();
const bytes = (of: Payload | undefined): Buffer => Buffer.from(of?.data ?? []);

describe('an envelope', () => {
  const codec = createCodec(keyring('k1'), 'team-a');

  test('hides the value, its encoding and what it says, and gives all of it back', async () => {
    const [sealed] = await codec.encode([payload({ prompt: 'secret words' })]);
    expect(Object.keys(sealed?.metadata ?? {}).sort()).toEqual(['anneal-envelope', 'encoding', 'encryption-key-id']);
    expect(metadata(sealed, 'encoding')).toBe('binary/encrypted');
    expect(bytes(sealed).toString('latin1')).not.toContain('secret');
    const [opened] = await codec.decode([sealed!]);
    expect(metadata(opened, 'encoding')).toBe('json/plain');
    expect(value(opened!)).toEqual({ prompt: 'secret words' });
  });

  test('of anything comes back as it was', async () => {
    const some = fc.record({
      data: fc.uint8Array({ maxLength: 200 }),
      metadata: fc.dictionary(fc.string({ minLength: 1 }), fc.uint8Array({ maxLength: 20 }), { noNullPrototype: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(some, { maxLength: 4 }), async (payloads) => {
        const opened = await codec.decode(await codec.encode(payloads));
        expect(opened.map((one) => bytes(one).toString('hex'))).toEqual(
          payloads.map((one) => bytes(one).toString('hex')),
        );
        for (const [index, one] of payloads.entries())
          for (const name of Object.keys(one.metadata)) expect(metadata(opened[index], name)).toBe(metadata(one, name));
      }),
    );
  });

  test('is another one each time', async () => {
    const [one, two] = await codec.encode([payload('same'), payload('same')]);
    expect(bytes(one).equals(bytes(two))).toBe(false);
  });

  test('does not open when any bit of it is changed', async () => {
    const [sealed] = await codec.encode([payload('whole')]);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes(sealed).length * 8 - 1), async (bit) => {
        const data = bytes(sealed);
        data[bit >> 3]! ^= 1 << (bit & 7);
        await expect(codec.decode([{ ...sealed, data }])).rejects.toMatchObject({ code: 'payload.unreadable' });
      }),
    );
    for (const length of [0, 11, 27, bytes(sealed).length - 1])
      await expect(codec.decode([{ ...sealed, data: bytes(sealed).subarray(0, length) }])).rejects.toMatchObject({
        code: 'payload.unreadable',
      });
  });

  test('does not open in another namespace, nor under the name of another key', async () => {
    const [sealed] = await codec.encode([payload('ours')]);
    await expect(createCodec(keyring('k1'), 'team-b').decode([sealed!])).rejects.toMatchObject({
      code: 'payload.unreadable',
      message: expect.stringContaining('of namespace team-b does not open it'),
    });
    const same = { current: 'k2', keys: new Map([['k2', Buffer.alloc(32, 'k1')]]) };
    const renamed = { ...sealed, metadata: { ...sealed?.metadata, 'encryption-key-id': Buffer.from('k2') } };
    await expect(createCodec(same, 'team-a').decode([renamed])).rejects.toMatchObject({ code: 'payload.unreadable' });
  });

  test('of somebody else is not taken for ours', async () => {
    const theirs = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: randomBytes(64) };
    await expect(codec.decode([theirs])).rejects.toMatchObject({
      message: expect.stringContaining('by something else than Anneal'),
    });
  });

  test('is not looked for where nothing was encrypted', async () => {
    expect(value((await codec.decode([payload('from before')]))[0]!)).toBe('from before');
  });
});

describe('keys', () => {
  test('are rotated: the old one still reads, the new one writes, and once it is gone its id is named', async () => {
    const [old] = await createCodec(keyring('k1'), 'n').encode([payload('old')]);
    const both = createCodec(keyring('k2', 'k1'), 'n');
    expect(value((await both.decode([old!]))[0]!)).toBe('old');
    const [fresh] = await both.encode([payload('fresh')]);
    expect(metadata(fresh, 'encryption-key-id')).toBe('k2');
    await expect(createCodec(keyring('k2'), 'n').decode([old!])).rejects.toMatchObject({
      code: 'payload.unknown_key',
      message: 'key "k1" is needed; k2 is here',
    });
    await expect(createCodec(keyring('k1', 'k0'), 'n').decode([fresh!])).rejects.toMatchObject({
      message: 'key "k2" is needed; k1, k0 are here',
    });
  });

  test('of one id that differ are told apart', async () => {
    const [sealed] = await createCodec(keyring('k1'), 'n').encode([payload('x')]);
    const wrong = Buffer.alloc(32, 'wrong');
    const failure = createCodec({ current: 'k1', keys: new Map([['k1', wrong]]) }, 'n').decode([sealed!]);
    await expect(failure).rejects.toMatchObject({
      code: 'payload.unreadable',
      message: expect.stringContaining(`key k1 (${fingerprint(wrong)})`),
    });
  });

  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'anneal-keys-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('come from a file', () => {
    const key = randomBytes(32);
    const path = join(folder, 'keys.json');
    const content = { schema: 'anneal/payload-keys/v1', current: 'a', keys: { a: key.toString('base64') } };
    writeFileSync(path, JSON.stringify(content));
    expect(readPayloadKeys(path)).toEqual({ current: 'a', keys: new Map([['a', key]]) });
  });

  test('that are wrong are refused with every problem, and never quoted', () => {
    const short = Buffer.alloc(31, 7).toString('base64');
    const content = { schema: 'anneal/payload-keys/v1', current: 'b', keys: { a: short, 'c d': 'no' }, more: 1 };
    let failure: unknown;
    try {
      parsePayloadKeys(content, 'keys.json');
    } catch (thrown) {
      failure = thrown;
    }
    expect(failure).toMatchObject({ code: 'payload.keys', exitCode: 2 });
    expect((failure as Error).message).toMatch(/keys\.a: 32 bytes in base64/);
    expect((failure as Error).message).toMatch(/keys\.c d/);
    expect((failure as Error).message).not.toContain(short);
    expect(() => parsePayloadKeys({ ...content, keys: {}, more: undefined }, 'f')).toThrow(/f: /);
    const unnamed = { schema: 'anneal/payload-keys/v1', current: 'b', keys: { a: randomBytes(32).toString('base64') } };
    expect(() => parsePayloadKeys(unnamed, 'f')).toThrow('f: current: one of a');
    const path = join(folder, 'broken.json');
    writeFileSync(path, '{ "keys": { "a": "c2VjcmV0" x');
    expect(() => readPayloadKeys(path)).toThrow(`${path}: it is no JSON`);
  });
});
