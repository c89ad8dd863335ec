// Rules that span fields: each value is legal by itself, together they cannot work. They run on the plain document, so that
// they are reported together with everything that zod finds; a value of the wrong type is left to zod.
import type { Problem } from '../../contracts/errors.ts';
import { durationMs } from '../../contracts/units.ts';
import { type CampaignDocument, dotted } from './document.ts';
import { quote, valueAt } from './from-zod.ts';
import type { Ground } from './ground.ts';
import { harnessRules, sessionRules, temperatureRules } from './rules-harness.ts';
import { artifactRules, curriculumRules, functionListRules, rewardRules, splitRules } from './rules-tasks.ts';
import { timeRules } from './rules-times.ts';
import { codeRules, lossRules, pipelineRules, stepRules } from './rules-training.ts';

/** In the order in which their findings are told. */
const RULES: readonly ((ground: Ground) => void)[] = [
  ...[splitRules, lossRules, artifactRules, harnessRules, sessionRules, functionListRules, pipelineRules, codeRules],
  ...[stepRules, curriculumRules, temperatureRules, rewardRules, timeRules],
];

/** Problems that need more than one field to see. */
export function crossFieldProblems(root: unknown, document: CampaignDocument): Problem[] {
  const found: Problem[] = [];
  const ground: Ground = {
    root,
    report(code, path, expected, hint) {
      const value = valueAt(root, path);
      const got = dotted(path) === 'tasks.splits' ? spelled(value) : quote(value);
      found.push({ code, path: dotted(path), line: document.locate(path).line, expected, got, hint });
    },
    number(path) {
      const value = valueAt(root, path);
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    },
    milliseconds(path) {
      const value = valueAt(root, path);
      return typeof value === 'string' && /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(value) ? durationMs(value) : undefined;
    },
  };
  for (const rule of RULES) rule(ground);
  return found;
}

/** `visible 0.9, gate 0.3`: the numbers are what the message is about. */
const spelled = (value: unknown): string =>
  Object.entries(value ?? {})
    .map(([key, share]) => `${key} ${share}`)
    .join(', ');
