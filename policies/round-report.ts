// A round in facts: what its training did, what it earned, what was seen and done meanwhile, what it cost. From the campaign's records alone: no
// word of a model stands in it. Pure.
import type { StepMetrics } from '../contracts/job.ts';
import type { CampaignState, RoundRecord } from '../contracts/record.ts';

export interface RoundReport {
  readonly round: number;
  /** Absent: the round was not finished. */
  readonly verdict?: RoundRecord['verdict'];
  readonly why?: string;
  readonly training?: {
    readonly steps: number;
    readonly seconds: number;
    readonly loss: { readonly first: number; readonly last: number };
    readonly kl: number;
    readonly entropy: { readonly first: number; readonly last: number };
    readonly gradNorm: number;
    /** Steps whose numbers are no numbers. */
    readonly broken: number;
  };
  readonly reward?: { readonly visible: number; readonly gate: number };
  readonly samples?: { readonly requested: number; readonly trained: number; readonly alarms: number };
  /** In the order in which they were seen. */
  readonly sightings: readonly { cause: string; summary: string; step: number | null; did: string; at: string }[];
  readonly incidents: readonly { incident: string; how: string }[];
  readonly cost?: { readonly tokens: number; readonly seconds: number };
}

export function roundReports(
  state: Pick<CampaignState, 'rounds' | 'sightings' | 'incidents'>,
  steps: readonly (StepMetrics & { readonly round: number })[],
): RoundReport[] {
  const { sightings = [], incidents = [] } = state;
  const rounds = new Set([...state.rounds, ...sightings, ...incidents].map(({ round }) => round));
  return [...rounds]
    .sort((a, b) => a - b)
    .map((round) => {
      const record = state.rounds.find((one) => one.round === round);
      const training = trainingOf(steps.filter((step) => step.round === round));
      return {
        round,
        ...(record && finished(record)),
        ...(training && { training }),
        sightings: sightings
          .filter((one) => one.round === round)
          .map(({ cause, summary, step, did, at }) => ({ cause, summary, step, did, at })),
        incidents: incidentsOf(round, sightings, incidents),
      };
    });
}

function finished({ verdict, why, visible, gate, ledger, tokens, seconds }: RoundRecord) {
  return {
    ...{ verdict, why, cost: { tokens, seconds } },
    reward: { visible: visible.meanReward.value, gate: gate.meanReward.value },
    samples: { requested: ledger.requested, trained: ledger.trained, alarms: ledger.masked.integrity_alarm ?? 0 },
  };
}

function trainingOf(steps: readonly StepMetrics[]): RoundReport['training'] {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return {
    ...{ steps: steps.length, seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0), kl: last.kl },
    ...{ loss: { first: first.loss, last: last.loss }, entropy: { first: first.entropy, last: last.entropy } },
    gradNorm: Math.max(...steps.map(({ gradNorm }) => gradNorm)),
    broken: steps.filter(({ loss, gradNorm }) => !Number.isFinite(loss) || !Number.isFinite(gradNorm)).length,
  };
}

/** One that was begun for a sighting, and never waited for, has no end in the campaign's record. */
function incidentsOf(
  round: number,
  sightings: NonNullable<CampaignState['sightings']>,
  incidents: NonNullable<CampaignState['incidents']>,
): RoundReport['incidents'] {
  const ended = incidents.filter((one) => one.round === round).map(({ incident, how }) => ({ incident, how }));
  const begun = sightings.flatMap(({ round: of, incident }) =>
    of === round && incident !== undefined ? [incident] : [],
  );
  const open = [...new Set(begun)].filter((name) => !ended.some(({ incident }) => incident === name));
  return [...ended, ...open.map((incident) => ({ incident: incident as string, how: 'not waited for' }))];
}

/** What the monitor says of a round, sentence by sentence. */
export function roundSentences({ training, reward, samples, sightings, incidents, cost }: RoundReport): string[] {
  const DID: Readonly<Record<string, string>> = {
    told: 'it was told',
    asked: 'a human was asked, and the job ended first',
    'went-on': 'a human let the job go on',
    stopped: 'the job was stopped',
    late: 'the job had ended by then',
  };
  return [
    ...(training === undefined
      ? []
      : [
          `${training.steps} steps in ${number(training.seconds)} s: loss ${number(training.loss.first)} to ${number(training.loss.last)}, entropy ${number(training.entropy.first)} to ${number(training.entropy.last)}, KL ${number(training.kl)} at the end, gradient norm ${number(training.gradNorm)} at most${training.broken === 0 ? '' : `, ${training.broken} steps without numbers`}.`,
        ]),
    ...(reward === undefined
      ? []
      : [`Mean reward ${number(reward.visible)} on what was drawn, ${number(reward.gate)} on the gate split.`]),
    ...(samples === undefined
      ? []
      : [`${samples.trained} of ${samples.requested} samples were trained on; ${samples.alarms} raised an alarm.`]),
    ...sightings.map(
      ({ cause, summary, step, did }) =>
        `Seen while it ran${step === null ? '' : `, at step ${step}`}: ${cause}. ${summary} Then ${DID[did] ?? did}.`,
    ),
    ...incidents.map(({ incident, how }) => `Agents: ${incident}, ${how}.`),
    ...(cost === undefined ? [] : [`It cost ${cost.tokens} tokens and ${number(cost.seconds)} s.`]),
  ];
}

const number = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
