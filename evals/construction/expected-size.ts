// How many families a split will have, before anything is constructed.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { Split } from '../../contracts/task.ts';
import { CATALOGUE } from './catalogue.ts';
import { apportion } from './split.ts';

/**
 * An upper bound: functions that have a description and compositions that are asked for, by the split's share. Certification drops
 * some. Undefined where only the construction can know.
 */
export function mostFamilies(tasks: CampaignSpec['tasks'], split: Split): number | undefined {
  if (tasks.source !== 'python-stdlib') return undefined;
  const { modules, only, exclude, splits, compositions } = tasks;
  const used = [...CATALOGUE.keys()].filter(
    (family) =>
      modules.some((name) => family.startsWith(`${name}.`)) &&
      !exclude.includes(family) &&
      (only === undefined || only.includes(family)),
  );
  // Kin go to one split together, which may then get a little more than its share.
  return Math.ceil(used.length * splits[split]) + apportion(compositions, splits)[split];
}
