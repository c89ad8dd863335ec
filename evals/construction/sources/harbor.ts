// The source `harbor`: a folder of Harbor task folders, at any depth. A folder with a task.toml is a task; what else lies around is not
// read.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import type { Artifact } from '../../verifiers/artifact.ts';
import { sha256Of } from '../../verifiers/gates.ts';
import { type HarborFolder, readHarborTask } from '../harbor/read-task.ts';
import { canaryOf, type Draft, defineSource, hashOf, type Workbench } from '../source.ts';

export const harborOptions = z.strictObject({
  /** Folder of task folders. */
  folder: z.string().min(1),
  /** What the set is called in tasks, for example `terminal-bench`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'lower-case letters, digits, dots and dashes'),
});
type Options = z.infer<typeof harborOptions>;

const MARK = 'task.toml';

export const harbor = defineSource<Options>({
  name: 'harbor',
  options: harborOptions,
  formats: ['terminal-state'],
  reads: ({ folder }) => [folder],
  async open({ folder, name }, ports) {
    const folders = foldersIn(await ports.readFolder(folder));
    if (folders.length === 0) throw new AnnealError('tasks.source_failed', `${folder} holds no folder with a ${MARK}`);
    const items = folders.map((one) => ({ key: one.name, content: hashesOf(one.files) }));
    return {
      kind: 'harbor',
      // Not where it lies: the same folders elsewhere give the same tasks.
      description: { name, tasks: hashOf(items) },
      ordered: false,
      draw: async () => ({ items, next: null }),
      draft: (item, bench) => draft(folders.find((one) => one.name === item.key)!, name, bench),
    };
  },
});

/** By path, each with the files below it. A task folder inside another one belongs to the outer: its tests may hold a task.toml. */
function foldersIn(files: Artifact): HarborFolder[] {
  const marked = [...files.keys()].filter((path) => path === MARK || path.endsWith(`/${MARK}`)).sort();
  const tops = marked
    .map((path) => path.slice(0, -MARK.length))
    .filter((top, _, all) => !all.some((other) => other !== top && top.startsWith(other)));
  return tops.map((top) => ({
    name: top === '' ? 'task' : top.slice(0, -1),
    files: new Map(
      [...files].filter(([path]) => path.startsWith(top)).map(([path, bytes]) => [path.slice(top.length), bytes]),
    ),
  }));
}

const hashesOf = (files: Artifact): Record<string, string> =>
  Object.fromEntries([...files].map(([path, bytes]) => [path, sha256Of(bytes)]));

async function draft(folder: HarborFolder, name: string, bench: Workbench): Promise<Draft> {
  const id = taskId.parse(`${name}/${folder.name}`);
  const { store, seed, instruments } = bench;
  const read = await readHarborTask(folder, { store, seed, instruments });
  if ('problems' in read) {
    const why = read.problems.map(
      ({ path, expected, got }) => `${path}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`,
    );
    return { tasks: [], dropped: [{ id, why }] };
  }
  const task = { ...read.task, id, family: `${name}@${folder.name}`, canary: canaryOf(seed, id) };
  const solution = Buffer.from(folder.files.get('solution/solve.sh') ?? new Uint8Array()).toString();
  return { tasks: [{ task, substance: `${task.instruction}\n${solution}`, parents: [] }], dropped: [] };
}
