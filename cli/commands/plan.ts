// plan: what a model profile needs and gives, before anything is created.
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { checkProfile } from '../../k8s/layout/check.ts';
import { asProblem, refusal } from '../../k8s/layout/errors.ts';
import { type Plan, planOf } from '../../k8s/layout/plan.ts';
import type { LayoutProblem } from '../../k8s/layout/rule.ts';
import { profilePath, readProfileText, shippedProfiles } from '../../k8s/layout/shipped.ts';
import { outlookOf, warnIfTooSmall } from '../outlook.ts';
import { type Run, screen } from '../session.ts';
import { readDocument } from '../spec/document.ts';
import { formatProblems } from '../spec/format.ts';
import { readCampaign } from '../spec/read.ts';
import { didYouMean } from '../spec/suggest.ts';
import { renderPlan } from '../view/plan.ts';

export interface PlanFlags {
  readonly price?: string;
  readonly profile?: string;
}

export interface FoundPlan {
  /** The profile's file, as messages name it. */
  readonly path: string;
  readonly text: string;
  readonly campaign: CampaignSpec | undefined;
  /** Both undefined when fields of the profile are wrong, so that nothing can be computed. */
  readonly profile: ProfileSpec | undefined;
  readonly plan: Plan | undefined;
  /** With lines of `text`. */
  readonly problems: readonly LayoutProblem[];
}

/**
 * Plans a shipped profile, a profile's file, or a campaign's file with the profile that it or `--profile` names.
 * @throws AnnealError when a file cannot be read, a campaign is wrong, or it names no profile
 */
export async function findPlan(file: string, flags: PlanFlags): Promise<FoundPlan> {
  const usdPerDeviceHour = priceOf(flags.price);
  const { campaign, profile } = await profileOf(file, flags.profile);
  const text = await readProfileText(profile);
  const { profile: checked, problems } = checkText(text);
  return {
    path: profile,
    text,
    campaign,
    problems,
    profile: checked,
    plan: checked === undefined ? undefined : { ...planOf(checked, { campaign, usdPerDeviceHour }), problems },
  };
}

async function profileOf(
  file: string,
  named: string | undefined,
): Promise<{ campaign: CampaignSpec | undefined; profile: string }> {
  const path = profilePath(file);
  if (kindOf(await readProfileText(path)) !== 'Campaign') {
    if (named === undefined) return { campaign: undefined, profile: path };
    throw new AnnealError('cli.usage', `--profile goes with a campaign, and ${file} is a profile`);
  }
  if (named !== undefined) {
    const profile = profilePath(named);
    // Alone it is shown with all that is wrong with it; one that works is judged with the campaign, as `validate` does.
    const works = checkText(await readProfileText(profile)).problems.length === 0;
    return { campaign: works ? (await readCampaign(path, { profile })).spec : undefined, profile };
  }
  const { spec } = await readCampaign(path);
  const own = spec.profile ?? (spec.compute === 'kubernetes' ? 'cpu' : undefined);
  if (own === undefined)
    throw new AnnealError(
      'cli.usage',
      `${file} names no profile: add --profile NAME, one of ${shippedProfiles().join(', ')}, or a file`,
    );
  // Like every path in a campaign, relative to its folder.
  return { campaign: spec, profile: profilePath(own, dirname(path)) };
}

function kindOf(text: string): unknown {
  try {
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  } catch {
    // Whoever reads it as a profile reports the syntax, with lines.
    return undefined;
  }
}

function checkText(text: string): { profile?: ProfileSpec; problems: readonly LayoutProblem[] } {
  const document = readDocument(text);
  if (document.problems.length > 0)
    return {
      problems: document.problems.map(({ code: _code, got, ...rest }) => ({
        ...rest,
        ...(got === undefined ? {} : { got }),
        code: 'profile.invalid',
        rule: 'syntax',
      })),
    };
  const { profile, problems } = checkProfile(document.value, didYouMean);
  const located = problems
    .map((problem) => ({ ...problem, line: document.locate(steps(problem.path)).line }))
    .sort((a, b) => a.line - b.line);
  return profile === undefined ? { problems: located } : { profile, problems: located };
}

/** `accelerators.h200`, `tolerations[1].key` as steps. */
const steps = (path: string): (string | number)[] =>
  [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  );

function priceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const price = Number(text.replace(/^\$/, ''));
  if (!Number.isFinite(price) || price <= 0 || text.trim() === '')
    throw new AnnealError(
      'cli.usage',
      `--price expects US dollars for a GPU and an hour, for example 3.50; got ${text}`,
    );
  return price;
}

export function addPlan(program: Command, run: Run): void {
  program
    .command('plan <file>')
    .description(
      "what a model profile needs: GPUs, memory, checkpoints, time and cost; FILE is a profile's name or file, or a campaign",
    )
    .option('--price <usd>', 'US dollars for a GPU and an hour')
    .option('--profile <name>', 'the profile to plan a campaign with')
    .action((file: string, flags: PlanFlags, command: Command) =>
      run(async (session) => {
        const { plan, problems, path, text, campaign } = await findPlan(file, flags);
        if (campaign !== undefined) warnIfTooSmall(outlookOf(campaign));
        if (session.json) process.stdout.write(`${JSON.stringify({ plan: plan ?? null, problems })}\n`);
        else if (plan !== undefined) process.stdout.write(`${renderPlan(plan, screen(session)).join('\n')}\n`);
        if (problems.length === 0) return;
        process.exitCode = EXIT.badInput;
        // The page says why a layout is refused; where fields are wrong there is no page.
        if (!session.json && plan === undefined)
          process.stderr.write(`${formatProblems(problems.map(asProblem), path, text, screen(session))}\n`);
      }, command),
    );
}

/** For commands that need a layout that works, such as rendering manifests. */
export async function requirePlan(
  file: string,
  flags: PlanFlags,
): Promise<FoundPlan & { readonly plan: Plan; readonly profile: ProfileSpec }> {
  const found = await findPlan(file, flags);
  const { plan, profile, problems, path } = found;
  if (plan === undefined || profile === undefined || problems.length > 0) throw refusal(path, problems);
  return { ...found, plan, profile };
}
