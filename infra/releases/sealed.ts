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
  type TakenIn,
  takenIn,
} from '../../contracts/gate.ts';
import { type SealedSplit, sealedPrefix, sealedPrefixes } from '../../contracts/names.ts';
import { checkAgainstEvidence } from './evidence.ts';

const common = {
  taskSetRoot: z.string(),
  number: z.int().positive(),
  at: z.iso.datetime(),
  /** The signed decision itself: the opening's proof. */
  decision: decisionSchema,
  /** Other people's, where a quorum is asked for. */
  seconds: z.array(takenIn).optional(),
};
const opening = z.discriminatedUnion('schema', [
  /** Recorded by the root of the whole set. */
  z.strictObject({ schema: z.literal('anneal/sealed-opening/v1'), ...common }),
  /** By the root of the sealed split. */
  z.strictObject({ schema: z.literal('anneal/sealed-opening/v2'), sealedRoot: z.string(), ...common }),
]);
export type SealedOpening = z.infer<typeof opening> & {
  /** That it is recorded by. */
  readonly root: string;
};

/**
 * Records an opening of a sealed split as `sealed/<its root>/<n>`, and returns it. The same decision always gets the same
 * opening, so that an activity may be repeated. The budget counts every opening of the split, by whichever campaign and
 * within whichever set: neither a copy of a campaign nor a set with one visible task less must buy another look.
 * @throws AnnealError `decision.*` and `gate.expired` as the identity does; `decision.*` when it was not made at a gate that
 * asked for opening this task set; `sealed.openings_spent` when the budget is
 */
export async function openSealed(
  store: ArtifactStore,
  identity: Identity,
  request: {
    readonly split: SealedSplit;
    /** The lock that the approver was shown. */
    readonly taskSet: ArtifactRef;
    readonly evidence: ArtifactRef;
    readonly decision: Decision;
    readonly context: DecisionContext;
    readonly acceptedAt: Date;
    readonly seconds?: readonly TakenIn[] | undefined;
    readonly budget: number;
  },
): Promise<SealedOpening> {
  const { split, taskSet, decision, context, acceptedAt, evidence, budget, seconds } = request;
  const earlier = await sealedOpenings(store, split);
  const known = earlier.find((one) => isSame(one.decision, decision));
  if (known !== undefined) return known;
  await identity.verifyAll({ decision, acceptedAt: acceptedAt.toISOString(), seconds }, context);
  const facts = [{ name: FACTS.taskSet, value: taskSet.sha256 }];
  await checkAgainstEvidence(store, { kind: 'open-sealed', option: 'open', facts, decision, context, evidence });
  const root = split.sealedRoot;
  const elsewhere = earlier.filter((one) => one.root !== root).length;
  for (let number = 1; number <= budget - elsewhere; number += 1) {
    const record = {
      ...{ schema: 'anneal/sealed-opening/v2' as const, ...split, number },
      ...{ at: new Date().toISOString(), decision, ...(seconds && { seconds: [...seconds] }) },
    };
    const key = `${sealedPrefix(split)}${number}`;
    if (await store.createNamed(key, canonicalJson(record))) return { ...record, root };
    // Taken: by someone else, or by an earlier try of this same decision that did not live to see its answer.
    const taken = await readOpening(store, key);
    if (taken !== undefined && isSame(taken.decision, decision)) return taken;
    if (taken?.decision.body.id === decision.body.id) {
      throw new AnnealError('decision.replayed', `opening ${number} was made by another decision of the same id`);
    }
  }
  throw new AnnealError(
    'sealed.openings_spent',
    `the sealed split ${root.slice(0, 12)} was opened as often as its budget allows (${budget})`,
  );
}

/** Every opening of a sealed split so far, those recorded by the whole set's root first. */
export async function sealedOpenings(store: ArtifactStore, split: SealedSplit): Promise<SealedOpening[]> {
  const keys = await Promise.all(sealedPrefixes(split).map((prefix) => store.listNamed(prefix)));
  const openings = await Promise.all(keys.flat().map((key) => readOpening(store, key)));
  const of = ({ schema }: SealedOpening) => (schema === 'anneal/sealed-opening/v1' ? 0 : 1);
  return openings.filter((one) => one !== undefined).sort((a, b) => of(a) - of(b) || a.number - b.number);
}

async function readOpening(store: ArtifactStore, key: string): Promise<SealedOpening | undefined> {
  const found = await store.readNamed(key);
  if (found === undefined) return undefined;
  const parsed = opening.safeParse(JSON.parse(new TextDecoder().decode(found.bytes)));
  const record = parsed.data;
  const root = record?.schema === 'anneal/sealed-opening/v2' ? record.sealedRoot : record?.taskSetRoot;
  if (record === undefined || root === undefined || `${sealedPrefix({ sealedRoot: root })}${record.number}` !== key) {
    throw new AnnealError('store.corrupt_object', `${key} is not the record of an opening`);
  }
  return { ...record, root };
}

const isSame = (a: Decision, b: Decision): boolean => canonicalJson(a) === canonicalJson(b);
