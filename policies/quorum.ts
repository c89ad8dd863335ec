// When several people have to say the same before a gate closes. Pure: the gate's workflow decides by it, and each effect once more.
import type { Decision, GateKind, TakenIn } from '../contracts/gate.ts';
import { samePerson } from './people.ts';

/** How many people a kind of gate needs for what it asks; those that are not named need one. */
export type Quorum = Partial<Record<GateKind, number>>;

/** @param kind undefined of a gate whose name says none: then the most that is asked anywhere */
export const neededFor = (quorum: Quorum, kind: GateKind | undefined): number =>
  kind === undefined ? Math.max(1, ...Object.values(quorum)) : (quorum[kind] ?? 1);

/** Who has spoken in a decision: whoever signed, and in whose name. */
export const peopleIn = ({ body }: Decision): string[] => [
  body.approver,
  ...(body.inNameOf === undefined ? [] : [body.inNameOf]),
];

export type Counted =
  | { readonly as: 'closing'; readonly seconds: TakenIn[] }
  | { readonly as: 'counted'; readonly counted: number }
  | { readonly as: 'refused'; readonly why: string };

/**
 * What one more verified answer amounts to. For the safe option one is enough, whoever has said what before: a refusal is never held up.
 * @param before answers that were taken in and closed nothing
 */
export function countIn(
  before: readonly TakenIn[],
  decision: Decision,
  { needed, safe }: { readonly needed: number; readonly safe: string },
): Counted {
  const { option } = decision.body;
  if (option === safe || decision.body.breakGlass === true) return { as: 'closing', seconds: [] };
  const twice = before.find((one) => sharesPerson(one.decision, decision));
  if (twice !== undefined) {
    const { option: said } = twice.decision.body;
    return {
      as: 'refused',
      why: `${peopleIn(twice.decision).join(' for ')} has answered ${said} already, and counts once, by whichever key`,
    };
  }
  const seconds = before.filter((one) => one.decision.body.option === option);
  if (seconds.length + 1 >= needed) return { as: 'closing', seconds };
  return { as: 'counted', counted: seconds.length + 1 };
}

/** Why a closed gate's decision, with those beside it, is not enough; undefined where it is. */
export function quorumProblem(decision: Decision, seconds: readonly TakenIn[], needed: number): string | undefined {
  if (decision.body.breakGlass === true) return undefined;
  const all = [...seconds.map((one) => one.decision), decision];
  if (all.some(({ body }) => body.option !== decision.body.option)) return 'those who answered said different things';
  for (const [at, one] of all.entries())
    if (all.slice(at + 1).some((other) => sharesPerson(one, other)))
      return `${one.body.approver} counts once, by whichever key`;
  return all.length >= needed ? undefined : `${all.length} of ${needed} people have said so`;
}

const sharesPerson = (a: Decision, b: Decision): boolean =>
  peopleIn(a).some((one) => peopleIn(b).some((other) => samePerson(one, other)));
