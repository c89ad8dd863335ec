// Signs locks for tests that are about something else; the identity's own signatures are tried in evals/construction/signed-lock.test.ts.
import { createHash } from 'node:crypto';
import { AnnealError } from '../../contracts/errors.ts';
import { sha256 } from '../../contracts/ids.ts';
import type { LockSigner } from '../../evals/construction/signed-lock.ts';

const digest = (bytes: string): string => createHash('sha256').update(`signed ${bytes}`).digest('hex');

export const LOCK_SIGNER: LockSigner = {
  signBytes: (bytes) => ({ keyId: sha256.parse('1'.repeat(64)), signature: digest(bytes) }),
  verifyBytes(bytes, { signature }) {
    if (signature !== digest(bytes)) throw new AnnealError('decision.altered', 'the signature does not fit');
    return { approver: 'test', revoked: false };
  },
};
