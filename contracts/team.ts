// Teams: who may submit, how much, and where a team's campaigns run. One document for an installation, kept by its administrators.
import { z } from 'zod';
import { kubernetesName } from './kubernetes.ts';
import { duration } from './units.ts';

export const teamName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 40')
  .brand<'TeamName'>();
export type TeamName = z.infer<typeof teamName>;

export const quotaSpec = z.strictObject({
  gpus: z.int().min(0).describe('Held at once by all its running campaigns.'),
  tokens: z.int().positive().describe('Generated within the window; what running campaigns may still use is included.'),
  window: duration.default('30d').describe('How long a token counts after its campaign has ended.'),
  campaigns: z.int().positive().default(20).describe('Running at once.'),
});
export type QuotaSpec = z.infer<typeof quotaSpec>;

export const teamSpec = z.strictObject({
  name: teamName,
  members: z
    .array(z.string().min(1).max(100))
    .min(1)
    .describe('Who may submit: what stands as `owner` in a campaign, or as the name of the identity that submits.'),
  quota: quotaSpec,
  share: z
    .number()
    .min(0.001)
    .max(1000)
    .default(1)
    .describe('Of the task queues that several teams use, relative to the others.'),
  temporal: z.strictObject({
    namespace: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, "a namespace's name: letters, digits, dots and dashes"),
  }),
  kubernetes: z
    .strictObject({
      namespace: kubernetesName.describe('Where its trainers and policy servers run.'),
      queue: kubernetesName.optional().describe("Kueue's LocalQueue in it; without one, pods are created at once."),
    })
    .optional()
    .describe('Without it the team submits nothing with compute: kubernetes.'),
});
export type TeamSpec = z.infer<typeof teamSpec>;

export const teamsSpec = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('Teams'),
  teams: z.array(teamSpec).min(1),
});
export type TeamsSpec = z.infer<typeof teamsSpec>;
