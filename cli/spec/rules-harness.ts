// Rules on what surrounds the model: which settings belong to which kind of harness, and what the gateway is asked to hold a rollout to.
import { rolloutsSpec } from '../../contracts/campaign.ts';
import { LOOP_TOOLS } from '../../contracts/harness.ts';
import { durationMs } from '../../contracts/units.ts';
import { valueAt } from './from-zod.ts';
import type { Ground } from './ground.ts';

const DEFAULT_TIMEOUT = durationMs(rolloutsSpec.parse({ groupsPerRound: 1, groupSize: 2 }).timeout);

/** Each kind has its own settings, and a sandbox's agents take longer than one reply. */
export function harnessRules({ root, number, report }: Ground): void {
  const of = (field: string): unknown => valueAt(root, ['harness', field]);
  const kind = of('kind') ?? 'single-turn';
  const own: Readonly<Record<string, string>> = { loop: 'tool-loop', process: 'process' };
  for (const [field, wanted] of Object.entries(own))
    if (kind !== wanted && of(field) !== undefined)
      report('spec.out_of_range', ['harness', field], 'nothing', `Remove it, or write harness.kind: ${wanted}.`);
  if (kind === 'process' && of('process') === undefined)
    report('spec.missing_field', ['harness', 'process'], 'the agent: its command', 'docs/harness.md describes it.');
  if (kind === 'process' && of('system') !== undefined && of('system') !== '')
    report(
      'spec.out_of_range',
      ['harness', 'system'],
      'nothing',
      'Remove it: the agent has a system prompt of its own.',
    );
  const settings = kind === 'tool-loop' ? 'loop' : 'process';
  const [whole, each] = [number(['harness', settings, 'maxTokens']), number(['harness', 'maxTokens'])];
  if (kind !== 'single-turn' && whole !== undefined && each !== undefined && each > whole)
    report(
      'spec.out_of_range',
      ['harness', settings, 'maxTokens'],
      `at least harness.maxTokens, which is ${each}`,
      'It bounds the whole rollout; harness.maxTokens one reply.',
    );
  const registry = of('loop') === undefined ? undefined : valueAt(root, ['harness', 'loop', 'registry']);
  const names = Array.isArray(registry) ? registry.map((one) => valueAt(one, ['name'])) : [];
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index || [...LOOP_TOOLS, 'submit', 'find_tools'].some((known) => known === name))
      report(
        'spec.duplicate_key',
        ['harness', 'loop', 'registry', index, 'name'],
        'a name that no other tool has',
        'Call it something else.',
      );
}

export function temperatureRules({ root, report }: Ground): void {
  if (valueAt(root, ['harness', 'temperature']) === 0)
    report(
      'spec.out_of_range',
      ['harness', 'temperature'],
      'above 0',
      'At temperature 0 every reply in a group is the same, so that nothing can be learnt from it. Write 1.',
    );
}

/** What a credential says of one reply has nothing to bound, and some of it only counts where versions change meanwhile. */
export function sessionRules({ root, number, milliseconds, report }: Ground): void {
  const session = valueAt(root, ['harness', 'session']);
  if (session === undefined) return;
  if ((valueAt(root, ['harness', 'kind']) ?? 'single-turn') === 'single-turn') {
    report(
      'spec.out_of_range',
      ['harness', 'session'],
      'nothing',
      'Remove it: a rollout is one request; rollouts.timeout bounds it. Or write harness.kind: tool-loop, or process.',
    );
    return;
  }
  const [seconds, limit] = [number(['harness', 'session', 'maxSeconds']), milliseconds(['rollouts', 'timeout'])];
  const timeout = limit ?? (valueAt(root, ['rollouts', 'timeout']) === undefined ? DEFAULT_TIMEOUT : undefined);
  if (seconds !== undefined && timeout !== undefined && seconds * 1_000 > timeout)
    report(
      'spec.out_of_range',
      ['harness', 'session', 'maxSeconds'],
      `at most rollouts.timeout, which is ${timeout / 1_000} s`,
      'Nothing runs longer than that: lower it, or raise rollouts.timeout.',
    );
  if (valueAt(root, ['harness', 'session', 'versions']) === 'latest' && valueAt(root, ['pipeline']) === undefined)
    report(
      'spec.out_of_range',
      ['harness', 'session', 'versions'],
      'pinned, or a `pipeline`',
      'No newer version is served while a rollout runs unless rollouts overlap with training.',
    );
}
