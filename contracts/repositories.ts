// Which repositories agents may propose changes to, and what is asked of such a change: one document for an installation, read by its workers.
import { z } from 'zod';
import { repositoryName } from './change.ts';
import { forgeSpec } from './forge.ts';
import { duration } from './units.ts';

const glob = z.string().min(1).max(200).describe('A path below the repository, with * and **.');

const coderBounds = (turns: number, tokens: number, time: string) => ({
  turns: z.int().min(1).max(1_000).default(turns),
  tokens: z.int().min(1).max(100_000_000).default(tokens),
  time: duration.default(time),
});

export const ticketSettings = z.strictObject({
  agents: z.int().min(1).max(100).default(2).describe('So many tickets of this repository are worked at a time.'),
  attempts: z.int().min(1).max(20).default(3),
  budget: z
    .strictObject(coderBounds(80, 400_000, '1h'))
    .prefault({})
    .describe('Of the coding agent, for all attempts at a ticket until it is approved.'),
  afterApproval: z
    .strictObject({ times: z.int().min(0).max(5).default(2), ...coderBounds(30, 100_000, '20m') })
    .prefault({})
    .describe('Where the branch has moved so that an approved change does not land: its rework, counted apart.'),
  backOff: z.strictObject({ first: duration.default('30s'), most: duration.default('30m') }).prefault({}),
  stalledAfter: z
    .int()
    .min(2)
    .max(50)
    .default(6)
    .describe('Turns without a new edit and without anything new to see: the attempt ends.'),
});
export type TicketSettings = z.infer<typeof ticketSettings>;

export const repositorySpec = z.strictObject({
  name: repositoryName,
  path: z
    .string()
    .min(1)
    .describe('Its folder, best a bare one: a branch that is checked out somewhere is not landed on.'),
  branch: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/, 'the name of a branch')
    .default('main'),
  ask: z
    .enum(['critical', 'always'])
    .default('critical')
    .describe(
      'A human decides on changes of critical paths and on those of a run that read what nobody vouches for; or on every change.',
    ),
  paths: z
    .strictObject({
      critical: z.array(glob).max(500).default([]),
      refused: z.array(glob).max(500).default([]),
    })
    .prefault({})
    .describe(
      'Besides what is always critical: continuous integration, lockfiles, configuration of tests, instructions of agents.',
    ),
  smoke: z
    .strictObject({
      command: z
        .tuple([z.string().min(1)], z.string())
        .describe('Run in the files of the merged state, before the branch moves.'),
      within: duration.default('5m'),
    })
    .optional(),
  gate: z
    .strictObject({ deadline: duration.default('24h'), remindAfter: duration.default('4h') })
    .prefault({})
    .describe('How long a human has; silence leaves the change unmerged.'),
  budget: z
    .strictObject({
      turns: z.int().min(1).max(1_000).default(40),
      tokens: z.int().min(1).max(100_000_000).default(400_000),
      time: duration.default('30m'),
    })
    .prefault({})
    .describe('Of the coding agent, for one incident.'),
  tickets: ticketSettings.prefault({}),
  forge: forgeSpec
    .optional()
    .describe('Changes are shown there as pull requests; its branch is the one that counts, and `path` follows it.'),
});
export type RepositorySpec = z.infer<typeof repositorySpec>;

export const repositoriesSpec = z
  .strictObject({
    apiVersion: z.literal('anneal/v1'),
    kind: z.literal('Repositories'),
    repositories: z.array(repositorySpec).min(1).max(100),
  })
  .superRefine(({ repositories }, check) => {
    for (const [index, { name }] of repositories.entries())
      if (repositories.findIndex((one) => one.name === name) < index)
        check.addIssue({ code: 'custom', path: ['repositories', index, 'name'], message: `${name} stands here twice` });
  });
export type RepositoriesSpec = z.infer<typeof repositoriesSpec>;
