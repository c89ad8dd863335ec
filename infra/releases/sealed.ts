// Openings of the sealed split: each spends part of what the split can still tell, so each is on record and counted.

import { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import {
  type Decision,
  type DecisionContext,
  decision as decisionSchema,
  FACTS,
  type Identity,
} from '../../contracts/gate.ts';
import { checkAgainstEvidence } from './evidence.ts';

const opening = z.strictObject({
  schema: z.literal('anneal/sealed-opening/v1'),
  taskSetRoot: z.string(),
  number: z.int().positive(),
  at: z.iso.datetime(),
  /** The signed decision itself: the opening's proof. */
  decision: decisionSchema,
});
export type SealedOpening = z.infer<typeof opening>;

const keyOf = (root: string, number: number): string => `sealed/${root}/${number}`;

/**
 * Records an opening of a task set's sealed split as `sealed/<root>/<n>`, and returns it. The same decision always gets the
 * same opening, so that an activity may be repeated. The budget counts every opening of the task set, by whichever
 * campaign: a copy of a campaign must not buy another look.
 * @throws AnnealError `decision.*` and `gate.expired` as the identity does; `decision.*` when it was not made at a gate that
 * asked for opening this task set; `sealed.openings_spent` when the budget is
 */
export async function openSealed(
  store: ArtifactStore,
  identity: Identity,
  request: {
    readonly taskSetRoot: string;
    /** The lock that the approver was shown. */
    readonly taskSet: ArtifactRef;
    readonly evidence: ArtifactRef;
    readonly decision: Decision;
    readonly context: DecisionContext;
    readonly acceptedAt: Date;
    readonly budget: number;
  },
): Promise<SealedOpening> {
  const { taskSetRoot, taskSet, decision, context, acceptedAt, evidence, budget } = request;
  const known = (await sealedOpenings(store, taskSetRoot)).find((one) => isSame(one.decision, decision));
  if (known !== undefined) return known;
  await identity.verify(decision, context, acceptedAt);
  const facts = [{ name: FACTS.taskSet, value: taskSet.sha256 }];
  await checkAgainstEvidence(store, { kind: 'open-sealed', option: 'open', facts, decision, context, evidence });
  for (let number = 1; number <= budget; number += 1) {
    const record: SealedOpening = {
      schema: 'anneal/sealed-opening/v1',
      taskSetRoot,
      number,
      at: new Date().toISOString(),
      decision,
    };
    if (await store.createNamed(keyOf(taskSetRoot, number), canonicalJson(record))) return record;
    // Taken: by someone else, or by an earlier try of this same decision that did not live to see its answer.
    const taken = await readOpening(store, keyOf(taskSetRoot, number));
    if (taken !== undefined && isSame(taken.decision, decision)) return taken;
    if (taken?.decision.body.id === decision.body.id) {
      throw new AnnealError('decision.replayed', `opening ${number} was made by another decision of the same id`);
    }
  }
  throw new AnnealError(
    'sealed.openings_spent',
    `the sealed split of task set ${taskSetRoot.slice(0, 12)} was opened as often as its budget allows (${budget})`,
  );
}

/** Every opening of a task set's sealed split so far, in order: evidence for the next decision. */
export async function sealedOpenings(store: ArtifactStore, taskSetRoot: string): Promise<SealedOpening[]> {
  const keys = await store.listNamed(`sealed/${taskSetRoot}/`);
  const openings = await Promise.all(keys.map((key) => readOpening(store, key)));
  return openings.filter((one) => one !== undefined).sort((a, b) => a.number - b.number);
}

async function readOpening(store: ArtifactStore, key: string): Promise<SealedOpening | undefined> {
  const found = await store.readNamed(key);
  if (found === undefined) return undefined;
  const parsed = opening.safeParse(JSON.parse(new TextDecoder().decode(found.bytes)));
  if (!parsed.success || keyOf(parsed.data.taskSetRoot, parsed.data.number) !== key) {
    throw new AnnealError('store.corrupt_object', `${key} is not the record of an opening`);
  }
  return parsed.data;
}

const isSame = (a: Decision, b: Decision): boolean => canonicalJson(a) === canonicalJson(b);
