// Whose words a ticket's are: somebody's who is known and has signed for exactly these, or nobody's.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type Sha256, sha256 } from '../contracts/ids.ts';
import {
  reopenStatement,
  type TicketContent,
  type TicketDocument,
  ticketContent,
  type Vouched,
  vouchStatement,
} from '../contracts/ticket.ts';

/** @throws AnnealError `decision.…` where it is nobody's signature */
export type VerifyBytes = (bytes: string, signed: Vouched) => { readonly revoked: boolean };

const hashOf = (text: string): Sha256 => sha256.parse(createHash('sha256').update(text).digest('hex'));
export const contentHash = (of: TicketContent): Sha256 => hashOf(canonicalJson(ticketContent.strip().parse(of)));

export function openVouching(verify: VerifyBytes) {
  function stands(statement: string, signed: Vouched): boolean {
    try {
      return !verify(statement, signed).revoked;
    } catch (failure) {
      if (failure instanceof AnnealError && failure.code.startsWith('decision.')) return false;
      throw failure;
    }
  }
  /** Why it was opened again, where it was. */
  const isSigned = ({ ticket, reopened, ...read }: TicketDocument): boolean =>
    reopened === undefined ||
    stands(reopenStatement(ticket, contentHash(read), hashOf(reopened.because)), reopened.signed);

  return {
    isSigned,
    isVouched: (read: TicketDocument): boolean =>
      read.vouched !== null && isSigned(read) && stands(vouchStatement(contentHash(read)), read.vouched),
  };
}
