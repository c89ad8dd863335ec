// What authenticators and browsers send, and what somebody sends who is neither.
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChallenges } from './challenges.ts';
import { checkRegistration, type Registration } from './registration.ts';

const ORIGIN = 'https://anneal.example.org';
const RP_ID = 'anneal.example.org';
const CHALLENGE = 'c'.repeat(43);
const ID = Buffer.from('of-the-authenticator');
const context = {
  ...{ origin: ORIGIN, rpId: RP_ID, origins: [ORIGIN] },
  takeChallenge: (challenge: string) => challenge === CHALLENGE,
};

type Cose = Map<number, unknown>;

function coseOf(algorithm: 'ES256' | 'EdDSA' | 'RS256', bits = 2_048): { cose: Cose; key: KeyObject } {
  const pair =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : algorithm === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: bits });
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const bytes = (text: unknown): Uint8Array => Buffer.from(String(text), 'base64url');
  const cose: Record<typeof algorithm, [number, unknown][]> = {
    ES256: [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(jwk.x)],
      [-3, bytes(jwk.y)],
    ],
    EdDSA: [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(jwk.x)],
    ],
    RS256: [
      [1, 3],
      [3, -257],
      [-1, bytes(jwk.n)],
      [-2, bytes(jwk.e)],
    ],
  };
  return { cose: new Map(cose[algorithm]), key: pair.publicKey };
}

interface Change {
  readonly client?: Record<string, unknown>;
  readonly rpId?: string;
  readonly flags?: number;
  readonly cose?: Uint8Array;
  readonly id?: Uint8Array;
  readonly idLength?: number;
  readonly rest?: Uint8Array;
  readonly fmt?: string;
  readonly attStmt?: unknown;
  readonly more?: [string, unknown][];
}

const ES256 = coseOf('ES256');

function made(change: Change = {}): Registration {
  const { rpId = RP_ID, flags = 0x45, id = ID, cose = encode(ES256.cose), rest = new Uint8Array() } = change;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(change.idLength ?? id.length);
  const head = [createHash('sha256').update(rpId).digest(), Buffer.from([flags, 0, 0, 0, 0]), Buffer.alloc(16)];
  const authData = Uint8Array.from(Buffer.concat([...head, length, id, cose, rest]));
  const members: [string, unknown][] = [
    ['fmt', change.fmt ?? 'none'],
    ['attStmt', change.attStmt ?? new Map()],
    ['authData', authData],
    ...(change.more ?? []),
  ];
  const client = {
    type: 'webauthn.create',
    challenge: CHALLENGE,
    origin: ORIGIN,
    crossOrigin: false,
    ...change.client,
  };
  return {
    attestationObject: Buffer.from(encode(new Map(members))).toString('base64url'),
    clientDataJson: Buffer.from(JSON.stringify(client)).toString('base64url'),
  };
}

const refused = (given: Registration, why = ''): void =>
  expect(() => checkRegistration(given, context)).toThrow(
    expect.objectContaining({ code: 'passkey.refused', message: expect.stringContaining(why) }),
  );

it.each(['ES256', 'EdDSA', 'RS256'] as const)('takes a key of %s', (algorithm) => {
  const { cose, key } = coseOf(algorithm);
  const spki = key.export({ type: 'spki', format: 'der' });
  expect(checkRegistration(made({ cose: encode(cose) }), context)).toEqual({
    keyId: createHash('sha256').update(spki).digest('hex'),
    passkey: {
      ...{ credential: ID.toString('base64url'), algorithm, publicKey: spki.toString('base64url') },
      ...{ rpId: RP_ID, origins: [ORIGIN] },
    },
  });
});

it('takes what is backed up elsewhere, and extensions that it says it has', () => {
  const rest = encode(new Map([['credProps', true]]));
  expect(checkRegistration(made({ flags: 0x5d | 0x80, rest }), context).passkey.algorithm).toBe('ES256');
});

describe('refuses', () => {
  it.each<[string, Change, string]>([
    ['another challenge', { client: { challenge: 'd'.repeat(43) } }, 'not asked for here'],
    ['an assertion in its place', { client: { type: 'webauthn.get' } }, 'no making'],
    ['another address', { client: { origin: 'https://anneal.example.org.evil.example' } }, 'another address'],
    ['another page around it', { client: { crossOrigin: true } }, 'inside another page'],
    ['another domain', { rpId: 'example.org' }, 'another domain'],
    ['nobody there', { flags: 0x44 }, 'did not ask its owner'],
    ['an owner who was not verified', { flags: 0x41 }, 'did not ask its owner'],
    ['no key', { flags: 0x05 }, 'has no key'],
    ['no identifier', { id: new Uint8Array() }, 'no identifier'],
    ['an identifier that goes on and on', { idLength: 60_000 }, 'no identifier'],
    ['one that is too long', { id: new Uint8Array(1_024) }, 'no identifier'],
    ['more than belongs to it', { rest: encode(new Map()) }, 'more came'],
    ['extensions that are none', { flags: 0xc5, rest: Uint8Array.of(0xff) }, 'cannot be read'],
    ['two things after the key', { flags: 0xc5, rest: Uint8Array.of(0xa0, 0xa0) }, 'cannot be read'],
    ['an attestation', { fmt: 'packed', attStmt: new Map([['alg', -7]]) }, 'not asked for'],
    ['an attestation by the name of none', { attStmt: new Map([['alg', -7]]) }, 'not asked for'],
    ['members that nobody knows', { more: [['ep', true]] }, 'cannot be read'],
  ])('%s', (_, change, why) => refused(made(change), why));

  const es256 = (edit: (cose: Cose) => void): Uint8Array => {
    const cose: Cose = new Map(ES256.cose);
    edit(cose);
    return encode(cose);
  };
  it.each<[string, () => Uint8Array]>([
    ['no map', () => encode([1, 2])],
    ['another algorithm', () => es256((cose) => cose.set(3, -35))],
    ['another curve', () => es256((cose) => cose.set(-1, 2))],
    ['another kind', () => es256((cose) => cose.set(1, 3))],
    ['a point off its curve', () => es256((cose) => cose.set(-3, new Uint8Array(32).fill(7)))],
    ['a short coordinate', () => es256((cose) => cose.set(-2, new Uint8Array(31)))],
    ['no coordinate', () => es256((cose) => cose.delete(-2))],
    ['a short key of RS256', () => encode(coseOf('RS256', 1_024).cose)],
  ])('a key with %s', (_, cose) => refused(made({ cose: cose() })));

  it('a key that stands there twice, and lengths in another spelling', () => {
    const bytes = Buffer.from(encode(ES256.cose));
    const twice = Buffer.concat([Buffer.from([0xa6]), bytes.subarray(1), Buffer.from([0x03, 0x26])]);
    refused(made({ cose: twice }), 'cannot be read');
    // 0x5820: 32 bytes; 0x590020 says the same in two bytes.
    const at = bytes.indexOf(Buffer.from([0x58, 0x20]));
    refused(
      made({ cose: Buffer.concat([bytes.subarray(0, at), Buffer.from([0x59, 0x00, 0x20]), bytes.subarray(at + 2)]) }),
      'cannot be read',
    );
  });

  it('base64url in another spelling', () => {
    const { attestationObject, clientDataJson } = made();
    refused({ attestationObject: `${attestationObject}=`, clientDataJson });
    refused({ attestationObject, clientDataJson: `${clientDataJson}\n` });
  });

  it('whatever comes: no bytes make it fail in another way', () => {
    const whole = Buffer.from(made().attestationObject, 'base64url');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
            const bytes = Buffer.from(whole);
            bytes[at] = byte;
            return bytes;
          }),
          fc.nat(whole.length).map((length) => whole.subarray(0, length)),
        ),
        (bytes) => {
          const attestationObject = Buffer.from(bytes).toString('base64url');
          try {
            checkRegistration({ ...made(), attestationObject }, context);
          } catch (failure) {
            expect(failure).toMatchObject({ code: 'passkey.refused' });
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

it('a challenge is for one person, once, for five minutes, and nobody uses up another’s', () => {
  let now = 0;
  const challenges = createChallenges(() => now);
  const [one, two, three] = [challenges.issue('ada'), challenges.issue('ada'), challenges.issue('ada')];
  expect([challenges.take(one, 'ada'), challenges.take(one, 'ada')]).toEqual([true, false]);
  expect([challenges.take(two, 'ben'), challenges.take(two, 'ada'), challenges.take('', 'ada')]).toEqual([
    false,
    false,
    false,
  ]);
  now = 5 * 60_000;
  expect(challenges.take(three, 'ada')).toBe(false);
  const kept = challenges.issue('ada');
  for (let at = 0; at < 1_000; at += 1) challenges.issue('eve');
  expect(challenges.take(kept, 'ada')).toBe(true);
});
