// Reads and checks the file with the teams. Everything that is wrong is found in one pass and reported together.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { type TeamSpec, teamsSpec } from '../../contracts/team.ts';
import { type CampaignDocument, dotted, readDocument } from '../spec/document.ts';
import { durationHint, quote, valueAt } from '../spec/from-zod.ts';
import type { Path } from '../spec/guide.ts';
import { didYouMean } from '../spec/suggest.ts';

interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly description?: string;
  readonly unit?: string;
}
const ROOT = z.toJSONSchema(teamsSpec, { io: 'input' }) as Node;

/** @throws AnnealError `team.invalid` with every problem, sorted by line */
export async function readTeams(path: string): Promise<readonly TeamSpec[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new AnnealError('team.invalid', `${path}: ${missing ? 'no such file' : String(cause)}`, { cause });
  }
  const document = readDocument(text);
  const parsed = teamsSpec.safeParse(document.value);
  const problems = [
    ...document.problems.map((problem) => ({ ...problem, code: 'team.invalid' as const })),
    // Of a file that is no YAML nothing more can be said.
    ...(document.value === undefined || parsed.success ? [] : fieldProblems(parsed.error.issues, document)),
    ...(document.value === undefined ? [] : shared(document.value, document)),
  ].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  if (!parsed.success || problems.length > 0) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    throw new AnnealError('team.invalid', `${path} has ${count}`, { problems });
  }
  return parsed.data.teams;
}

/** A misspelt field is one mistake: that the right one is missing is not told as well. */
function fieldProblems(issues: readonly z.core.$ZodIssue[], document: CampaignDocument): Problem[] {
  const found = issues.map((issue) => ({ issue, problems: fromIssue(issue, document.value, document) }));
  const meant = new Set(
    found.flatMap(({ issue, problems }) =>
      problems.flatMap(({ hint }) => {
        const name = issue.code === 'unrecognized_keys' ? /^Did you mean `(.+)`\?$/.exec(hint)?.[1] : undefined;
        return name === undefined ? [] : [dotted([...(issue.path as Path), name])];
      }),
    ),
  );
  return found.flatMap(({ problems }) => problems).filter(({ path }) => !meant.has(path));
}

function fromIssue(issue: z.core.$ZodIssue, root: unknown, document: CampaignDocument): Problem[] {
  const path = issue.path as Path;
  const code = 'team.invalid';
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(nodeAt(path)?.properties ?? {});
    return issue.keys.map((key) => {
      const meant = didYouMean(key, known);
      return {
        ...{ code, path: dotted([...path, key]), line: document.locate([...path, key], 'key').line, got: key },
        expected: path.length === 0 ? 'a field of a file with teams' : `a field of ${dotted(path)}`,
        hint: meant === undefined ? `Remove it. Known fields here: ${known.join(', ')}.` : `Did you mean \`${meant}\`?`,
      };
    });
  }
  const node = nodeAt(path);
  const value = valueAt(root, path);
  const base = { code, path: dotted(path), line: document.locate(path).line, got: quote(value) } as const;
  const about = node?.description ?? '';
  const spoken = issue.code === 'invalid_format' || issue.code === 'custom';
  const expected = node?.unit === 'duration' ? DURATION : spoken ? issue.message : expectedOf(node);
  if (value === undefined) return [{ ...base, expected, hint: [`Add \`${path.at(-1)}:\`.`, about].join(' ').trim() }];
  if (node?.unit === 'duration') return [{ ...base, expected, hint: durationHint(value) }];
  return [{ ...base, expected, hint: about || `Write ${expected}.` }];
}

const DURATION = 'a duration with a unit, for example 12h or 30d';

function nodeAt(path: Path): Node | undefined {
  let node: Node | undefined = ROOT;
  for (const step of path) node = typeof step === 'number' ? node?.items : node?.properties?.[step];
  return node;
}

function expectedOf(node: Node | undefined): string {
  if (node?.const !== undefined) return String(node.const);
  const above = node?.exclusiveMinimum === undefined ? '' : ` above ${node.exclusiveMinimum}`;
  const least = node?.minimum === undefined || node.minimum < -1e15 ? above : ` of at least ${node.minimum}`;
  switch (node?.type) {
    case 'integer':
      return `a whole number${least}`;
    case 'number':
      return `a number${least}`;
    case 'array':
      return 'a list that is not empty';
    case 'object':
      return `a map with ${Object.keys(node.properties ?? {}).join(', ')}`;
    default:
      return 'a text';
  }
}

/** What two teams must not share: each is how one team's campaigns are told from another's. */
const SINGLE: readonly {
  readonly of: string;
  readonly paths: (team: unknown) => readonly Path[];
  readonly hint: string;
}[] = [
  { of: 'a name', paths: () => [['name']], hint: 'Give each team a name of its own.' },
  {
    of: 'a member',
    paths: (team) => listAt(team, ['members']).map((_, index) => ['members', index]),
    hint: 'Keep them in one team: a campaign names its owner, not its team.',
  },
  {
    of: 'a Temporal namespace',
    paths: () => [['temporal', 'namespace']],
    hint: 'Who may write to a namespace may do everything in it: give each team its own.',
  },
  {
    of: 'a Kubernetes namespace',
    paths: () => [['kubernetes', 'namespace']],
    hint: 'Quotas and network policies are by namespace: give each team its own.',
  },
];

function shared(root: unknown, document: CampaignDocument): Problem[] {
  return SINGLE.flatMap(({ of, paths, hint }) => {
    const seen = new Map<unknown, { line: number }>();
    return listAt(root, ['teams']).flatMap((team, index) =>
      paths(team).flatMap((below): Problem[] => {
        const path = ['teams', index, ...below];
        const value = valueAt(root, path);
        const { line } = document.locate(path);
        const first = seen.get(value);
        if (typeof value !== 'string' || first === undefined) {
          seen.set(value, { line });
          return [];
        }
        const expected = `${of} that stands nowhere else; ${value} is on line ${first.line} already`;
        return [{ code: 'team.invalid', path: dotted(path), line, expected, got: quote(value), hint }];
      }),
    );
  });
}

const listAt = (root: unknown, path: Path): readonly unknown[] => {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
};
