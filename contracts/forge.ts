// The port to a forge (GitHub, GitLab): where people see a change as a pull request, with its checks. What stands there is told or read, and
// decides nothing: decisions are Anneal's own gates.
import { z } from 'zod';
import type { ChangeId, CommitId } from './change.ts';

const secretName = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'the name of a variable of the environment');

/** How a repository is reached at a forge; part of ANNEAL_REPOSITORIES. */
export const forgeSpec = z
  .strictObject({
    kind: z.enum(['github', 'gitlab']),
    url: z.url({ protocol: /^https?$/ }).describe('Of the forge itself: https://github.com, https://gitlab.example'),
    project: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)+$/, 'as it stands in addresses: owner/name')
      .refine((path) => path.split('/').every((part) => !/^\.{1,2}$/.test(part)), 'no folder'),
    token: z
      .union([z.strictObject({ env: secretName }), z.strictObject({ secret: z.string().min(1).describe('A file.') })])
      .describe('Where its token stands; read at each use, given to nobody else.'),
    git: z
      .url({ protocol: /^(https?|ssh)$/ })
      .optional()
      .describe('Where git fetches and pushes; with ssh:// by `ssh`.'),
    show: z
      .enum(['decided', 'proposed'])
      .default('decided')
      .describe(
        'A change that a human is asked about is shown there after the yes, since a forge runs what a branch holds; or before, but for critical paths.',
      ),
    ssh: z
      .strictObject({ key: z.string().min(1), knownHosts: z.string().min(1) })
      .optional()
      .describe('Files: a private key without a password, and the keys of the host.'),
  })
  .superRefine(({ url, git = url, ssh }, check) => {
    for (const [path, text] of [
      ['url', url],
      ['git', git],
    ] as const) {
      const { protocol, hostname, username, password } = new URL(text);
      if (protocol === 'http:' && !/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname))
        check.addIssue({ code: 'custom', path: [path], message: 'https, since a token is sent there' });
      if (password !== '' || (username !== '' && protocol !== 'ssh:'))
        check.addIssue({ code: 'custom', path: [path], message: 'without a name or a password' });
      if (protocol === 'ssh:' && ssh === undefined)
        check.addIssue({ code: 'custom', path: ['ssh'], message: 'a key and the keys of the host, for ssh' });
    }
  });
export type ForgeSpec = z.infer<typeof forgeSpec>;

export interface ForgeRequest {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  /** The commit that the forge has at its head branch. */
  readonly head: string;
  /** By whom it was opened. */
  readonly author: string;
}

export interface ForgeReview {
  readonly by: string;
  readonly said: 'approved' | 'changes-requested' | 'commented';
}

/** A ticket as somebody has written it there. */
export interface ForgeIssue {
  readonly number: number;
  readonly title: string;
  readonly text: string;
  readonly author: string;
  readonly labels: readonly string[];
  readonly updatedAt: string;
  readonly url: string;
}

export interface ForgeCheck {
  readonly commit: CommitId;
  /** For example `anneal/tests`. */
  readonly name: string;
  readonly state: 'pending' | 'passed' | 'failed';
  /** One line; cut where a forge has no room. */
  readonly says: string;
}

/**
 * Every call may be made again after a crash or a lost answer: what is there is found and not made twice.
 * @throws AnnealError `forge.unauthorised`, `forge.not_found`, `forge.rejected`; `forge.unavailable` where the same may succeed later
 */
export interface Forge {
  readonly kind: ForgeSpec['kind'];
  /** Opens the request for a change, or finds it, in whatever state it is: by its branch and the change's mark in its text. */
  open(of: {
    readonly change: ChangeId;
    readonly branch: string;
    readonly onto: string;
    readonly title: string;
    readonly text: string;
  }): Promise<ForgeRequest>;
  /** The same without opening one. */
  find(of: { readonly change: ChangeId; readonly branch: string; readonly onto: string }): Promise<ForgeRequest | null>;
  look(number: number): Promise<ForgeRequest>;
  /** Closes it without a merge; one that is merged or closed stays so. */
  close(number: number): Promise<ForgeRequest>;
  check(of: ForgeCheck): Promise<void>;
  reviews(number: number): Promise<ForgeReview[]>;
  /** Once for each `what`, by the one who opened the request. */
  comment(of: { readonly number: number; readonly what: string; readonly text: string }): Promise<void>;
  /** Open ones that were touched since then, the longest untouched first; page after page, as they are asked for. */
  issues(of: { readonly since?: string; readonly labels?: readonly string[] }): AsyncIterable<ForgeIssue>;
  /** Whether it is open still. */
  issueState(number: number): Promise<'open' | 'closed'>;
  /** Once for each mark. Nobody can know it before it stands there: whoever has it, it was said. */
  commentIssue(of: { readonly number: number; readonly mark: string; readonly text: string }): Promise<void>;
}

/** Where a change stands at the forge until it has landed: a branch of ours, by its id. */
export const changeBranch = (change: ChangeId): string => `anneal/change-${change.slice(0, 16)}`;
/** By which a request is known again. Nothing else that is written there has it outside a block of code. */
export const changeMark = (change: ChangeId): string => `<!-- anneal-change: ${change} -->`;

/** What became of the request at a forge. That it could not be made or told is told, and stops nothing. */
export const forgeTold = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('told'), number: z.int(), url: z.string(), reviews: z.array(z.string()) }),
  z.strictObject({ how: z.literal('not-told'), why: z.string() }),
]);
export type ForgeTold = z.infer<typeof forgeTold>;
