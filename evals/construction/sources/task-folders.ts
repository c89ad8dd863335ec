// The source `task-folders`: tasks that somebody wrote, of any format whose check a human can write: pages, documents, decks, workbooks,
// data, programs. A folder with a task.yaml is a task; `given/` holds what the policy is given, `gold/` what must be rewarded.
import { z } from 'zod';
import type { ArtifactRef } from '../../../contracts/artifact.ts';
import { type ArtifactTask, artifactTask, deliverable } from '../../../contracts/artifact-task.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import { artifactFormat } from '../../../contracts/judgement.ts';
import { type Artifact, textOf, undeclared } from '../../verifiers/artifact.ts';
import { ARTIFACT_VERIFIERS } from '../../verifiers/artifact-registry.ts';
import { parseYaml } from '../../verifiers/structured-data/yaml.ts';
import type { ArtifactVerifier } from '../../verifiers/verifier.ts';
import type { Environments } from '../harbor/environment.ts';
import { canaryOf, type Draft, defineSource, hashOf, type Workbench } from '../source.ts';
import { below, foldersWith, hashesOf, type MarkedFolder } from './marked-folders.ts';

export const taskFoldersOptions = z.strictObject({
  /** Folder of task folders. */
  folder: z.string().min(1),
  /** What the set is called in tasks. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'lower-case letters, digits, dots and dashes'),
  /** Tars of root file systems (docs/environments.md), by what a folder calls its `environment`. */
  environments: z.record(z.string().min(1), z.string().min(1)).default({}),
});

const MARK = 'task.yaml';

/** Their checks hold what was found by running tests, which no human writes down. */
const BY_RUNNING: Readonly<Record<string, string>> = { patch: 'git-history', 'terminal-state': 'harbor' };
const FORMATS = artifactFormat.options.filter((format) => !(format in BY_RUNNING));

export const taskForm = z.strictObject({
  /** What judges, for example `web-page@3`: its format is the task's. */
  verifier: z.string().regex(/^[a-z-]+@[1-9]\d*$/, 'a name and a version, like web-page@3'),
  instruction: z.string().min(20),
  deliverables: z.array(deliverable).min(1),
  /** Read by the verifier's own schema. */
  check: z.json(),
  /** For example `web/forms`; unless given, the format. */
  capability: z.string().min(1).optional(),
  /** Folders of one family lie in one split; unless given, each is its own. */
  family: z.string().min(1).optional(),
  /** Where it comes from, and under which licence (SPDX). */
  origin: z.string().min(1),
  licence: z.string().min(1),
  baselineSeconds: z.number().positive().optional(),
  /** What its program runs on; unless given, the machine's own programs. */
  environment: z.string().min(1).optional(),
});
type TaskForm = z.infer<typeof taskForm>;

export const taskFolders = defineSource<z.infer<typeof taskFoldersOptions>>({
  name: 'task-folders',
  options: taskFoldersOptions,
  formats: FORMATS,
  rubrics: 'some',
  reads: ({ folder }) => [folder],
  keeps: ({ environments }) => Object.values(environments),
  async open({ folder, name, environments: tars }, ports) {
    const folders = foldersWith(MARK, await ports.readFolder(folder));
    if (folders.length === 0) throw new AnnealError('tasks.source_failed', `${folder} holds no folder with a ${MARK}`);
    const environments = new Map<string, ArtifactRef>();
    for (const [called, path] of Object.entries(tars)) environments.set(called, await ports.keep(path));
    const roots = Object.fromEntries([...environments].map(([called, { sha256 }]) => [called, sha256]));
    const items = folders.map((one) => ({ key: one.name, content: hashesOf(one.files) }));
    return {
      kind: 'task-folders',
      description: { name, tasks: hashOf(items), ...(environments.size > 0 && { environments: roots }) },
      ordered: false,
      draw: async () => ({ items, next: null }),
      draft: (item, bench) => draft(folders.find((one) => one.name === item.key)!, { name, environments, bench }),
    };
  },
});

async function draft(
  folder: MarkedFolder,
  of: { readonly name: string; readonly environments: Environments; readonly bench: Workbench },
): Promise<Draft> {
  const { name, environments, bench } = of;
  const id = taskId.parse(`${name}/${folder.name}`);
  const read = readForm(folder, environments);
  if ('why' in read) return { tasks: [], dropped: [{ id, why: read.why }] };
  const { form, verifier, gold } = read;
  const stored = async (files: Artifact): Promise<ArtifactTask['given']> =>
    Object.fromEntries(
      await Promise.all([...files].map(async ([path, bytes]) => [path, await bench.store.put(bytes)])),
    );
  const task = artifactTask.safeParse({
    schema: 'anneal/artifact-task/v1',
    id,
    family: `${name}@${form.family ?? folder.name}`,
    capability: form.capability ?? verifier.format,
    instruction: form.instruction.trim(),
    format: verifier.format,
    verifier: verifier.ref,
    deliverables: form.deliverables,
    given: await stored(below('given', folder.files)),
    environment: environments.get(form.environment ?? '') ?? null,
    check: form.check,
    gold: await stored(gold),
    baselineSeconds: form.baselineSeconds ?? null,
    canary: canaryOf(bench.seed, id),
    source: { kind: 'task-folders', name: form.origin, licence: form.licence },
  });
  if (!task.success) return { tasks: [], dropped: [{ id, why: told(task.error.issues) }] };
  const solution = [...gold.values()].map((bytes) => textOf(bytes) ?? '').join('\n');
  return { tasks: [{ task: task.data, substance: `${form.instruction}\n${solution}`, parents: [] }], dropped: [] };
}

interface Read {
  readonly form: TaskForm;
  readonly verifier: ArtifactVerifier;
  readonly gold: Artifact;
}

/** @returns what the folder says, or everything that is wrong with it at once */
function readForm({ files }: MarkedFolder, environments: Environments): Read | { readonly why: readonly string[] } {
  const text = textOf(files.get(MARK) ?? new Uint8Array());
  if (text === undefined) return { why: [`${MARK}: expected UTF-8, got other bytes`] };
  const parsed = parseYaml(text);
  if ('why' in parsed) return { why: [`${MARK} ${parsed.why}`] };
  const why: string[] = [];
  const form = taskForm.safeParse(parsed.value);
  if (!form.success) why.push(...told(form.error.issues));

  const named = verifierNamed(parsed.value);
  if (typeof named === 'string') why.push(`verifier: ${named}`);
  else if (form.success) {
    const check = named.check.safeParse(form.data.check);
    if (!check.success) why.push(...told(check.error.issues, 'check.'));
    why.push(...unfitEnvironment(form.data, named, environments));
  }
  const gold = below('gold', files);
  if (gold.size === 0) why.push('gold/: expected the files that solve the task, got none');
  for (const { path, why: wrong } of form.success ? undeclared(gold, form.data.deliverables) : [])
    why.push(`gold/${path} ${wrong}`);
  for (const path of files.keys())
    if (path !== MARK && !path.startsWith('given/') && !path.startsWith('gold/') && !/^[^/]+\.md$/.test(path))
      why.push(`${path}: expected ${MARK}, given/, gold/ and nothing else but Markdown beside it`);
  return why.length === 0 && form.success && typeof named !== 'string'
    ? { form: form.data, verifier: named, gold }
    : { why };
}

function unfitEnvironment({ environment }: TaskForm, { runsCandidate, ref }: ArtifactVerifier, known: Environments) {
  if (environment === undefined) return [];
  if (runsCandidate !== true)
    return [`environment: expected none, since ${ref.name} runs nothing of what is handed in`];
  const names = [...known.keys()].join(', ') || 'the environments of the source, which has none';
  return known.has(environment) ? [] : [`environment: expected one of ${names}, got ${environment}`];
}

/** What the form names, or what is wrong with that; what is no name at all is told by the schema. */
function verifierNamed(value: unknown): ArtifactVerifier | string {
  const asked = typeof value === 'object' && value !== null && 'verifier' in value ? String(value.verifier) : '';
  const able = ARTIFACT_VERIFIERS.filter(({ format }) => !(format in BY_RUNNING));
  const found = ARTIFACT_VERIFIERS.find(({ ref }) => `${ref.name}@${ref.version}` === asked);
  if (found === undefined)
    return `expected one of ${able.map(({ ref }) => `${ref.name}@${ref.version}`).join(', ')}, got ${asked || 'nothing'}`;
  const source = BY_RUNNING[found.format];
  return source === undefined
    ? found
    : `tasks of ${found.ref.name} rest on what their tests did when they were run: the source ${source} makes them`;
}

const told = (issues: readonly z.core.$ZodIssue[], prefix = ''): string[] =>
  issues.map(({ path, message }) => `${prefix}${path.join('.')}: ${message}`);
