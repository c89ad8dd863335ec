// Which gates need a human, and who may not answer them. The list is critical.yaml; this file holds its schema and the floor that no list falls below.
import { z } from 'zod';
import { AnnealError } from '../contracts/errors.ts';
import { type GateKind, gateKind } from '../contracts/gate.ts';

const allowed = z.enum(['allowed', 'refused']).default('allowed');

const criticalList = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('CriticalGates'),
  gates: z.array(gateKind),
  approvals: z
    .strictObject({
      /** By whoever owns the campaign. */
      self: allowed,
      /** By a run that follows each recommendation (`--yes`). */
      unattended: allowed,
      /** An admin answers without the others, and everybody is told. Where no approvals are asked for there is nothing to break. */
      breakGlass: allowed,
      /** How many people have to say the same; GitHub's limit. Kinds that are not named: one. Of the safe option always one. */
      quorum: z.partialRecord(gateKind, z.int().min(1).max(6)).default({}),
    })
    .default({ self: 'allowed', unattended: 'allowed', breakGlass: 'refused', quorum: {} }),
});
export type Critical = Pick<z.infer<typeof criticalList>, 'gates' | 'approvals'>;

/** Always asked, whatever a list says; what reaches users, the sealed split or a branch accepts nothing but a signed decision. */
export const ALWAYS_ASKED: readonly GateKind[] = ['open-sealed', 'release', 'integrity', 'merge', 'plan'];
/** Lists that were written before there was this kind stay valid; it is asked for all the same. */
const MAY_LACK: readonly GateKind[] = ['plan'];

/**
 * Reads a list (the parsed content of critical.yaml).
 * @throws AnnealError `spec.invalid` when it is malformed, names a gate twice, or lacks one that is always asked
 */
export function parseCriticalList(content: unknown): Critical {
  const parsed = criticalList.safeParse(content);
  if (!parsed.success) {
    throw new AnnealError('spec.invalid', `critical.yaml is not valid: ${z.prettifyError(parsed.error)}`);
  }
  const { gates, approvals } = parsed.data;
  const twice = gates.filter((kind, index) => gates.indexOf(kind) !== index);
  const missing = ALWAYS_ASKED.filter((kind) => !gates.includes(kind) && !MAY_LACK.includes(kind));
  if (twice.length > 0) throw new AnnealError('spec.invalid', `critical.yaml names twice: ${twice.join(', ')}`);
  if (missing.length > 0) throw new AnnealError('spec.invalid', `critical.yaml lacks: ${missing.join(', ')}`);
  return { gates, approvals };
}

/**
 * Whether a gate of this kind waits for a human; otherwise it takes its recommended option. What a campaign that began under an
 * earlier version of Anneal does not know (undefined) is asked.
 */
export function needsHuman(kind: GateKind, listed: boolean | undefined): boolean {
  return listed !== false || ALWAYS_ASKED.includes(kind);
}
