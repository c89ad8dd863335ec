// What a forge answers, in the form that is expected of it.
import type { z } from 'zod';
import type { ForgeRequest } from '../../contracts/forge.ts';
import { failed } from './http.ts';

/** @throws AnnealError `forge.unavailable`: a proxy's page, or a forge of another kind */
export function parsed<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw failed('forge.unavailable', `its answer is of another form: ${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * The request of a change: an open one before others, then the first that there was.
 * @throws AnnealError `forge.rejected` where somebody else's open request stands at the branch
 */
export function asOne(
  marked: readonly ForgeRequest[],
  all: readonly ForgeRequest[],
  branch: string,
): ForgeRequest | undefined {
  const own = marked.find(({ state }) => state === 'open') ?? marked.toSorted((a, b) => a.number - b.number)[0];
  const others = all.filter(({ state }) => state === 'open');
  if (own === undefined && others.length > 0)
    throw failed('forge.rejected', `${others[0]!.url} stands at ${branch} and does not name the change`);
  return own;
}
