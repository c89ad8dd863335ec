// What the console works with. It holds nothing of its own: whatever it shows is read from Temporal, the store and the pool.
import type { Client } from '@temporalio/client';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { AuditHead } from '../contracts/audit.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { OnCallSpec } from '../contracts/on-call.ts';
import type { PeopleEntry, Registry } from '../contracts/people.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import type { ReportData } from '../contracts/record.ts';
import type { Approver } from '../infra/identity/keys.ts';
import type { LocalIdentity } from '../infra/identity/local.ts';
import type { Critical } from '../policies/critical.ts';

/** The side of the gateway that reads what rollouts left. */
export type Pool = Pick<ModelGateway, 'trajectories' | 'completions'>;

export interface ConsolePorts {
  /** Looked up at each use: the server may go away, and come back elsewhere. @throws AnnealError `stack.*`, `temporal.*` */
  temporal(): Promise<Client>;
  readonly store: ArtifactStore;
  readonly critical: Critical;
  readonly onCall: OnCallSpec | undefined;
  /** Read at each use: a revocation counts at once. */
  approvers(): readonly Approver[];
  /** The registry, read at each use as well. @throws AnnealError `people.broken`, `store.*` */
  people(): Promise<Registry>;
  /** Where what an admin's passkey has signed is added; absent where people are changed by commands alone. */
  readonly registry?: {
    /** What the next entry follows. */
    next(): Promise<{ readonly number: number; readonly previous: string | null; readonly at: string }>;
    /** @throws AnnealError `people.refused` */
    add(entry: PeopleEntry): Promise<Registry>;
  };
  /** This machine's key, for the local mode. */
  signer(): Promise<Pick<LocalIdentity, 'makeDecision'>>;
  pool(): Promise<Pool>;
  /** Heads of the audit log that are kept elsewhere than in the store: what they name must still be there. */
  heads?(): Promise<readonly AuditHead[]>;
  /** What docs/errors says of a code. */
  explain(code: ErrorCode): Promise<string | undefined>;
  /** The report as one page, which brings its own looks. */
  renderReport?(data: ReportData): string;
}
