// What a trainer's pod says of its end (trainer/anneal_trainer/pod.py): JSON in the bucket, and as termination message.
import { z } from 'zod';
import type { StopCause } from '../../contracts/job.ts';

const told = z.object({
  code: z.string(),
  message: z.string(),
  problems: z.array(z.object({ path: z.string(), expected: z.string(), got: z.unknown() })).default([]),
});

/** @param text of the pod, or anybody's words for an end that the pod could not explain */
export function readPodMessage(text: string): { readonly message: string; readonly cause: StopCause | undefined } {
  const { code, message, problems } = told.safeParse(jsonOf(text)).data ?? { code: '', message: text, problems: [] };
  const lines = problems.map(({ path, expected, got }) => `  ${path}: expected ${expected}, got ${String(got)}`);
  return { message: [message, ...lines].join('\n'), cause: CAUSES.get(code) };
}

/** The exit code is that of a broken accelerator; what the pod itself says of it is not about the node. */
const CAUSES: ReadonlyMap<string, StopCause> = new Map([
  // The bucket was out of reach, which says nothing about the job either.
  ['store.unavailable', 'store_unreachable'],
  // Of a GPU or of the process: the next attempt computes in smaller pieces.
  ['out_of_memory', 'out_of_memory'],
]);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
