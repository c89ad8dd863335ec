// pool reverify: stored rollouts judged once more, without asking a policy. What was recorded stays as it is.
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { createDocuments } from '../../activities/read.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import { type VerifierRef, verifierRef } from '../../contracts/judgement.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import { type Reverification, reverificationName } from '../../contracts/reverification.ts';
import { groupsOf, reverify } from '../../evals/reverify/reverify.ts';
import { artifactVerifierNames } from '../../evals/verifiers/artifact-registry.ts';
import { verifierNames } from '../../evals/verifiers/registry.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { madeWith } from '../../infra/made-with.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import { isKnown, parseCampaignName } from '../../infra/temporal/campaign-names.ts';
import { browserOf, judgeOf, sandboxOf, toolsOf } from '../instruments.ts';
import { interruptible } from '../interrupt.ts';
import { readPlans, secretOf } from '../rollouts.ts';
import { type Run, type Session, screen } from '../session.ts';
import { renderReverification } from '../view/reverification.ts';
import { addPoolTables } from './pool-tables.ts';

interface ReverifyFlags {
  readonly verifier?: string;
  readonly round?: string;
}

export function addPool(program: Command, run: Run): void {
  const pool = program.command('pool').description('look at what rollouts left');
  addPoolTables(pool, run);
  pool
    .command('reverify <campaign>')
    .description('judge stored rollouts once more, without inference; shows what differs and overwrites nothing')
    .option('--verifier <name@version>', 'the verifier to judge by; the one that each task names unless given')
    .option('--round <number>', 'of one round only')
    .action((campaign: string, flags: ReverifyFlags, command: Command) =>
      run(
        (session) =>
          interruptible(
            (signal) => reverifyCampaign(session, parseCampaignName(campaign), flags, signal),
            'Stopped; nothing was recorded.',
          ),
        command,
      ),
    );
}

async function reverifyCampaign(
  session: Session,
  campaign: CampaignName,
  flags: ReverifyFlags,
  signal: AbortSignal,
): Promise<void> {
  const { store, config } = session;
  const round = flags.round === undefined ? undefined : roundOf(flags.round);
  const wanted = flags.verifier === undefined ? undefined : verifierOf(flags.verifier);
  if (!(await isKnown(store, campaign)))
    throw new AnnealError('campaign.not_found', `no campaign is called ${campaign}`);
  const documents = createDocuments(store);
  // A look at the sealed split is a human's decision, also at what was seen of it before.
  const plans = (await readPlans(store, documents, campaign))
    .map(({ plan }) => plan)
    .filter((plan) => plan.purpose !== 'sealed' && (round === undefined || plan.round === round));
  if (plans.length === 0) {
    const where = round === undefined ? '' : ` in round ${round}`;
    throw new AnnealError('rollout.none', `${campaign} has rolled nothing out${where}`);
  }
  const verifier = wanted ?? (await verifierOfTasks(plans, async (plan) => (await documents.split(plan.tasks)).tasks));
  const stack = await stackStatus(config);
  if (stack.endpoints === undefined) throw new AnnealError('stack.not_running', 'the gateway keeps what rollouts left');
  const gateway = createGatewayClient({
    url: stack.endpoints.gateway,
    secretFile: config.paths.gatewaySecret,
  });
  const sandbox = sandboxOf(config, store);
  const { rollouts, left } = await reverify(
    {
      ...{ store, gateway, tasksOf: async (plan) => (await documents.split(plan.tasks)).tasks },
      sandbox,
      judgeOf: judgeOf(config, store),
      tools: toolsOf(config),
      browser: browserOf(config),
    },
    {
      ...{ plans, verifier, signal, concurrency: availableParallelism() },
      secret: secretOf(config),
      onProgress: (done, of) => tellProgress(done, of),
    },
  );
  const found: Reverification = {
    schema: 'anneal/reverification/v1',
    campaign,
    verifier,
    made: await madeWith(config, sandbox),
    rollouts,
    left,
  };
  const ref = await store.put(canonicalJson(found));
  await store.createNamed(reverificationName(found, ref.sha256), JSON.stringify(ref));
  if (session.json) process.stdout.write(`${JSON.stringify({ reverification: found, object: ref }, undefined, 2)}\n`);
  else process.stdout.write(`${renderReverification(found, groupsOf(rollouts), ref, screen(session)).join('\n')}\n`);
}

async function verifierOfTasks(
  plans: readonly RolloutPlan[],
  tasksOf: (plan: RolloutPlan) => Promise<readonly { readonly verifier: VerifierRef }[]>,
): Promise<VerifierRef> {
  const [first] = plans;
  const [task] = first === undefined ? [] : await tasksOf(first);
  if (task === undefined) throw new AnnealError('rollout.none', 'its plans name no task');
  return task.verifier;
}

function verifierOf(text: string): VerifierRef {
  const [name, version] = text.split('@');
  const parsed = verifierRef.safeParse({ name, version: Number(version) });
  const known = [...verifierNames(), ...artifactVerifierNames()];
  if (parsed.success && known.includes(text)) return parsed.data;
  throw new AnnealError('cli.usage', `--verifier expects one of ${known.join(', ')}; got ${text}`);
}

function roundOf(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new AnnealError('cli.usage', `--round expects a round's number; got ${text}`);
}

function tellProgress(done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of} rollouts${done === of ? '\n' : ''}`);
  else if (done === of || done % 100 === 0) process.stderr.write(`${done} of ${of} rollouts\n`);
}
