// The source `harbor`: a folder of Harbor task folders, at any depth. A folder with a task.toml is a task; what else lies around is not
// read.
import { z } from 'zod';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import { readHarborTask } from '../harbor/read-task.ts';
import { canaryOf, type Draft, defineSource, hashOf, type Workbench } from '../source.ts';
import { foldersWith, hashesOf, type MarkedFolder } from './marked-folders.ts';

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
    const folders = foldersWith(MARK, await ports.readFolder(folder));
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

async function draft(folder: MarkedFolder, name: string, bench: Workbench): Promise<Draft> {
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
