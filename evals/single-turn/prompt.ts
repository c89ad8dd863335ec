// What a policy reads of a task that it does in one reply: the instruction, the given files, and how the reply becomes the file.
import type { ArtifactTask } from '../../contracts/artifact-task.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type Artifact, textOf } from '../verifiers/artifact.ts';
import { fileOf, whyNotSingleTurn } from './fit.ts';

/** @throws AnnealError `task.invalid` where no reply can do the task, or a given file is no text */
export function promptFor(task: ArtifactTask, given: Artifact): string {
  const unfit = whyNotSingleTurn(task);
  if (unfit !== undefined) throw new AnnealError('task.invalid', `${task.id} ${unfit}`);
  const files = [...given].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, bytes]) => fenced(task.id, path, bytes));
  const rule = `Reply with one fenced code block: what stands in it becomes ${fileOf(task)}.`;
  return [task.instruction.trim(), ...files, rule].join('\n\n');
}

/** Of instruction and given files, about what the prompt takes. */
export const promptBytes = ({ instruction, given }: Pick<ArtifactTask, 'instruction' | 'given'>): number =>
  Object.values(given).reduce((sum, { bytes }) => sum + bytes, Buffer.byteLength(instruction));

function fenced(id: string, path: string, bytes: Uint8Array): string {
  const text = textOf(bytes);
  if (text === undefined) throw new AnnealError('task.invalid', `${id} gives ${path}, which is no text in UTF-8`);
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${path}:\n${fence}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}`;
}
