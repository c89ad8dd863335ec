// What a campaign that promotes by evidence can hope to show, told before anything is spent.
import type { ArtifactSetLock } from '../contracts/artifact-set.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { mostFamilies } from '../evals/construction/expected-size.ts';
import { type Outlook, outlook } from '../policies/certified-outlook.ts';

type Asked = Pick<CampaignSpec, 'promotion' | 'tasks' | 'rounds'>;

/**
 * By the gate split's families: those of a set that is locked, else the most that there can be. Undefined where promotion is by
 * estimates, and where only the construction can tell: then the A/A comparison before round 1 says it.
 */
export function outlookOf(
  { promotion, tasks, rounds }: Asked,
  locked?: Pick<ArtifactSetLock, 'splits'>,
): Outlook | undefined {
  const { certified } = promotion;
  if (certified === undefined) return undefined;
  if (locked !== undefined) return outlook({ families: locked.splits.gate.families.length }, certified, rounds);
  const families = mostFamilies(tasks, 'gate');
  return families === undefined ? undefined : outlook({ families, atMost: true }, certified, rounds);
}

/** One line for whoever is about to spend rollouts on a set that cannot show what they hope for. */
export function warnIfTooSmall(told: Outlook | undefined, to: { write(text: string): unknown } = process.stderr): void {
  if (told?.enough === false) to.write(`${told.why}\n`);
}
