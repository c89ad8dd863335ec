// Certificates for tests: authorities, servers, clients, expired ones. Node reads X.509 but does not write it, so the few fields
// that TLS needs are put together here, in DER.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

export interface Issued {
  readonly name: string;
  /** PEM, with the authority's behind it. */
  readonly cert: string;
  readonly key: string;
}
export interface Wanted {
  readonly name: string;
  /** DNS names and addresses. */
  readonly hosts?: readonly string[];
  readonly from?: Date;
  readonly to?: Date;
}
export interface Authority {
  readonly cert: string;
  issue(wanted: Wanted): Issued;
}

const DAY_MS = 86_400_000;

export function makeAuthority(name: string, { from, to }: Omit<Wanted, 'name'> = {}): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = pem(certificate({ name, ...window(from, to) }, pair.publicKey, { name, key: pair.privateKey }, true));
  return {
    cert,
    issue(wanted) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const der = certificate(
        { ...wanted, ...window(wanted.from, wanted.to) },
        own.publicKey,
        { name, key: pair.privateKey },
        false,
      );
      return {
        name: wanted.name,
        cert: pem(der) + cert,
        key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      };
    },
  };
}

/** Writes NAME.crt and NAME.key; returns their paths. */
export function writePair(folder: string, issued: Issued): { cert: string; key: string } {
  const paths = { cert: join(folder, `${issued.name}.crt`), key: join(folder, `${issued.name}.key`) };
  writeFileSync(paths.cert, issued.cert);
  writeFileSync(paths.key, issued.key, { mode: 0o600 });
  return paths;
}

const window = (from = new Date(Date.now() - DAY_MS), to = new Date(Date.now() + DAY_MS)) => ({ from, to });

function certificate(
  of: { name: string; hosts?: readonly string[]; from: Date; to: Date },
  publicKey: KeyObject,
  issuer: { name: string; key: KeyObject },
  isAuthority: boolean,
): Buffer {
  const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
  const critical = der(0x01, Buffer.from([0xff]));
  const extensions = [
    sequence(oid('2.5.29.19'), critical, octets(sequence(...(isAuthority ? [critical] : [])))),
    // Signing certificates, or signing a handshake.
    sequence(oid('2.5.29.15'), critical, octets(der(0x03, Buffer.from(isAuthority ? [2, 0x04] : [7, 0x80])))),
    ...(isAuthority
      ? []
      : [sequence(oid('2.5.29.37'), octets(sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))))]),
    ...(of.hosts === undefined ? [] : [sequence(oid('2.5.29.17'), octets(sequence(...of.hosts.map(host))))]),
  ];
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    distinguished(issuer.name),
    sequence(time(of.from), time(of.to)),
    distinguished(of.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, issuer.key);
  return sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const octets = (content: Buffer): Buffer => der(0x04, content);
const integer = (bytes: Buffer): Buffer => der(0x02, bytes);
const time = (date: Date): Buffer =>
  der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`, 'latin1'));
const distinguished = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name, 'utf8')))));
const host = (name: string): Buffer =>
  isIP(name) === 4 ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name, 'latin1'));

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [40 * first + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

const pem = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
