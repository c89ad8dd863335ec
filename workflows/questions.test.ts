// What a human signs must be true: the candidate by name, and no option that could only fail.
import { expect, test } from 'vitest';
import { makePolicyName } from '../contracts/ids.ts';
import type { EvaluationResult } from '../contracts/policy-version.ts';
import type { CampaignState } from '../contracts/record.ts';
import { firstState, refOf, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { askOpenSealed, askRelease } from './questions.ts';

const spec = scriptedSpec('quickstart');
const rate = { value: 0.4, low: 0.3, high: 0.5, n: 40, clusters: 10 };
const measured = (version: number, split: 'gate' | 'sealed'): EvaluationResult => ({
  ...{ policy: makePolicyName(spec.name, version), split, passRate: rate, formatRate: rate },
  ...{ correctWhenFormatted: rate, meanReward: rate, masked: 0, tokens: 1 },
  ...{ perTask: refOf([]), root: refOf([]).sha256 },
});
/** Version 3 was trained and is the newest. */
function after(best: number, latest: number): CampaignState {
  const state = firstState(spec);
  const third = { ...state.policies[0]!, number: 3, name: makePolicyName(spec.name, 3), adapter: refOf('adapter 3') };
  return {
    ...state,
    policies: [...state.policies, third],
    best,
    latest,
    taskSet: refOf('task set'),
    baseline: measured(0, 'gate'),
  };
}

test('with nothing promoted both gates name the newest version, which is what would be released', () => {
  const state = after(0, 3);
  const opening = askOpenSealed(spec, state, measured(3, 'gate'), 1);
  expect(opening.title).toContain('quickstart.v3');
  expect(opening.options.map((one) => one.effect).join()).toContain('version 0 and quickstart.v3');
  const sealed = { before: measured(0, 'sealed'), after: measured(3, 'sealed') };
  const release = askRelease(spec, state, measured(3, 'gate'), sealed);
  expect(release.why).toContain('would give users quickstart.v3');
  expect(release.why).not.toContain('change nothing');
  expect(release.options[0]).toMatchObject({ name: 'release', effect: expect.stringContaining('quickstart.v3') });
  expect(release.recommended).toBe('keep');
});

test('with every round reverted nobody is advised to spend the opening', () => {
  const question = askOpenSealed(spec, after(0, 0), measured(0, 'gate'), 1);
  expect(question).toMatchObject({ recommended: 'keep', safe: 'keep' });
  expect(question.options[0]?.effect).toContain('nothing can be released');
});
