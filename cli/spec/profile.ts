// The model profile that a campaign for Kubernetes names: read and judged with the campaign, and submitted with it, so that what
// runs is what was checked.
import { dirname, resolve } from 'node:path';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { misfits } from '../../k8s/layout/campaign.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { nameProblems } from '../../k8s/names.ts';
import type { CampaignDocument } from './document.ts';
import { valueAt } from './from-zod.ts';

const DEFAULT = 'cpu';

export async function readProfile(
  spec: CampaignSpec,
  document: CampaignDocument,
  campaignFile: string,
): Promise<{ readonly profile: ProfileSpec | undefined; readonly problems: readonly Problem[] }> {
  const { compute, profile: named = DEFAULT } = spec;
  if (compute !== 'kubernetes') {
    const others = contradictions(spec, undefined, document);
    if (spec.profile === undefined) return { profile: undefined, problems: others };
    const problem: Problem = {
      code: 'spec.unknown_field',
      path: 'profile',
      line: document.locate(['profile']).line,
      expected: 'a profile only beside `compute: kubernetes`',
      got: spec.profile,
      hint: 'Write `compute: kubernetes`, or remove the profile.',
    };
    return { profile: undefined, problems: [problem, ...others] };
  }
  const field = spec.profile === undefined ? 'compute' : 'profile';
  const { profile, problems } = await load(named, field, document, campaignFile);
  if (profile === undefined) return { profile, problems };
  const { line } = document.locate(['name']);
  const names = nameProblems(spec, profile.trainer.nodes).map((one) => ({ ...one, line }));
  return { profile, problems: [...names, ...contradictions(spec, profile, document)] };
}

/** Of a campaign in which other fields are wrong: at least whether its profile can work at all. */
export async function profileProblems(
  root: unknown,
  document: CampaignDocument,
  campaignFile: string,
): Promise<readonly Problem[]> {
  const named = valueAt(root, ['profile']);
  if (valueAt(root, ['compute']) !== 'kubernetes' || typeof named !== 'string') return [];
  return (await load(named, 'profile', document, campaignFile)).problems;
}

async function load(named: string, field: 'profile' | 'compute', document: CampaignDocument, campaignFile: string) {
  try {
    return { profile: await loadProfile(named, dirname(resolve(campaignFile))), problems: [] };
  } catch (failure) {
    if (!(failure instanceof AnnealError)) throw failure;
    const first = failure.problems[0];
    const problem: Problem = {
      code: failure.code,
      path: 'profile',
      line: document.locate([field]).line,
      expected: 'a profile that can work',
      got: first === undefined ? failure.message : `${failure.message}; the first: ${first.path}: ${first.expected}`,
      hint: `See all of it with ./anneal plan ${named}.`,
    };
    return { profile: undefined, problems: [problem] };
  }
}

/** Where a profile and a campaign contradict each other. */
function contradictions(spec: CampaignSpec, profile: ProfileSpec | undefined, document: CampaignDocument): Problem[] {
  return misfits(spec, profile).map(({ path, ...rest }): Problem => {
    const [field = ''] = path.split(':');
    const { line } = document.locate(field.split('.'));
    return { code: field === 'profile' ? 'profile.invalid' : 'spec.out_of_range', path, line, ...rest };
  });
}
