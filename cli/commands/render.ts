// render k8s: the manifests that a campaign or a profile comes to, for review and for `kubectl apply --dry-run=server`.
import { type Command, Option } from 'commander';
import { stringify } from 'yaml';
import { AnnealError } from '../../contracts/errors.ts';
import { jobName, sha256 } from '../../contracts/ids.ts';
import { kubernetesName } from '../../contracts/kubernetes.ts';
import { durationMs } from '../../contracts/units.ts';
import { campaignManifests } from '../../k8s/manifests/campaign.ts';
import type { Run, Session } from '../session.ts';
import { requirePlan } from './plan.ts';

interface RenderFlags {
  readonly profile?: string;
  readonly namespace?: string;
  readonly workload?: 'jobset' | 'job';
}

/** The batch, and with it the document's hash, exists only when the round has been rolled out. */
const HASH_TO_COME = sha256.parse('0'.repeat(64));
const NOTICE = `# Printed, not created. Known only later: the owner's uid, the annotation anneal.dev/spec-hash of the trainer, and the
# number of the attempt in its name.
`;

export function addRender(program: Command, run: Run): void {
  program
    .command('render')
    .description('print what would be created')
    .command('k8s <file>')
    .description("a campaign's or a profile's Kubernetes manifests, as YAML")
    .option('--profile <name>', 'the profile to render a campaign with')
    .option('--namespace <name>', 'the namespace of trainers and policy servers')
    .addOption(new Option('--workload <kind>', 'what trainers are').choices(['jobset', 'job']))
    .action((file: string, flags: RenderFlags, command: Command) =>
      run((session) => render(session, file, flags), command),
    );
}

async function render({ config, json }: Session, file: string, flags: RenderFlags): Promise<void> {
  const wanted = kubernetesName.optional().safeParse(flags.namespace);
  if (!wanted.success)
    throw new AnnealError(
      'cli.usage',
      `--namespace expects ${wanted.error.issues[0]?.message ?? ''}; got ${flags.namespace}`,
    );
  const { profile, campaign } = await requirePlan(file, flags.profile === undefined ? {} : { profile: flags.profile });
  const name = campaign?.name ?? profile.name;
  const { deployment } = config;
  const settings = deployment.compute === 'kubernetes' ? deployment.cluster : undefined;
  const [address, query = ''] = (deployment.compute === 'kubernetes' ? deployment.store : 's3://BUCKET/PREFIX').split(
    '?',
  );
  const parameters = new URLSearchParams(query);
  const manifests = campaignManifests({
    campaign: name,
    namespace: wanted.data ?? settings?.namespace ?? 'anneal',
    profile,
    workload: flags.workload ?? settings?.workload ?? 'jobset',
    store: {
      address: address ?? '',
      endpoint: parameters.get('endpoint') ?? undefined,
      region: parameters.get('region') ?? undefined,
      secret: settings?.storeSecret ?? (settings === undefined ? 'anneal-store' : undefined),
    },
    tokenSecret: settings?.tokenSecret ?? 'anneal-policy',
    document: {
      name: jobName.parse(`${name}-r1-train`),
      specHash: HASH_TO_COME,
      maxSeconds: durationMs(campaign?.training.timeout ?? '24h') / 1000,
    },
  });
  if (json) process.stdout.write(`${JSON.stringify({ manifests }, undefined, 2)}\n`);
  else
    process.stdout.write(
      NOTICE + manifests.map((one) => `---\n${stringify(one, { aliasDuplicateObjects: false })}`).join(''),
    );
}
