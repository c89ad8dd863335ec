// An audit log as a folder that anybody can check with Node alone: entries and heads byte for byte, public keys, each decision with what was
// shown, and the script that checks them.
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { KnownKey } from '../identity/signature.ts';
import type { Proofs } from './decisions.ts';
import type { ReadEntry } from './verify.ts';

const SCRIPT = 'verify.mjs';

/**
 * Whole or not at all.
 * @throws AnnealError `cli.usage` where the folder is there already
 */
export async function exportAudit(
  folder: string,
  of: {
    readonly entries: readonly ReadEntry[];
    readonly proofs: Proofs['proofs'];
    readonly approvers: readonly (KnownKey & { readonly keyId: string })[];
    /** Entries of the registry of people, byte for byte. */
    readonly people?: readonly string[];
  },
): Promise<void> {
  const part = `${folder}.${process.pid}.part`;
  await mkdir(join(part, 'decisions'), { recursive: true });
  try {
    const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');
    await writeFile(join(part, 'entries.jsonl'), lines(of.entries.map(({ text }) => text)));
    await writeFile(
      join(part, 'heads.jsonl'),
      lines(of.entries.flatMap(({ head }) => (head === undefined ? [] : [canonicalJson(head)]))),
    );
    await writeFile(join(part, 'people.jsonl'), lines(of.people ?? []));
    const known = new Map(of.approvers.map((one) => [one.keyId, one]));
    const keys = [...known.values()].map((one) => ({
      ...{ name: one.name, keyId: one.keyId },
      ...('passkey' in one ? { passkey: one.passkey } : { publicKey: one.publicKey }),
    }));
    await writeFile(join(part, 'keys.json'), `${JSON.stringify(keys, undefined, 2)}\n`);
    for (const [hash, { decision, evidence }] of of.proofs) {
      await writeFile(join(part, 'decisions', `${hash}.json`), canonicalJson(decision));
      await writeFile(join(part, 'decisions', `${hash}.evidence.json`), evidence);
    }
    await copyFile(join(import.meta.dirname, SCRIPT), join(part, SCRIPT));
    await rename(part, folder);
  } catch (failure) {
    await rm(part, { recursive: true, force: true });
    const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR')
      throw new AnnealError('cli.usage', `${folder} is there already; name another folder`, { cause: failure });
    throw failure;
  }
}
