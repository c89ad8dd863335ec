// Where heads of the audit log are kept besides the store: one document for an installation. It may hold tokens.
import { z } from 'zod';
import type { AuditHead } from './audit.ts';

const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/|$)/;

export const headPlace = z.discriminatedUnion('kind', [
  /** A line for each head, appended: on another machine's disk, or where the store's owner may not write. */
  z.strictObject({ kind: z.literal('file'), path: z.string().startsWith('/', 'a path from the root') }),
  /** Takes a head by POST, and answers GET with all that it has, a line each. */
  z.strictObject({
    kind: z.literal('https'),
    url: z.url().refine((url) => url.startsWith('https://') || LOOPBACK.test(url), 'https://, or this machine'),
    token: z.string().min(16).optional(),
    /** Some only take: what they hold is compared by hand. */
    answers: z.boolean().default(true),
  }),
  /** A commit for each head, on a branch that is never forced. */
  z.strictObject({
    kind: z.literal('git'),
    /** A path from the root, or what git takes by https and ssh. */
    repository: z.string().regex(/^(?:\/|https:\/\/|ssh:\/\/)\S+$/, 'a path from the root, https://… or ssh://…'),
    branch: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,59}$/, 'lower-case letters, digits and dashes')
      .default('audit-heads'),
  }),
]);
export type HeadPlaceSpec = z.infer<typeof headPlace>;

export const auditHeadsSpec = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('AuditHeads'),
  places: z.array(headPlace).min(1).max(8),
});
export type AuditHeadsSpec = z.infer<typeof auditHeadsSpec>;

export interface KeptHeads {
  readonly heads: readonly AuditHead[];
  /** What lies there and is no head. */
  readonly strange: number;
}

/** A place beside the store. */
export interface HeadPlace {
  /** For people; no secret. */
  readonly name: string;
  /** Adds it to those that are there. The same one twice does no harm. @throws AnnealError `audit.unkept` */
  keep(head: AuditHead): Promise<void>;
  /** Undefined where it only takes. @throws AnnealError `audit.unkept` */
  heads(): Promise<KeptHeads | undefined>;
}
