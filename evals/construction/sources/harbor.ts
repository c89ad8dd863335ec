// The source `harbor`: a folder of Harbor task folders, at any depth. A folder with a task.toml is a task; what else lies around is not
// read.
import { z } from 'zod';
import type { ArtifactRef } from '../../../contracts/artifact.ts';
import { AnnealError } from '../../../contracts/errors.ts';
import { taskId } from '../../../contracts/ids.ts';
import type { Environments } from '../harbor/environment.ts';
import { readHarborTask } from '../harbor/read-task.ts';
import { canaryOf, type Draft, defineSource, hashOf, type Workbench } from '../source.ts';
import { foldersWith, hashesOf, type MarkedFolder } from './marked-folders.ts';

export const harborOptions = z.strictObject({
  /** Folder of task folders. */
  folder: z.string().min(1),
  /** What the set is called in tasks, for example `terminal-bench`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'lower-case letters, digits, dots and dashes'),
  /** Tars of root file systems (docs/environments.md), by the image that a folder names or what its metadata.anneal.environment says. */
  environments: z.record(z.string().min(1), z.string().min(1)).default({}),
});
type Options = z.infer<typeof harborOptions>;

const MARK = 'task.toml';

export const harbor = defineSource<Options>({
  name: 'harbor',
  options: harborOptions,
  formats: ['terminal-state'],
  reads: ({ folder }) => [folder],
  keeps: ({ environments }) => Object.values(environments),
  async open({ folder, name, environments: tars }, ports) {
    const folders = foldersWith(MARK, await ports.readFolder(folder));
    if (folders.length === 0) throw new AnnealError('tasks.source_failed', `${folder} holds no folder with a ${MARK}`);
    const environments = new Map<string, ArtifactRef>();
    for (const [image, path] of Object.entries(tars)) environments.set(image, await ports.keep(path));
    const roots = Object.fromEntries([...environments].map(([image, { sha256 }]) => [image, sha256]));
    const items = folders.map((one) => ({ key: one.name, content: hashesOf(one.files) }));
    return {
      kind: 'harbor',
      // Not where it lies: the same folders elsewhere give the same tasks.
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
  const { store, seed, instruments } = bench;
  const read = await readHarborTask(folder, { store, seed, instruments, environments });
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
