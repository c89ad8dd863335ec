// Why a gate of a kind opens and what its recommendation rests on, in words, with the campaign's own numbers (policies/ holds the rules).
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { GateKind } from '../../contracts/gate.ts';
import { percent } from '../../infra/markup/figures.ts';
import { ALWAYS_ASKED, type Critical } from '../../policies/critical.ts';

export function logicOf(kind: GateKind, spec: CampaignSpec | undefined): readonly string[] {
  const rule = spec?.promotion;
  switch (kind) {
    case 'open-sealed':
      return [
        'Opens once the rounds are over. The sealed split holds tasks that no decision was based on; each look spends an opening.',
        'Recommended is to open it when a trained version is left and the budget allows an opening; else to keep it closed.',
      ];
    case 'release':
      return [
        'Opens after the sealed split was measured for version 0 and for the candidate.',
        'Recommended is a release when a version was promoted and its sealed pass rate is not below that of version 0; else to keep what users have.',
      ];
    case 'promotion':
      return [
        rule?.certified === undefined
          ? `Opens when a version would be promoted, while correctness among well-formed replies fell${rule === undefined ? '' : ` by more than ${(100 * rule.maxCorrectnessDrop).toFixed(0)} points`} since version 0: the format may have been learnt at the cost of the answers.`
          : 'Opens when the evidence of a gain holds over all looks, while something else speaks against it: a capability that fell, or correctness among well-formed replies.',
        'Recommended is to hold: training goes on, the best version stays.',
      ];
    case 'integrity':
      return [
        `Opens when rollouts went for their reward and not for their task${spec?.integrity === undefined ? '' : `: in more than ${percent(spec.integrity.alarmLimit)} of a round`}, or when the policy is given what it is judged by.`,
        'What raised an alarm is masked whatever is answered. Recommended is to end the campaign; it can be taken up again.',
      ];
    case 'merge':
      return [
        'Opens when a change by agents touches what is critical, when whoever made it had read what nobody vouches for, or when its review has doubts.',
        'Recommended is to merge what its tests bear out. It is tried again on the branch as it then is; a change that differs from the one shown is not merged.',
      ];
    case 'monitor':
      return [
        'Opens while a training still runs, when its logs show what no later step heals: a number that is no number, ranks that wait for each other, a full disk, silence.',
        'Recommended is to stop the job: it writes its checkpoint, and the campaign goes on as after any failed training. Silence lets it run.',
      ];
    case 'plan':
      return [
        'Opens when a team has a plan (a campaign file that a human gave, or that a role proposes), or when agents that had read documents propose an experiment, whose campaign files code made from a base campaign.',
        'Recommended is to leave it at rest: only a signed decision of a person starts a campaign or hands its file out. Silence drops nothing and starts nothing.',
      ];
    case 'review':
      return [
        'Opens when a campaign of a team has ended and was looked at.',
        'Recommended is to rest: only a signed decision of a person asks for another plan, and that is asked about in turn.',
      ];
    case 'job-failed':
      return [
        'Opens when a stage failed for good: what could be repeated by itself was repeated.',
        'Recommended is another try while the failure may pass and tries are left; else the end. What was finished is not repeated.',
      ];
  }
}

/** What critical.yaml says of gates of this kind. */
export function ruleOf(kind: GateKind, { gates, approvals }: Critical): readonly string[] {
  const listed = gates.includes(kind);
  const asked = ALWAYS_ASKED.includes(kind)
    ? `critical.yaml lists ${kind}, and no list may leave it out: a human is always asked.`
    : listed
      ? `critical.yaml lists ${kind}: a human is asked.`
      : `critical.yaml does not list ${kind} any more: one that opens now takes its recommended option by itself.`;
  return [
    asked,
    approvals.self === 'refused'
      ? 'Whoever owns the campaign may not answer.'
      : 'Whoever owns the campaign may answer; that is marked in the record.',
    approvals.unattended === 'refused'
      ? 'No run answers by itself.'
      : 'A run may follow the recommendation by itself (--yes); that is marked in the record.',
  ];
}
