// The tables of `npm run bench -- overhead`, in Markdown, so that they can be put into RESULTS.md as they are.
import type { Comparison } from './gateway.ts';
import type { ProcessMemory } from './memory.ts';
import type { RoundsSummary, Spread } from './rounds-summary.ts';

export function roundsTable({ sizes, growth }: RoundsSummary, concurrency: number, repeats: number): string {
  return [
    '## Temporal by round, `npm run bench -- overhead --part rounds`',
    `Real server, workflows and workers; scripted activities that do nothing; ${concurrency} rollouts at a time.`,
    `Medians (range), repetitions interleaved: ${repeats}. Overhead is what a round takes beyond the same calls made directly. ` +
      'A round also trains, evaluates four gate rollouts and saves, whatever its size.',
    table(
      [
        'training rollouts',
        'round, s',
        'same calls directly, s',
        'overhead, ms a rollout',
        'rollout stage alone, ms a rollout',
        'CPU of server and worker, ms a rollout',
        'history events',
        'history, KiB',
        'workflow tasks',
      ],
      sizes.map((one) => [
        whole(one.size),
        range(one.seconds, 2),
        range(one.direct, 4),
        range(one.perRollout, 1),
        range(one.perRolloutInStage, 1),
        range(one.cpuPerRollout, 1),
        range(one.events, 0),
        range(scale(one.bytes, 1 / 1024), 0),
        range(one.workflowTasks, 0),
      ]),
    ),
    ...(growth.length === 0
      ? []
      : [
          'How the overhead grows: larger against smaller within a repetition; 1 is flat.',
          table(
            ['training rollouts', 'a rollout', 'rollout stage alone', 'CPU', 'each further rollout, ms'],
            growth.map((one) => [
              `${whole(one.to)} against ${whole(one.from)}`,
              range(one.perRollout, 2),
              range(one.perRolloutInStage, 2),
              range(one.cpuPerRollout, 2),
              range(one.eachFurther, 1),
            ]),
          ),
        ]),
  ].join('\n\n');
}

export function memoryTable(processes: readonly ProcessMemory[]): string {
  const mib = (value: number | undefined): string => (value === undefined ? '–' : whole(value));
  return [
    '## Memory of the embedded stack, `npm run bench -- overhead --part memory`',
    'Resident MiB around and while it plays the small campaign of the tests; pages of the mapped model file count in.',
    table(
      ['process', 'after `up`', 'after the campaign', 'peak (VmHWM)'],
      processes.map(({ name, afterUp, afterCampaign, peak }) => [name, mib(afterUp), mib(afterCampaign), mib(peak)]),
    ),
  ].join('\n\n');
}

export function gatewayTable(comparisons: readonly Comparison[]): string {
  return [
    '## Gateway against the bare policy server, `npm run bench -- overhead --part gateway`',
    table(
      ['what', 'at a time', 'direct', 'through the gateway', 'ratio (range)'],
      comparisons.map(({ what, concurrency, direct, gateway, ratio }) => [
        what,
        whole(concurrency),
        direct.toFixed(1),
        gateway.toFixed(1),
        range(ratio, 3),
      ]),
    ),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const whole = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });

function range({ median, low, high }: Spread, digits: number): string {
  const text = (value: number): string => (digits === 0 ? whole(value) : value.toFixed(digits));
  return low === high ? text(median) : `${text(median)} (${text(low)}–${text(high)})`;
}

function scale({ median, low, high }: Spread, by: number): Spread {
  return { median: median * by, low: low * by, high: high * by };
}
