// The best of a simulation as a campaign writes it: a scheduler's figures in rollouts there are figures in groups here.
import type { Prediction, SimulationResult } from '../../contracts/prediction.ts';
import { stalenessBound } from '../../policies/pipeline/scheduler-of.ts';

/** Of the first fleet. @returns lines of YAML, or the reason why there are none, as a comment */
export function chosenPipeline({ predictions }: SimulationResult, groupSize: number): string[] {
  const devices = predictions[0]?.devices;
  const best = predictions.find(
    (one): one is Prediction => one.kind === 'predicted' && one.best && one.devices === devices,
  );
  if (best === undefined) return ['# Nothing is within the limits: change them, or what is compared.'];
  const { scheduler } = best;
  const groups = (rollouts: number): number => Math.max(1, Math.round(rollouts / groupSize));
  const groupsPerRound = groups(scheduler.batch);
  const split =
    best.trainerShare === undefined
      ? '# The same devices train and roll out, by turns.'
      : `# ${best.trainerDevices} devices train, ${best.engines} engines roll out.`;
  const round = `# rollouts: { groupsPerRound: ${groupsPerRound}, groupSize: ${groupSize} }`;
  if (scheduler.kind === 'synchronous')
    return [split, round, '# Rollouts and training by turns are best: write no `pipeline`.'];
  const settings =
    scheduler.kind === 'admission-budget'
      ? { eta: scheduler.eta }
      : {
          outstanding: Math.max(groupsPerRound, groups(scheduler.outstanding)),
          ...(scheduler.kind === 'age-window' ? { maxAge: scheduler.maxAge } : { window: groups(scheduler.window) }),
        };
  const bound = stalenessBound({ kind: scheduler.kind, batch: groupsPerRound, ...settings } as typeof scheduler);
  const told = Object.entries(settings).map(([name, value]) => `${name}: ${value}`);
  return [
    ...[split, round],
    `# training: { maxStaleness: ${bound} }, or more`,
    'pipeline:',
    '  mode: async',
    `  scheduler: { kind: ${scheduler.kind}, ${told.join(', ')} }`,
  ];
}
