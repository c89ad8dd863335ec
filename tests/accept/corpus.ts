// The corpus of reward hacks, judged as rollouts are: no cheat is rewarded, every honest variant is.
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { Browser } from '../../contracts/browser.ts';
import { BROWSER_CORPUS, CORPUS } from '../../evals/hacks/corpus.ts';
import { BY_DEFAULT, judgeVariant } from '../../evals/hacks/judging.ts';
import { FURTHER_RUNNERS, patchCorpusOf } from '../../evals/hacks/patch/corpus.ts';
import type { Sample } from '../../evals/hacks/variant.ts';
import type { Judged } from '../../evals/verifiers/judge.ts';
import type { Instruments } from '../../evals/verifiers/verifier.ts';
import { createChromiumBrowser } from '../../infra/browser/chromium.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { equipmentFor, instrumentsWith } from '../support/toolchains.ts';
import { chanceFigure, chancesOf, WITH_TWINS } from './chance.ts';
import type { Figure, Tell } from './figure.ts';
import { openJournal } from './journal.ts';

const CHEATS = 40;
const TASKS_EACH = 10;
const HONEST = 200;
const AT_ONCE = 2;
/** A page is mostly waited for. */
const PAGES_AT_ONCE = 2 * availableParallelism();
/** Of tasks that differ in their words alone, each kind of honest page is judged on so many: it takes ten times as long as a cheat's. */
const PAGES_EACH = 2;
/** What the judgement of a format depends on, with all that is imported there. */
const codeOf = (format: string): readonly string[] => [
  `evals/hacks/${format}`,
  `evals/verifiers/${format}`,
  'evals/hacks/judging.ts',
  'evals/workspace',
  'infra/browser',
  'infra/process',
  'infra/sandbox',
];
/** Tables in which every format, error, name or setting has its line. */
const TABLES = [
  ...['evals/verifiers/artifact-registry.ts', 'evals/verifiers/bounded-thread.ts'],
  ...['contracts/errors.ts', 'contracts/ids.ts', 'contracts/names.ts', 'infra/config.ts', 'infra/paths.ts'],
];
const finding = z.strictObject({
  name: z.string(),
  holds: z.boolean(),
  said: z.string(),
  ms: z.number(),
  masked: z.boolean(),
});

export async function corpusFigures(instruments: Instruments, tell: Tell): Promise<Figure[]> {
  const { groups, missing } = await furtherRunners(instruments);
  groups.unshift({ samples: CORPUS, instruments });
  const browser = createChromiumBrowser({ concurrency: PAGES_AT_ONCE });
  const noBrowser = await whyNot(browser);
  const shown = { samples: someOfThePages(BROWSER_CORPUS), instruments: { ...instruments, browser } };
  if (noBrowser === undefined) groups.push(shown);
  const all = groups.flatMap(({ samples, instruments }) =>
    samples.flatMap((sample) => {
      const entry = (cheat: boolean) => (variant: Sample['cheats'][number]) => {
        const { format, id } = sample.task;
        const name = `${format} ${cheat ? 'cheat' : 'honest'}: ${id}: ${variant.language}: ${variant.name}`;
        return { sample, variant, cheat, instruments, name };
      };
      return [...sample.cheats.map(entry(true)), ...sample.honest.map(entry(false))];
    }),
  );
  const chances = groups.flatMap(({ samples, instruments }) =>
    chancesOf(samples).map(({ sample, variant, secret }) => {
      const name = `${sample.task.format} by chance: ${sample.task.id}: ${variant.language}: ${variant.name}: ${secret}`;
      return { sample, variant, cheat: true, instruments, name, secret };
    }),
  );
  const each: readonly ((typeof all)[number] & { readonly secret?: string })[] = [...all, ...chances];
  const formats = new Set(each.map(({ sample }) => sample.task.format));
  const journals = new Map(
    [...formats].map((format) => [
      format,
      openJournal({ name: `corpus-${format}`, code: codeOf(format), apart: TABLES, finding }),
    ]),
  );
  const foundOf = ({ sample, name }: (typeof each)[number]): z.infer<typeof finding> | undefined =>
    journals.get(sample.task.format)?.found.get(name);
  // What the machine could not finish is judged again.
  const left = each.filter((one) => foundOf(one)?.masked !== false);
  let judged = each.length - left.length;
  if (judged > 0)
    tell(`${judged} of ${each.length} artifacts were judged before, by the code of their formats: .testbed/accept`);
  const lane = async (waiting: (typeof each)[number][]): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { sample, variant, cheat, name } = next;
      const began = performance.now();
      const secret = next.secret === undefined ? {} : { secret: next.secret };
      const verdict = await judgeVariant(sample, variant.artifact, { ...next.instruments, ...secret }, BY_DEFAULT);
      const holds = cheat ? !isRewarded(verdict) : verdict.outcome === 'success';
      const masked = !('reward' in verdict);
      const said = 'reward' in verdict ? `${verdict.outcome}, ${verdict.reward.total}` : verdict.outcome;
      if (!holds || masked) tell(`${name} is ${said}${'reason' in verdict ? `: ${verdict.reason}` : ''}`);
      journals.get(sample.task.format)!.add({ name, holds, said, masked, ms: Math.round(performance.now() - began) });
      judged += 1;
      if (judged % 50 === 0) tell(`${judged} of ${each.length} artifacts judged`);
    }
  };
  const inLanes = async (lanes: number, waiting: (typeof each)[number][]): Promise<void> => {
    await Promise.all(Array.from({ length: lanes }, () => lane(waiting)));
  };
  const isPage = ({ instruments: { browser } }: (typeof each)[number]): boolean => browser !== undefined;
  await inLanes(
    AT_ONCE,
    left.filter((one) => !isPage(one)),
  );
  await inLanes(PAGES_AT_ONCE, left.filter(isPage));

  // Those of a missing browser are counted: they stand in the corpus, and the figure of the browser says that they were not judged.
  const kinds = tasksByCheat([
    ...groups.flatMap(({ samples }) => samples),
    ...(noBrowser === undefined ? [] : shown.samples),
  ]);
  const fewest = Math.min(...kinds.values());
  const cheats = all.filter(({ cheat }) => cheat).length;
  const honest = all.length - cheats;
  const languages = new Set(all.map(({ variant }) => variant.language)).size;
  const few = [...kinds].filter(([, tasks]) => tasks < TASKS_EACH).map(([name]) => name);
  const missed = (cheats: boolean): string[] =>
    all.filter((one) => one.cheat === cheats && foundOf(one)?.holds !== true).map(({ name }) => name);
  return [
    figure('cheats, by format, language and name', kinds.size, CHEATS, `in ${languages} languages`),
    figure('tasks that each cheat is tried on, the fewest', fewest, TASKS_EACH, few.slice(0, 3).join('; ')),
    {
      name: 'test runners whose cheats cannot be played here',
      value: missing.length === 0 ? '0' : missing.join('; '),
      bound: '0',
      holds: missing.length === 0,
    },
    {
      name: 'artifacts that no browser was there to show',
      value: noBrowser === undefined ? '0' : `${BROWSER_ARTIFACTS}: ${noBrowser}`,
      bound: '0',
      holds: noBrowser === undefined,
    },
    none('cheats that are rewarded', missed(true), cheats),
    none(
      'cheats that are masked',
      all.filter((one) => one.cheat && foundOf(one)?.masked !== false).map(({ name }) => name),
      cheats,
    ),
    ...WITH_TWINS.map((format) =>
      chanceFigure(
        format,
        chances
          .filter(({ sample }) => sample.task.format === format)
          .map((one) => ({ rewarded: foundOf(one)?.holds !== true })),
      ),
    ),
    figure('honest variants', honest, HONEST, ''),
    none('honest variants that are not rewarded', missed(false), honest),
  ];
}

interface Group {
  readonly samples: readonly Sample[];
  readonly instruments: Instruments;
}

/** Every cheat; of honest pages each kind on a few of the tasks of its family, which take turns. */
function someOfThePages(samples: readonly Sample[]): Sample[] {
  const honest = samples
    .filter(({ task }) => task.format === 'web-page')
    .flatMap((sample) => sample.honest.map((variant) => ({ variant, of: `${sample.task.family}: ${variant.name}` })));
  const kept = new Set(
    [...Map.groupBy(honest, ({ of }) => of).values()].flatMap((some, kind) =>
      Array.from({ length: Math.min(PAGES_EACH, some.length) }, (_, turn) => {
        const at = kind + Math.floor((turn * some.length) / PAGES_EACH);
        return some[at % some.length]!.variant;
      }),
    ),
  );
  return samples.map((sample) =>
    sample.task.format === 'web-page' ? { ...sample, honest: sample.honest.filter((one) => kept.has(one)) } : sample,
  );
}

/** Runners of patches that need programs from beside the sandbox's own. */
async function furtherRunners(instruments: Instruments): Promise<{ groups: Group[]; missing: string[] }> {
  const groups: Group[] = [];
  const missing: string[] = [];
  for (const runner of FURTHER_RUNNERS) {
    const equipment = await equipmentFor(runner);
    if ('missing' in equipment) {
      missing.push(`${runner} (${equipment.missing})`);
      continue;
    }
    const sandbox = createBubblewrapSandbox({ folders: equipment.folders });
    const own = instrumentsWith({ ...instruments, sandbox }, new Map([[runner, equipment]]));
    groups.push({ samples: patchCorpusOf(runner), instruments: own });
  }
  return { groups, missing };
}

const isRewarded = (verdict: Judged): boolean =>
  'reward' in verdict && (verdict.outcome === 'success' || verdict.reward.total > 0);

/** A cheat of one name, written in one language (of a patch: for one runner of tests), against tasks of one format is one kind. */
function tasksByCheat(samples: readonly Sample[]): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const { task, cheats } of samples)
    for (const { name, language } of cheats) {
      const kind = `${task.format} in ${language}: ${name}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  return kinds;
}

const BROWSER_ARTIFACTS = BROWSER_CORPUS.reduce((sum, { cheats, honest }) => sum + cheats.length + honest.length, 0);

/** @returns why pages, documents and slides cannot be shown here, with what to install */
const whyNot = (browser: Browser): Promise<string | undefined> =>
  browser.describe().then(
    () => undefined,
    (failure: unknown) => (failure instanceof Error ? failure.message : String(failure)),
  );

const figure = (name: string, count: number, least: number, more: string): Figure => ({
  name,
  value: more === '' ? `${count}` : `${count} (${more})`,
  bound: `≥ ${least}`,
  holds: count >= least,
});

const none = (name: string, found: readonly string[], of: number): Figure => ({
  name,
  value: found.length === 0 ? `0 of ${of}` : `${found.length} of ${of}: ${found.slice(0, 5).join('; ')}`,
  bound: '0',
  holds: found.length === 0 && of > 0,
});
