// The source `git-history`: commits of a repository that change sources together with tests become repairs to be found again, and bugs
// are planted in what they left. What the tests say is found by running them before and after.
import { z } from 'zod';
import type { ArtifactRef } from '../../../contracts/artifact.ts';
import type { Commit, RepositoryReader } from '../../../contracts/repository.ts';
import { createRandom } from '../../../policies/random.ts';
import { kindOf } from '../../repository-tests/classify.ts';
import { type FoundEnvironment, findEnvironment, screen } from '../../repository-tests/environment.ts';
import { type Artifact, textOf } from '../../verifiers/artifact.ts';
import { instrumentsOn } from '../../verifiers/environment.ts';
import { fileOf } from '../../verifiers/patch/runners.ts';
import { type Draft, type Drafted, defineSource, type Workbench } from '../source.ts';
import { proposeBugs } from './inject.ts';
import { licenceOf } from './licence.ts';
import { changedLines, patchTask, type TestBounds, testTexts } from './patch-task.ts';
import { statementOf } from './statement.ts';

export const gitHistoryOptions = z.strictObject({
  /** Folder of the repository. */
  repository: z.string().min(1),
  /** What it is called in tasks, for example `minimist`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'lower-case letters, digits, dots and dashes'),
  /** A tar of the root file system that tests run on (docs/environments.md); left out: this machine's own programs. */
  environment: z.string().min(1).optional(),
  /** In what every so-many-th commit left a bug is planted; 0: in none. */
  bugEvery: z.int().min(0).default(2),
  failToPass: z.int().min(1).max(100).default(20),
  passToPass: z.int().min(0).max(200).default(20),
});
export type GitHistoryOptions = z.infer<typeof gitHistoryOptions>;

const COMMITS_A_PAGE = 50;
/** Some bugs no test notices, and some break nearly all of them. */
const TRIES_A_BUG = 6;

/** The tests that noticed are not among the given files, with the values that they expect: only what they are called is told. */
const bugStatement = (noticed: readonly string[]): string =>
  `A recent change of the sources broke something that used to work. What no longer works, in the words of those who noticed: ${[...new Set(noticed.map(inWords))].sort().join('; ')}. Find the cause and mend it.`;

const inWords = (id: string): string =>
  id
    .split(/::| > /)
    .at(-1)!
    .replace(/^test_?/, '')
    .replaceAll('_', ' ');

export const gitHistory = defineSource<GitHistoryOptions>({
  name: 'git-history',
  options: gitHistoryOptions,
  formats: ['patch'],
  reads: ({ repository }) => [repository],
  keeps: ({ environment }) => (environment === undefined ? [] : [environment]),
  async open(options, ports) {
    const repository = await ports.openRepository(options.repository);
    const { repository: _place, environment, ...described } = options;
    const root = environment === undefined ? null : await ports.keep(environment);
    const commits = await repository.commits();
    return {
      kind: 'git-history',
      // Not where it lies: the same history elsewhere gives the same tasks.
      description: { ...described, head: repository.head, ...(root && { environment: root.sha256 }) },
      ordered: true,
      async draw(cursor) {
        const from = Number(cursor ?? 0);
        const some = commits.slice(from, from + COMMITS_A_PAGE);
        const next = from + some.length;
        const items = some.map((commit) => ({ key: commit.id, content: { ...commit, parent: commit.parent ?? null } }));
        return { items, next: next < commits.length ? next : null };
      },
      draft(item, bench) {
        const index = commits.findIndex(({ id }) => id === item.key);
        const own = { ...bench, instruments: instrumentsOn(bench.instruments, root) };
        return draftCommit(repository, commits[index]!, { ...options, bench: own, index, root });
      },
    };
  },
});

interface Drafting extends GitHistoryOptions {
  readonly bench: Workbench;
  /** Of the commit in the history. */
  readonly index: number;
  readonly root: ArtifactRef | null;
}

async function draftCommit(repository: RepositoryReader, commit: Commit, drafting: Drafting): Promise<Draft> {
  const family = `${drafting.name}@${commit.id.slice(0, 10)}`;
  const none = (...why: string[]): Draft => ({ tasks: [], dropped: [{ id: `${family}#fix`, why }] });
  if (commit.merge) return none('it is a merge');
  if (commit.parent === undefined) return none('nothing is before it');
  const changes = await repository.changes(commit.id);
  const tests = changes.filter(({ path, how }) => kindOf(path) === 'test' && how !== 'removed').map(({ path }) => path);
  const sources = changes.filter(({ path }) => kindOf(path) === 'source').map(({ path }) => path);
  const lacks = [
    ...(tests.length === 0 ? ['it changes no tests'] : []),
    ...(sources.length === 0 ? ['it changes no sources'] : []),
  ];
  if (lacks.length > 0) return none(...lacks);
  const [given, after] = await Promise.all([repository.snapshot(commit.parent), repository.snapshot(commit.id)]);
  const found = await findEnvironment(after, drafting.bench.instruments);
  if ('why' in found) return none(...found.why);

  const fix = await fixTask({ repository, commit, family, sources, given, after, found, drafting });
  const wanted = drafting.bugEvery > 0 && (drafting.index + 1) % drafting.bugEvery === 0;
  const bugs: Draft = !wanted
    ? { tasks: [], dropped: [] }
    : await bugTask({ family, after, found, drafting, parents: 'task' in fix ? [fix.task.id] : [] });
  const dropped = 'task' in fix ? [] : [{ id: `${family}#fix`, why: [...fix.why] }];
  return { tasks: [...('task' in fix ? [fix] : []), ...bugs.tasks], dropped: [...dropped, ...bugs.dropped] };
}

type Found = Extract<FoundEnvironment, { environment: unknown }>;
const boundsOf = ({ failToPass, passToPass }: TestBounds): TestBounds => ({ failToPass, passToPass });

async function fixTask(of: {
  readonly repository: RepositoryReader;
  readonly commit: Commit;
  readonly family: string;
  readonly sources: readonly string[];
  readonly given: Artifact;
  readonly after: Artifact;
  readonly found: Found;
  readonly drafting: Drafting;
}): Promise<Drafted | { readonly why: readonly string[] }> {
  const { repository, commit, family, sources, given, after, found, drafting } = of;
  const { bench, name } = drafting;
  const repair = bare(await repository.diff(commit.id, sources));
  const tests = testTexts(after);
  const withTests = new Map([
    ...given,
    ...Object.entries(tests).map(([path, text]) => [path, Buffer.from(text)] as const),
  ]);
  const { outcomes: before } = await screen(withTests, found.environment, bench.instruments);
  const turned = [...found.outcomes].filter(([id, passed]) => passed && before.get(id) !== true).map(([id]) => id);
  const testDiff = await repository.diff(commit.id, Object.keys(tests));
  const statement = statementOf({
    subject: commit.subject,
    body: commit.body,
    paths: (await repository.changes(commit.id)).map(({ path }) => path),
    tests: turned,
    solution: addedLines(repair),
    testLines: addedLines(testDiff),
    readable: [...given.values()].map((bytes) => textOf(bytes) ?? ''),
  });
  if ('why' in statement) return { why: [statement.why] };
  const { text, names } = statement;
  const needed =
    names.length === 0 ? '' : `\n\nThese names are expected: ${names.map((one) => `\`${one}\``).join(', ')}.`;
  return patchTask(
    {
      ...{ id: `${family}#fix`, family, statement: `${text}${needed}`, given, after, repair, before, repository: name },
      environment: found.environment,
      root: drafting.root,
      since: found.outcomes,
      licence: licenceOf(after),
      parents: [],
    },
    bench,
    boundsOf(drafting),
  );
}

/** One task, and what was tried for it in vain. */
async function bugTask(of: {
  readonly family: string;
  readonly after: Artifact;
  readonly found: Found;
  readonly drafting: Drafting;
  readonly parents: readonly string[];
}): Promise<Draft> {
  const { family, after, found, drafting, parents } = of;
  const { bench, name } = drafting;
  const dropped: { id: string; why: string[] }[] = [];
  const proposed = proposeBugs(after, createRandom('bugs', bench.seed, family)).slice(0, TRIES_A_BUG);
  const passing = [...found.outcomes].filter(([, passed]) => passed).length;
  for (const [index, { path, text, repair }] of proposed.entries()) {
    bench.signal?.throwIfAborted();
    const id = `${family}#bug-${index + 1}`;
    const broken = new Map([...after, [path, Buffer.from(text)]]);
    const { outcomes: before, hangs } = await screen(broken, found.environment, bench.instruments);
    if (hangs.length > 0) {
      dropped.push({ id, why: [`with the bug ${hangs[0]} does not end`] });
      continue;
    }
    const noticed = [...found.outcomes]
      .filter(([test, passed]) => passed && before.get(test) !== true)
      .map(([test]) => test);
    const kept = new Set(noticed.map(fileOf));
    const given = new Map([...broken].filter(([file]) => !kept.has(file)));
    const left = passing - noticed.length;
    if (left === passing || 2 * left < passing) {
      const why = left === passing ? 'no test notices the bug' : `the bug breaks ${passing - left} of ${passing} tests`;
      dropped.push({ id, why: [why] });
      continue;
    }
    const drafted = await patchTask(
      {
        ...{ id, family, statement: bugStatement(noticed), given, after, repair, before, repository: name, parents },
        environment: found.environment,
        root: drafting.root,
        since: found.outcomes,
        licence: licenceOf(after),
      },
      bench,
      boundsOf(drafting),
    );
    if ('task' in drafted) return { tasks: [{ ...drafted, substance: changedLines(repair).join('\n') }], dropped };
    dropped.push({ id, why: [...drafted.why] });
  }
  return { tasks: [], dropped };
}

/** Without hashes and headings, which nothing depends on: a golden patch has no word that could as well be another. */
const bare = (diff: string): string => diff.replaceAll(/^index .*\n/gm, '').replaceAll(/^(@@ [^@]* @@).*$/gm, '$1');

const addedLines = (diff: string): string[] =>
  diff
    .split('\n')
    .filter((line) => line.startsWith('+') && !line.startsWith('+++ '))
    .map((line) => line.slice(1));
