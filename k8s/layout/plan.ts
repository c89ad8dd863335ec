// Everything that `anneal plan` says about a profile, as data: the terminal page and --json are two views of it.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { campaignSpending, dayOf, type Spending } from './budget.ts';
import { type Checkpoints, checkpoints, type WeightSync, weightSync } from './checkpoints.ts';
import { countParameters } from './parameters.ts';
import type { LayoutProblem } from './rule.ts';
import { type ServerMemory, serverMemory } from './server-memory.ts';
import { generationSpeed, type Speed, stepWork, type Time, timeOf, trainingSpeed } from './speed.ts';
import { type DeviceMemory, type Part, trainerHostMemory, trainerMemory } from './trainer-memory.ts';
import { validateLayout } from './validate.ts';

export interface RolePlan {
  readonly role: 'trainer' | 'servers';
  readonly nodes: number;
  readonly perNode: number;
  readonly devices: number;
  readonly product: string;
  /** `TP2 PP2 CP2 DP8 · EP32` */
  readonly division: string;
}

export interface Plan {
  readonly profile: string;
  readonly description: string;
  readonly campaign: string | undefined;
  readonly model: {
    readonly name: string;
    readonly revision: string;
    readonly parameters: number;
    readonly active: number;
    readonly licence: ProfileSpec['model']['licence'];
  };
  readonly device: 'gpu' | 'cpu';
  readonly roles: readonly RolePlan[];
  /** By turns, both roles have the same ones. */
  readonly devices: number;
  readonly colocated: boolean;
  readonly trainer: { readonly memory: DeviceMemory; readonly hostMemory: readonly Part[] };
  readonly server: ServerMemory & {
    readonly engines: number;
    readonly maxModelTokens: number;
    readonly meanSequenceTokens: number;
  };
  readonly checkpoints: Checkpoints & { readonly gbPerSecond: number; readonly basis: string };
  readonly sync: WeightSync & { readonly basis: string };
  /** Estimates; each says what it rests on. */
  readonly speed: { readonly training: Speed | undefined; readonly generation: Speed; readonly step: Time | undefined };
  readonly batchSequences: number;
  readonly overlapping: boolean;
  readonly spending: Spending | undefined;
  readonly problems: readonly LayoutProblem[];
  readonly notes: readonly string[];
}

export interface PlanOptions {
  readonly campaign?: CampaignSpec | undefined;
  readonly usdPerDeviceHour?: number | undefined;
}

export function planOf(profile: ProfileSpec, { campaign, usdPerDeviceHour }: PlanOptions = {}): Plan {
  const { model, trainer: t, rollout: r, storage, colocated } = profile;
  const { total, active } = countParameters(model.architecture);
  const trainerDevices = t.nodes * t.gpusPerNode;
  const rolloutDevices = r.nodes * r.gpusPerNode;
  const product = (name: string): string => profile.accelerators[name]?.product ?? name;
  const memory = trainerMemory(profile);
  const server = serverMemory(profile);
  const step = timeOf(profile, stepWork(profile));
  return {
    profile: profile.name,
    description: profile.description,
    campaign: campaign?.name,
    model: { name: model.name, revision: model.revision, parameters: total, active, licence: model.licence },
    device: profile.accelerators[t.accelerator]?.device ?? 'gpu',
    roles: [
      {
        role: 'trainer',
        nodes: t.nodes,
        perNode: t.gpusPerNode,
        devices: trainerDevices,
        product: product(t.accelerator),
        division: trainerDivision(profile),
      },
      {
        role: 'servers',
        nodes: r.nodes,
        perNode: r.gpusPerNode,
        devices: rolloutDevices,
        product: product(r.accelerator),
        division: serverDivision(profile),
      },
    ],
    devices: colocated ? trainerDevices : trainerDevices + rolloutDevices,
    colocated,
    trainer: { memory, hostMemory: trainerHostMemory(profile) },
    server: {
      ...server,
      engines: r.engines,
      maxModelTokens: r.maxModelTokens,
      meanSequenceTokens: r.meanSequenceTokens,
    },
    checkpoints: {
      ...checkpoints(profile),
      gbPerSecond: storage.saveGbPerSecond.value,
      basis: storage.saveGbPerSecond.source,
    },
    sync: { ...weightSync(profile), basis: storage.syncGbPerSecond.source },
    speed: { training: trainingSpeed(profile), generation: generationSpeed(profile), step },
    batchSequences: t.batchSequences,
    overlapping: !colocated,
    spending:
      campaign === undefined ? dayOf(profile, usdPerDeviceHour) : campaignSpending(profile, campaign, usdPerDeviceHour),
    problems: validateLayout(profile),
    notes: notesOn(profile, memory, step, campaign),
  };
}

const sizes = (pairs: readonly (readonly [string, number])[]): string =>
  pairs.flatMap(([name, size]) => (size > 1 ? [`${name}${size}`] : [])).join(' ');

function trainerDivision({ trainer: { parallel: p, lora } }: ProfileSpec): string {
  const dense = sizes([
    ['TP', p.tensor],
    ['PP', p.pipeline],
    ['CP', p.context],
    ['DP', p.data],
  ]);
  const experts = sizes([
    ['EP', p.expert],
    ['ETP', p.expertTensor],
  ]);
  const adapter = lora === undefined ? '' : `LoRA rank ${lora.rank}, last ${lora.layers} layers`;
  return [dense, experts, adapter].filter((text) => text !== '').join(' · ') || 'undivided';
}

function serverDivision({ rollout: r }: ProfileSpec): string {
  const each = sizes([
    ['TP', r.parallel.tensor],
    ['DP', r.parallel.data],
  ]);
  const engines = r.engines === 1 ? '1 engine' : `${r.engines} engines`;
  return [
    `${engines}${each === '' ? '' : ` of ${each}`}`,
    r.parallel.expert ? 'whole experts' : '',
    r.lora ? 'LoRA' : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

/** A GPU fuller than this leaves nothing for a sequence mix that is worse than the estimate. */
const TIGHT = 0.92;
const MUCH_SAVING = 0.1;

function notesOn(
  { model, trainer, rollout }: ProfileSpec,
  memory: DeviceMemory,
  step: Time | undefined,
  campaign: CampaignSpec | undefined,
): string[] {
  const notes: string[] = [];
  if (rollout.maxModelTokens > trainer.sequenceTokens)
    notes.push(
      `Servers write up to ${rollout.maxModelTokens} tokens, but sequences above ${trainer.sequenceTokens} cannot be trained on.`,
    );
  if (memory.used > TIGHT * memory.capacity && memory.used <= memory.capacity)
    notes.push(
      `The trainer's memory is tight: ${((100 * memory.used) / memory.capacity).toFixed(0)}% by an estimate whose activations may be off by a quarter.`,
    );
  if (step !== undefined && step.saving > MUCH_SAVING * step.total)
    notes.push(
      `Saving takes ${((100 * step.saving) / step.total).toFixed(0)}% of the time if training waits for it: raise saveEverySteps or the bandwidth.`,
    );
  const base = campaign?.policy.base;
  if (base !== undefined && !model.name.toLowerCase().endsWith(base.toLowerCase()))
    notes.push(`The campaign trains ${base}, the profile is for ${model.name}.`);
  return notes;
}
