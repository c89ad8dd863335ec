// Identifiers that cross a boundary are branded, so that a rollout id cannot be passed where a task id is meant.
import { z } from 'zod';

/** A campaign's name: also part of workflow ids, job names and policy names, hence the narrow alphabet. */
export const campaignName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'lower-case letters, digits and dashes; starts with a letter; at most 40 characters')
  .brand<'CampaignName'>();
export type CampaignName = z.infer<typeof campaignName>;

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hexadecimal')
  .brand<'Sha256'>();
export type Sha256 = z.infer<typeof sha256>;

/** `module.function` plus a phrasing or composition suffix, for example `operator.add#plain`. */
export const taskId = z.string().min(1).max(200).brand<'TaskId'>();
export type TaskId = z.infer<typeof taskId>;

/**
 * Why a rollout was requested. Only `train` rollouts are trained on; every purpose has its own ledger. `again`: the gate split once
 * more, with other seeds. `visible`: a fixed part of the visible split, measured and not trained on.
 */
export const purpose = z.enum(['train', 'gate', 'sealed', 'pilot', 'again', 'visible']);
export type Purpose = z.infer<typeof purpose>;

/**
 * `<campaign>/r<round>/<purpose>.v<policy>/g<group>/s<sample>`: the same request always has the same id. Where `agent` stands for the
 * purpose it is no rollout but a session of one of the project's own agents (contracts/agent-session.ts).
 */
export type RolloutIdText = `${string}/r${number}/${Purpose}.v${number}/g${number}/s${number}`;
export const rolloutId = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\/r\d+\/(train|gate|sealed|pilot|again|visible|agent)\.v\d+\/g\d+\/s\d+$/)
  .brand<'RolloutId'>();
export type RolloutId = z.infer<typeof rolloutId>;

export function makeRolloutId(of: {
  campaign: CampaignName;
  round: number;
  purpose: Purpose;
  policyVersion: number;
  group: number;
  sample: number;
}): RolloutId {
  const text: RolloutIdText = `${of.campaign}/r${of.round}/${of.purpose}.v${of.policyVersion}/g${of.group}/s${of.sample}`;
  return rolloutId.parse(text);
}

/** The name under which a policy version is served: `quickstart.v3`. Version 0 is the base model. */
export type PolicyNameText = `${string}.v${number}`;
export const policyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\.v\d+$/)
  .brand<'PolicyName'>();
export type PolicyName = z.infer<typeof policyName>;

export function makePolicyName(campaign: CampaignName, version: number): PolicyName {
  const text: PolicyNameText = `${campaign}.v${version}`;
  return policyName.parse(text);
}

/** The campaign whose policy bears the name. */
export const campaignOfPolicy = (name: PolicyName): CampaignName =>
  campaignName.parse(name.slice(0, name.lastIndexOf('.v')));

export const completionId = z.string().min(1).max(300).brand<'CompletionId'>();
export type CompletionId = z.infer<typeof completionId>;

/** Kubernetes-safe (issue of name length: at most 52 characters leave room for pod suffixes). */
export const jobName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,51}$/)
  .brand<'JobName'>();
export type JobName = z.infer<typeof jobName>;

/** A round has one training job: whoever knows the round finds its result, whatever became of the workflow. */
export const trainingJobName = (campaign: CampaignName, round: number): JobName =>
  jobName.parse(`${campaign}-r${round}-train`);

/** `<campaign>.<kind>[-<n>]`, unique within a Temporal namespace; what `anneal decide` takes. */
export const gateId = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/)
  .brand<'GateId'>();
export type GateId = z.infer<typeof gateId>;

export const decisionId = z.string().min(8).max(100).brand<'DecisionId'>();
export type DecisionId = z.infer<typeof decisionId>;
