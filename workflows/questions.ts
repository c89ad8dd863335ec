// What each gate asks, with its evidence, its recommendation and its safe option. Pure.
import type { ArtifactRef } from '../contracts/artifact.ts';
import type { CampaignSpec } from '../contracts/campaign.ts';
import type { Look, NoiseFloor } from '../contracts/certified.ts';
import { FACTS } from '../contracts/gate.ts';
import type { IncidentEnd } from '../contracts/incident.ts';
import type { Estimate, EvaluationResult, PolicyVersion } from '../contracts/policy-version.ts';
import type { CampaignState, LedgerCounts } from '../contracts/record.ts';
import { lookFacts } from '../policies/look-facts.ts';
import { openSealedOptions, recommendOpenSealed, recommendRelease, releaseOptions } from '../policies/promotion.ts';
import { adviseAfterFailure } from '../policies/retry.ts';
import type { Question } from './ask.ts';

const rate = (e: Estimate): string =>
  e.n === 0
    ? 'not measured: no such reply'
    : `${(100 * e.value).toFixed(1)}% (${(100 * e.low).toFixed(1)} to ${(100 * e.high).toFixed(1)}, n=${e.n}, ${e.clusters} functions)`;

function rates(label: string, result: EvaluationResult): Question['facts'] {
  return [
    { name: `${label}: pass rate`, value: rate(result.passRate) },
    { name: `${label}: format rate`, value: rate(result.formatRate) },
    { name: `${label}: correct when well-formed`, value: rate(result.correctWhenFormatted) },
    ...(result.gain ? [{ name: `${label}: paired gain over v0`, value: rate(result.gain) }] : []),
  ];
}

/** The version that would be released: the best one, or the latest when none was promoted. */
export function releaseCandidate(state: CampaignState): PolicyVersion {
  const number = state.best > 0 ? state.best : state.latest;
  return state.policies.find((p) => p.number === number)!;
}

export function askOpenSealed(
  spec: CampaignSpec,
  state: CampaignState,
  gate: EvaluationResult,
  openingsLeft: number,
): Question {
  const candidate = releaseCandidate(state);
  const advice = recommendOpenSealed({
    candidate: candidate.number,
    bestVersion: state.best,
    gate,
    baseline: state.baseline!,
    openingsLeft,
  });
  return {
    title: `Open the sealed split of ${spec.name} for ${candidate.name}?`,
    why: advice.why,
    risk: `The split can be opened ${openingsLeft === 1 ? 'once more' : `${openingsLeft} more times`}, counted over all campaigns on this task set; then it is no longer unseen.`,
    facts: [
      { name: FACTS.policy, value: candidate.name },
      { name: FACTS.taskSet, value: state.taskSet!.sha256 },
      { name: 'verdicts', value: state.rounds.map((r) => `${r.round}: ${r.verdict}`).join(', ') },
      ...rates('gate split', gate),
    ],
    logTail: [],
    options: openSealedOptions(candidate.name),
    recommended: advice.recommended,
    safe: advice.safe,
    attachments: [],
  };
}

export function askRelease(
  spec: CampaignSpec,
  state: CampaignState,
  gate: EvaluationResult,
  sealed: { before: EvaluationResult; after: EvaluationResult },
): Question {
  const candidate = releaseCandidate(state);
  const advice = recommendRelease({ candidate: candidate.number, bestVersion: state.best, sealed });
  return {
    title: `Release ${candidate.name} of ${spec.name}?`,
    why: advice.why,
    risk: 'Users get this version until ./anneal rollback moves the pointer back.',
    facts: [
      { name: FACTS.policy, value: candidate.name },
      // The decision binds these bytes, not only their name.
      ...(candidate.adapter ? [{ name: FACTS.adapter, value: candidate.adapter.sha256 }] : []),
      ...(candidate.weights ? [{ name: FACTS.weights, value: candidate.weights.manifest.sha256 }] : []),
      ...rates('gate split', gate),
      ...rates('sealed split, before', sealed.before),
      ...rates('sealed split, after', sealed.after),
    ],
    logTail: [],
    options: releaseOptions(candidate.name),
    recommended: advice.recommended,
    safe: advice.safe,
    attachments: [],
  };
}

export function askPromotion(
  round: number,
  why: string,
  measured: {
    candidate: EvaluationResult;
    best: EvaluationResult;
    /** Where promotion is certified. */
    look?: Look | undefined;
    noise?: NoiseFloor | undefined;
  },
): Question {
  const { candidate, best, look, noise } = measured;
  return {
    title: `Promote ${candidate.policy} in round ${round}?`,
    why,
    risk: 'A promoted version is what later rounds are compared with and what a release takes.',
    facts: [
      { name: 'policy', value: candidate.policy },
      ...rates('candidate', candidate),
      ...rates('best so far', best),
      ...(look && noise ? lookFacts(look, noise) : []),
    ],
    logTail: [],
    options: [
      { name: 'promote', effect: 'The candidate becomes the best version.' },
      { name: 'hold', effect: 'Training goes on from the candidate; the best version stays.' },
      { name: 'revert', effect: 'Training goes back to the best version.' },
    ],
    recommended: 'hold',
    safe: 'hold',
    attachments: look === undefined ? [] : [{ name: 'everything that was judged', object: look.evidence }],
  };
}

export function askAfterAlarms(round: number, why: string, ledger: LedgerCounts, account: ArtifactRef): Question {
  return {
    title: `Go on after the integrity alarms of round ${round}?`,
    why,
    risk: 'What went for its reward is masked; a policy that learns to do so unseen is rewarded for it in later rounds.',
    facts: [
      { name: 'round', value: String(round) },
      { name: 'alarms', value: String(ledger.masked.integrity_alarm ?? 0) },
      { name: 'rollouts', value: String(ledger.requested) },
    ],
    logTail: [],
    options: [
      { name: 'resume', effect: 'The campaign goes on; the samples that raised an alarm stay masked.' },
      { name: 'abort', effect: 'Ends the campaign; ./anneal resume can take it up later.' },
    ],
    recommended: 'abort',
    safe: 'abort',
    attachments: [{ name: 'what became of each rollout', object: account }],
  };
}

/** The findings name tasks and count words; the words themselves would spread what is reported. */
export function askAfterOverlap(round: number, findings: readonly string[]): Question {
  const shown = findings.slice(0, 10);
  return {
    title: `Go on in round ${round} although the policy is given what it is judged by?`,
    why:
      findings.length === 1
        ? findings[0]!
        : `${findings.length} of the texts that the policy is given overlap with the splits it is judged by.`,
    risk: 'Gate results of a policy that knows the tasks measure nothing, and no promotion or release that rests on them would hold.',
    facts: [
      { name: 'round', value: String(round) },
      ...shown.map((value, index) => ({ name: `finding ${index + 1}`, value })),
    ],
    logTail: [],
    options: [
      { name: 'resume', effect: 'The campaign goes on; what was found here is not asked about again.' },
      { name: 'abort', effect: 'Ends the campaign; ./anneal resume can take it up later.' },
    ],
    recommended: 'abort',
    safe: 'abort',
    attachments: [],
  };
}

export function askAfterFailure(
  stage: string,
  failure: { code: string; message: string; logTail: string[] },
  retriesBefore: number,
  /** What agents made of it, where they were asked and the failure stands. */
  incident?: IncidentEnd,
): Question {
  const { code, message, logTail } = failure;
  return {
    title: `${stage} failed: ${code}`,
    why: message,
    risk: 'A retry costs the time of the stage again; what was finished is not repeated.',
    facts: [
      { name: 'stage', value: stage },
      { name: 'error', value: code },
      { name: 'retries so far', value: String(retriesBefore) },
      ...(incident === undefined ? [] : foundBy(incident)),
    ],
    logTail,
    options: [
      { name: 'retry', effect: 'Runs the stage again; a job resumes from its checkpoints.' },
      { name: 'abort', effect: 'Ends the campaign; ./anneal resume can take it up later.' },
    ],
    recommended: adviseAfterFailure(code, retriesBefore),
    safe: 'abort',
    attachments: [],
  };
}

function foundBy(end: IncidentEnd): Question['facts'] {
  const { incident, how } = end;
  const name = { name: 'incident', value: `${incident}: ${how}` };
  if (how === 'nothing-wrong') return [name, { name: 'agents found', value: 'the logs show no fault' }];
  if (how === 'failed') return [name, { name: 'agents came to nothing', value: `${end.code}: ${end.why}` }];
  const why = how === 'parked' ? [{ name: 'not mended', value: end.why }] : [];
  return [name, { name: 'agents found', value: `${end.cause}: ${end.summary}` }, ...why];
}
