// Every way in which an answer may be none: what is sent, and how it is refused, by whichever door it comes.
import type { Decision, DecisionBody } from '../../contracts/gate.ts';
import { sha256 } from '../../contracts/ids.ts';
import { byPhone, type OpenedGate } from './real-gates.ts';
import { type SoftwarePasskey, softwarePasskey } from './software-passkey.ts';

/** Who answers, once they are there. */
export interface Answering {
  /** Approvers. */
  ada(): SoftwarePasskey;
  ben(): SoftwarePasskey;
  /** One who was revoked. */
  gone(): SoftwarePasskey;
  /** Of ada's, at another gate, which it has closed. */
  used(): Decision;
}

/** Of a gate that ada could answer. */
export interface ApprovalCase {
  readonly code: string;
  make(gate: OpenedGate): Decision;
  readonly owner?: string;
  /** Where a decision finds its gate by itself it comes to the other one: said again, it has the answer that it had. */
  readonly atItsOwnGate?: string;
}

const minutes = (from: number) => new Date(Date.now() + from * 60_000).toISOString();

export function approvalCases({ ada, ben, gone, used }: Answering): readonly (readonly [what: string, ApprovalCase])[] {
  const phone =
    (by: () => SoftwarePasskey, change: Partial<DecisionBody> = {}) =>
    ({ context }: OpenedGate) =>
      byPhone(by(), context, 'release', change);
  return [
    [
      'approve, then swap: made on other evidence',
      {
        code: 'decision.altered',
        make: ({ context }) => byPhone(ada(), { ...context, evidenceHash: sha256.parse('f'.repeat(64)) }, 'release'),
      },
    ],
    [
      'approve, then swap: changed after it was signed',
      {
        code: 'decision.altered',
        make: (gate) => {
          const decision = byPhone(ada(), gate.context, 'wait');
          return { ...decision, body: { ...decision.body, option: 'release' } };
        },
      },
    ],
    ['a replay at another gate', { code: 'decision.other_run', make: used, atItsOwnGate: 'decided' }],
    [
      'use in another run of the same campaign',
      {
        code: 'decision.other_run',
        make: ({ context }) => byPhone(ada(), { ...context, runChain: 'run-before' }, 'release'),
      },
    ],
    ['self-approval', { code: 'decision.self_approved', make: phone(ada), owner: 'ada' }],
    ['self-approval in another spelling', { code: 'decision.self_approved', make: phone(ada), owner: 'ADA' }],
    [
      'an expired decision',
      { code: 'gate.expired', make: (gate) => phone(ada, { signedAt: minutes(-90), expiresAt: minutes(-30) })(gate) },
    ],
    [
      'a clock an hour ahead',
      { code: 'decision.clock', make: (gate) => phone(ada, { signedAt: minutes(60), expiresAt: minutes(120) })(gate) },
    ],
    [
      'a clock an hour behind',
      { code: 'gate.expired', make: (gate) => phone(ada, { signedAt: minutes(-60), expiresAt: minutes(0) })(gate) },
    ],
    ['a revoked approver', { code: 'decision.unknown_signer', make: phone(gone) }],
    ['an approver unknown', { code: 'decision.unknown_signer', make: phone(() => softwarePasskey('ada', 'ES256')) }],
    ['one approver as another', { code: 'decision.unknown_signer', make: phone(ben, { approver: 'ada' }) }],
    ['a missing reason', { code: 'decision.reason_missing', make: phone(ada, { reason: ' \t' }) }],
    ['an answer that nobody was there for', { code: 'decision.unattended', make: phone(ada, { unattended: true }) }],
    [
      'an option that there is not',
      { code: 'decision.unknown_option', make: ({ context }) => byPhone(ada(), context, 'ship') },
    ],
    [
      'a break of the glass where it is refused',
      { code: 'decision.not_permitted', make: phone(ada, { breakGlass: true }) },
    ],
  ];
}
