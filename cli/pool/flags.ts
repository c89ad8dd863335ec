// What the pool's commands take, checked: everything that is wrong is told at once.
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { campaignName, rolloutId } from '../../contracts/ids.ts';

export interface WrittenFlags {
  readonly campaign?: string;
  readonly round?: string;
  readonly format?: string;
  readonly table?: string;
  readonly out?: string;
}

export const FORMATS = ['jsonl', 'hf', 'batch'] as const;
export type Format = (typeof FORMATS)[number];
export const STREAMS = ['completions', 'trajectories'] as const;

export interface ExportFlags {
  readonly format: Format;
  readonly out: string;
  readonly table: (typeof STREAMS)[number];
  readonly campaign: string | undefined;
  readonly round: number | undefined;
}

const wrong = (path: string, expected: string, hint: string, got?: string): Problem => ({
  ...{ code: 'cli.usage', path, expected, hint },
  ...(got === undefined ? {} : { got }),
});

const within = <T extends string>(of: readonly T[], value: string): value is T =>
  (of as readonly string[]).includes(value);

/** @throws AnnealError `cli.usage` with every problem */
export function exportFlags(written: WrittenFlags): ExportFlags {
  const { format, out, table = 'completions' } = written;
  const problems: Problem[] = [];
  if (format === undefined || !within(FORMATS, format))
    problems.push(
      wrong(
        '--format',
        `one of ${FORMATS.join(', ')}`,
        'jsonl for records, hf for datasets, batch for the trainer',
        format,
      ),
    );
  if (out === undefined || out === '')
    problems.push(wrong('--out', 'a file, or a folder for hf', 'Name what is to be written'));
  if (!within(STREAMS, table))
    problems.push(wrong('--table', `one of ${STREAMS.join(', ')}`, 'Only jsonl takes one table', table));
  if (written.table !== undefined && format !== undefined && format !== 'jsonl')
    problems.push(wrong('--table', `nothing with --format ${format}`, 'Leave it out', table));
  const { campaign, round } = placeFlags(written, problems);
  if (format === 'batch' && written.campaign === undefined)
    problems.push(wrong('--campaign', 'a campaign', 'A batch is that of one round of one campaign'));
  if (format === 'batch' && written.round === undefined)
    problems.push(wrong('--round', 'a round', 'A batch is that of one round of one campaign'));
  refuse(problems);
  return { format: format as Format, out: out ?? '', table: table as ExportFlags['table'], campaign, round };
}

export function placeFlags({ campaign, round }: WrittenFlags, problems: Problem[]) {
  if (campaign !== undefined && !campaignName.safeParse(campaign).success)
    problems.push(wrong('--campaign', "a campaign's name", './anneal pool ls lists them', campaign));
  if (round !== undefined && !/^\d{1,6}$/.test(round))
    problems.push(wrong('--round', "a round's number", 'Rounds count from 1; 0 is before training', round));
  return { campaign, round: round === undefined ? undefined : Number(round) };
}

/** A campaign's name, or a rollout's id. */
export function campaignOrRollout(what: string): { readonly campaign: string; readonly rollout: string | undefined } {
  if (rolloutId.safeParse(what).success) return { campaign: what.slice(0, what.indexOf('/')), rollout: what };
  if (campaignName.safeParse(what).success) return { campaign: what, rollout: undefined };
  throw new AnnealError(
    'cli.usage',
    `expected a campaign's name or a rollout's id (CAMPAIGN/r1/train.v0/g0/s0); got ${what}`,
  );
}

export function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? 'an option is' : `${problems.length} options are`;
  throw new AnnealError('cli.usage', `${count} not valid`, { problems });
}
