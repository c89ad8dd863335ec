// What in a folder the construction's sources could read, by the marks that each of them has. Pure: names and first lines, nothing is run.
import { z } from 'zod';

export interface SeenFile {
  /** Relative to the folder. */
  readonly path: string;
  /** The first line of a file of JSON lines. */
  readonly first?: string;
}

/** A source's options that hold of this folder. A proposal names one of them; it cannot make one. */
export interface Candidate {
  readonly source: { readonly kind: string } & Readonly<Record<string, string>>;
  readonly what: string;
  /** What a human has to say before it can be drafted. */
  readonly lacks?: string;
}

const functionRow = z.object({
  task_id: z.string(),
  prompt: z.string(),
  entry_point: z.string(),
  canonical_solution: z.string(),
  test: z.string(),
});
const questionRow = z.object({
  id: z.string(),
  question: z.string(),
  solution: z.string(),
  tests: z.record(z.string(), z.string()),
});

/**
 * @param name what the set is called
 * @param licence SPDX, where a human has said it: no licence is ever guessed
 */
export function candidatesOf(
  files: readonly SeenFile[],
  { name, licence }: { name: string; licence?: string | undefined },
): Candidate[] {
  const candidates: Candidate[] = [];
  const paths = files.map(({ path }) => path);
  if (paths.some((path) => path === '.git/HEAD'))
    candidates.push({
      source: { kind: 'git-history', repository: '.', name },
      what: 'a repository: commits that mend something become tasks, judged by its own tests',
    });
  for (const [mark, kind, what] of MARKS) {
    const marked = paths.filter((path) => path.endsWith(`/${mark}`));
    const [first] = marked;
    if (first === undefined) continue;
    // The folder that holds all of them.
    const above = marked.map((path) => path.split('/').slice(0, -2).join('/') || '.');
    const folder = above.every((one) => one === above[0]) ? above[0]! : '.';
    candidates.push({ source: { kind, folder, name }, what: `${marked.length} ${what}` });
  }
  for (const { path, first } of files) {
    const row = first === undefined ? undefined : parsed(first);
    if (questionRow.safeParse(row).success)
      candidates.push({
        source: { kind: 'questions', file: path },
        what: 'questions and answers, judged by their tests',
      });
    else if (functionRow.safeParse(row).success)
      candidates.push({
        source: { kind: 'human-eval', file: path, ...(licence === undefined ? {} : { licence }) },
        what: 'functions to be written, judged by the calls of their own check',
        ...(licence === undefined ? { lacks: 'the licence of the file: --licence SPDX' } : {}),
      });
  }
  return candidates;
}

const MARKS = [
  ['task.yaml', 'task-folders', 'tasks in folders, judged by the verifier that each names'],
  ['task.toml', 'harbor', 'tasks for a terminal, judged by their tests'],
] as const;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
