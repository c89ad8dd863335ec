// From the input's figures to predictions: every fleet, every split of it between trainer and engines, every scheduler, each
// played with the same seed; the best of each fleet is marked.
import type { Impossible, Prediction } from '../../contracts/prediction.ts';
import type { SchedulerSpec } from '../../contracts/scheduler.ts';
import type { SchedulerChoice, SimulationSpec } from '../../contracts/simulation.ts';
import { schedulerMetrics } from '../schedulers/metrics.ts';
import type { Played, Scenario } from './scenario.ts';
import { simulate } from './simulate.ts';

/** Of a fleet, how its devices are divided. */
export interface Split {
  readonly devices: number;
  /** Undefined: all of them both train and roll out, by turns. */
  readonly trainerShare: number | undefined;
}

/** Devices of the trainer and engines, or why they do not suffice. */
function divide({ engine, trainer }: SimulationSpec, { devices, trainerShare }: Split) {
  const { devicesPerReplica } = trainer;
  const wanted = trainerShare === undefined ? devices : devices * trainerShare;
  // A hair more than a multiple is that multiple: 0.3 of 10 is 3.
  const trainerDevices = Math.floor(wanted / devicesPerReplica + 1e-9) * devicesPerReplica;
  const left = trainerShare === undefined ? devices : devices - trainerDevices;
  const engines = Math.floor(left / engine.devices);
  if (trainerDevices === 0) return `the trainer needs ${devicesOf(devicesPerReplica)} and gets ${Math.floor(wanted)}`;
  if (engines === 0) return `an engine needs ${devicesOf(engine.devices)} and gets ${left}`;
  const used =
    trainerShare === undefined
      ? Math.max(trainerDevices, engines * engine.devices)
      : trainerDevices + engines * engine.devices;
  return { trainerDevices, engines, unusedDevices: devices - used };
}

const devicesOf = (count: number): string => (count === 1 ? '1 device' : `${count} devices`);

/** The absolute settings of a choice; `slots`: of all engines together. */
export function schedulerFor(
  choice: SchedulerChoice,
  spec: SimulationSpec,
  devices: number,
  slots: number,
): SchedulerSpec {
  const { perDevices = devices, rollouts } = spec.batch;
  const batch = Math.max(1, Math.round((rollouts * devices) / perDevices));
  const { timeoutSeconds, perSlot } = spec.rollout;
  const common = {
    batch,
    concurrency: Math.max(1, Math.floor(slots * perSlot)),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
  switch (choice.kind) {
    case 'synchronous':
      return { kind: choice.kind, ...common };
    case 'admission-budget':
      return { kind: choice.kind, ...common, eta: choice.eta };
    case 'age-window':
      return { kind: choice.kind, ...common, outstanding: outstandingOf(choice, batch), maxAge: choice.maxAge };
    default: {
      const outstanding = outstandingOf(choice, batch);
      const window = Math.max(1, Math.round(choice.windowShare * outstanding));
      return { kind: choice.kind, ...common, outstanding, window };
    }
  }
}

const outstandingOf = ({ outstandingBatches }: { readonly outstandingBatches: number }, batch: number): number =>
  Math.max(batch, Math.round(outstandingBatches * batch));

export function labelOf(choice: SchedulerChoice): string {
  if (choice.kind === 'position-window')
    return `position window N=${choice.outstandingBatches}B W=${choice.windowShare}N`;
  if (choice.kind === 'age-window') return `age window N=${choice.outstandingBatches}B age≤${choice.maxAge}`;
  return choice.kind === 'admission-budget' ? `admission budget η=${choice.eta}` : 'synchronous';
}

export function predictOne(spec: SimulationSpec, split: Split, choice: SchedulerChoice): Prediction | Impossible {
  const { devices, trainerShare } = split;
  const named = { devices, ...(trainerShare === undefined ? {} : { trainerShare }), label: labelOf(choice) };
  const divided = divide(spec, split);
  if (typeof divided === 'string') return { kind: 'impossible', ...named, reason: divided };
  const { trainerDevices, engines } = divided;
  const { trainer, engine } = spec;
  const grown = trainerDevices / trainer.devicesPerReplica;
  const perDevice = trainer.tokensPerSecondPerDevice?.value;
  const brokenBy = (of: typeof engine.breakdowns, size: number) =>
    of && { meanSeconds: (of.meanHours * 3600) / size, recoverySeconds: of.recoverySeconds };
  const scenario: Scenario = {
    ...{ seed: spec.seed, steps: spec.steps, shared: trainerShare === undefined },
    scheduler: schedulerFor(choice, spec, devices, engines * engine.slots),
    engines: {
      engines,
      slots: engine.slots,
      speed: engine.speed,
      breakdowns: brokenBy(engine.breakdowns, engine.devices),
    },
    rollout: spec.rollout,
    trainer: {
      fixedSeconds: trainer.fixedSeconds,
      tokensPerSecond:
        perDevice && perDevice * trainer.devicesPerReplica * grown ** (trainer.scalingExponent?.value ?? 1),
      contextTokens: trainer.contextTokens,
      breakdowns: brokenBy(trainer.breakdowns, trainerDevices),
    },
    weights: spec.weights.seconds,
    evaluation: spec.evaluation?.seconds,
    besides: spec.rollout.environmentDevices && {
      ...{ devices: engines * engine.devices, ofEngine: engine.devices },
      load: spec.rollout.environmentDevices.value,
    },
  };
  try {
    return { kind: 'predicted', ...named, ...divided, ...summary(spec, split, scenario, divided, simulate(scenario)) };
  } catch (failure) {
    if (failure instanceof RangeError) return { kind: 'impossible', ...named, reason: failure.message };
    throw failure;
  }
}

function summary(
  spec: SimulationSpec,
  { devices, trainerShare }: Split,
  { scheduler }: Scenario,
  divided: { readonly trainerDevices: number; readonly engines: number },
  { seconds, steps, trainer, engines, tokens, rollouts }: Played,
) {
  const m = schedulerMetrics(rollouts);
  const engineSeconds = divided.engines * seconds;
  const part = {
    trainer: {
      training: trainer.training / seconds,
      syncing: trainer.syncing / seconds,
      recovering: trainer.recovering / seconds,
      waiting: Math.max(0, 1 - (trainer.training + trainer.syncing + trainer.recovering) / seconds),
    },
    engine: {
      generating: engines.time.generating / engineSeconds,
      paused: engines.time.paused / engineSeconds,
      empty: engines.time.empty / engineSeconds,
      down: engines.time.down / engineSeconds,
    },
  };
  const onEngines = trainerShare === undefined ? devices : divided.engines * spec.engine.devices;
  const onTrainer = trainerShare === undefined ? devices : divided.trainerDevices;
  const working = (onTrainer * part.trainer.training + onEngines * part.engine.generating) / devices;
  const price = spec.fleet.usdPerDeviceHour?.value;
  const usd = price === undefined ? undefined : (price * devices * seconds) / 3600;
  const { maxStaleness, maxLengthBias } = spec.limits;
  const bias = m.lengthBias.relative;
  return {
    scheduler,
    seconds,
    perSecond: {
      steps: steps.length / seconds,
      trainedRollouts: m.trained / seconds,
      trainedTokens: tokens.trained / seconds,
      generatedTokens: tokens.generated / seconds,
    },
    ...part,
    slotsUsed: engines.sequenceSeconds / Math.max(1e-12, engines.time.generating * spec.engine.slots),
    idle: Math.max(0, 1 - working),
    ...{ staleness: m.staleness, stalenessHistogram: [...m.histogram], lag: m.lag, disorder: m.disorder },
    ...{ overtaken: m.overtaken, lengthBias: bias },
    rollouts: { started: m.started, trained: m.trained, tombstoned: m.tombstoned, expired: m.expired, open: m.open },
    tokens,
    ...(usd === undefined
      ? {}
      : { cost: { usd, usdPerStep: usd / steps.length, usdPerMillionTrainedTokens: (usd / tokens.trained) * 1e6 } }),
    beyond: [
      ...(maxStaleness !== undefined && m.staleness.max > maxStaleness ? ['staleness'] : []),
      ...(maxLengthBias !== undefined && Math.abs(bias) > maxLengthBias ? ['length bias'] : []),
    ],
    best: false,
    steps: [...steps],
  };
}

/** All combinations of one fleet, in the order of the input. */
export function predictFleet(spec: SimulationSpec, devices: number): (Prediction | Impossible)[] {
  const shares = [...(spec.fleet.shared ? [undefined] : []), ...spec.fleet.trainerShares];
  const different = shares.filter((share, index) => {
    // Shares that come to the same devices would be the same lines again.
    const of = (one: number | undefined): string => JSON.stringify(divide(spec, { devices, trainerShare: one }));
    return shares.findIndex((one) => (one === undefined) === (share === undefined) && of(one) === of(share)) === index;
  });
  const all = different.flatMap((trainerShare) =>
    spec.schedulers.map((choice) => predictOne(spec, { devices, trainerShare }, choice)),
  );
  const best = bestOf(all.filter((one) => one.kind === 'predicted'));
  return all.map((one) => (one === best ? { ...best, best: true } : one));
}

/** Within the limits the one that trains on most tokens a second, which in one fleet is also the cheapest; of equals the freshest. */
export function bestOf(predictions: readonly Prediction[]): Prediction | undefined {
  const speed = (one: Prediction): number => one.perSecond.trainedTokens;
  return predictions
    .filter((one) => one.beyond.length === 0)
    .reduce<Prediction | undefined>(
      (best, one) =>
        best === undefined ||
        speed(one) > speed(best) ||
        (speed(one) === speed(best) && one.staleness.mean < best.staleness.mean)
          ? one
          : best,
      undefined,
    );
}
