// Key files of the local identity: the private key, readable by its owner only, and the list of approvers' public keys.
//
//   approver.key     Ed25519, PKCS #8 PEM, mode 0600
//   approvers.json   public keys by approver, some perhaps revoked; read at every verification
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import { passkeyEntry } from '../../contracts/passkey.ts';
import { personName, role } from '../../contracts/people.ts';

const known = {
  name: personName,
  keyId: sha256,
  addedAt: z.iso.datetime(),
  /** Admin unless it says otherwise: these keys are where the trust in the registry of people begins. */
  role: role.optional(),
  /** Its signatures are refused from then on, whenever they were made: a stolen key signs any date. */
  revokedAt: z.iso.datetime().optional(),
};
const approverEntry = z.union([
  /** A raw Ed25519 public key, base64url. */
  z.strictObject({ ...known, publicKey: z.string() }),
  z.strictObject({ ...known, passkey: passkeyEntry }),
]);
export type Approver = z.infer<typeof approverEntry>;

const approversFile = z.strictObject({
  schema: z.literal('anneal/approvers/v1'),
  approvers: z.array(approverEntry).refine((list) => new Set(list.map((one) => one.keyId)).size === list.length, {
    error: 'each key belongs to one approver',
  }),
});

export const keyPath = (keysDir: string): string => join(keysDir, 'approver.key');
export const approversPath = (keysDir: string): string => join(keysDir, 'approvers.json');

/** Length of an Ed25519 SubjectPublicKeyInfo header; the raw key of 32 bytes follows (RFC 8410). */
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');

export function rawPublicKey(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(SPKI_HEADER.length);
}

export function publicKeyFromRaw(raw: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEADER, raw]), type: 'spki', format: 'der' });
}

/** SHA-256 of the raw public key; of a passkey, of its SubjectPublicKeyInfo. */
export function keyIdOf(raw: Uint8Array): Sha256 {
  return sha256.parse(createHash('sha256').update(raw).digest('hex'));
}

/** Reads the private key; undefined when there is none. @throws AnnealError `decision.unknown_signer` when it is unusable */
export function readPrivateKey(keysDir: string): KeyObject | undefined {
  const path = keyPath(keysDir);
  const pem = readIfPresent(path);
  if (pem === undefined) return undefined;
  if ((statSync(path).mode & 0o077) !== 0) {
    throw unusable(`${path} can be read by other users of this machine; run: chmod 600 ${path} (or replace the key)`);
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw unusable(`${path} is not a private key; restore it, or move it away and run ./anneal init`, cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unusable(`${path} is not an Ed25519 key`);
  return key;
}

/** Creates the private key unless there is one; when two processes try at once, both get the same. */
export function createPrivateKeyFile(keysDir: string): { key: KeyObject; created: boolean } {
  mkdirSync(keysDir, { recursive: true, mode: 0o700 });
  const existing = readPrivateKey(keysDir);
  if (existing !== undefined) return { key: existing, created: false };
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const temporary = writeTemporary(keysDir, pem, 0o600);
  let created = true;
  try {
    linkSync(temporary, keyPath(keysDir));
    syncFolder(keysDir);
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'EEXIST')) throw failure;
    created = false;
  } finally {
    rmSync(temporary, { force: true });
  }
  const key = readPrivateKey(keysDir);
  if (key === undefined) throw unusable(`${keyPath(keysDir)} vanished while it was made`);
  return { key, created };
}

/** Empty when the file does not exist. @throws AnnealError `decision.unknown_signer` when it is damaged */
export function readApprovers(keysDir: string): Approver[] {
  const path = approversPath(keysDir);
  const text = readIfPresent(path);
  if (text === undefined) return [];
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw unusable(`${path} is not JSON; restore it, or move it away and run ./anneal init`, cause);
  }
  const parsed = approversFile.safeParse(content);
  if (!parsed.success) throw unusable(`${path} is not a list of approvers: ${z.prettifyError(parsed.error)}`);
  for (const approver of parsed.data.approvers) {
    const spelt = 'passkey' in approver ? approver.passkey.publicKey : approver.publicKey;
    const raw = Buffer.from(spelt, 'base64url');
    const length = 'passkey' in approver || raw.length === 32;
    if (!length || raw.toString('base64url') !== spelt || keyIdOf(raw) !== approver.keyId) {
      throw unusable(`${path}: the public key of ${approver.name} does not match its id`);
    }
  }
  return parsed.data.approvers;
}

export function writeApprovers(keysDir: string, approvers: readonly Approver[]): void {
  const content = approversFile.parse({ schema: 'anneal/approvers/v1', approvers });
  const temporary = writeTemporary(keysDir, `${JSON.stringify(content, null, 2)}\n`, 0o644);
  renameSync(temporary, approversPath(keysDir));
  syncFolder(keysDir);
}

export function unusable(message: string, cause?: unknown): AnnealError {
  return new AnnealError('decision.unknown_signer', message, { cause });
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
    throw unusable(`${path} cannot be read: ${failure instanceof Error ? failure.message : String(failure)}`, failure);
  }
}

function writeTemporary(folder: string, content: string | Buffer, mode: number): string {
  const path = join(folder, `.${randomUUID()}.part`);
  const file = openSync(path, 'wx', mode);
  try {
    chmodSync(path, mode);
    writeSync(file, content.toString());
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return path;
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(join(path, 'x')), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
