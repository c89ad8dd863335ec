// reproduce: a result run again from its manifest, part by part; what cannot be run again is named with the reason.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { approvalsOf, recordingsOf } from '../../activities/manifest-parts.ts';
import { createDocuments } from '../../activities/read.ts';
import { campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import { lockedSet } from '../../contracts/locked-set.ts';
import type { ReportData } from '../../contracts/record.ts';
import { type ReproducibilityManifest, releaseManifest, reproducibilityManifest } from '../../contracts/release.ts';
import type { ReproducedPart, Reproduction } from '../../contracts/reproduction.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { stackStatus } from '../../infra/stack/stack.ts';
import { parseCampaignName } from '../../infra/temporal/campaign-names.ts';
import { browserOf, sandboxOf, toolsOf } from '../instruments.ts';
import { interruptible } from '../interrupt.ts';
import { readReport } from '../report-file.ts';
import { createRecordedJudges } from '../reproduce/recorded-judge.ts';
import { rebuildTasks, rejudge, remeasure } from '../reproduce/results.ts';
import {
  compareDecisions,
  compareImages,
  compareMachine,
  compareRecordings,
  compareSources,
  compareSpecification,
} from '../reproduce/sources.ts';
import { retrain } from '../reproduce/training.ts';
import { readPlans, secretOf } from '../rollouts.ts';
import { type Run, type Session, screen } from '../session.ts';
import { renderReproduction } from '../view/reproduction.ts';

interface Flags {
  readonly training?: boolean;
}

export function addReproduce(program: Command, run: Run): void {
  program
    .command('reproduce <manifest>')
    .description(
      'run a result again: MANIFEST is a release.json, or the name of a campaign that has ended; says what is the same, what differs, and what cannot be run again',
    )
    .option('--training', 'train every round again as well (as long as the first time)')
    .action((manifest: string, flags: Flags, command: Command) =>
      run((session) => interruptible((signal) => reproduce(session, manifest, flags, signal), 'Stopped.'), command),
    );
}

async function reproduce(session: Session, given: string, flags: Flags, signal: AbortSignal): Promise<void> {
  const { config, store } = session;
  const file = await readManifestFile(session, given);
  const campaign = file?.manifest.campaign ?? nameOf(given);
  const data = await readReport(session, campaign);
  const manifest = file?.manifest ?? manifestOf(data);
  const stack = await stackStatus(config);
  if (stack.endpoints === undefined) {
    throw new AnnealError('stack.not_running', 'the gateway keeps what rollouts left');
  }
  const documents = createDocuments(store);
  const gateway = createGatewayClient({
    url: stack.endpoints.gateway,
    secretFile: config.paths.gatewaySecret,
  });
  const again = {
    ...{ store, documents, gateway, signal, onProgress: tell },
    sandbox: sandboxOf(config, store),
    judges: createRecordedJudges(store, documents),
    tools: toolsOf(config),
    browser: browserOf(config),
    verifyBytes: (await session.identity()).verifyBytes,
  };
  const spec = campaignSpec.parse(data.spec);
  const plans = await readPlans(store, documents, campaign);
  const parts: ReproducedPart[] = [
    ...(file?.signature === undefined ? [] : [file.signature]),
    compareSpecification(manifest, { parsed: spec, sha256: data.state.specHash }),
    ...(await compareSources(config, manifest)),
    compareMachine(manifest),
    await rebuildTasks(again, spec, lockedSet.parse(data.taskSet)),
    ...(await rejudge(
      again,
      plans.map(({ plan }) => plan),
      secretOf(config),
    )),
    await remeasure(again, data, plans, spec.evaluation.confidence),
    flags.training === true
      ? await retrain(config, store, data.state.rounds, again)
      : { part: 'training', verdict: 'left', why: 'not asked for; --training runs it, as long as the first time' },
    {
      part: 'rollouts',
      verdict: 'left',
      why: 'an engine that works on several requests at once adds up in another order, so that the same seed may give other tokens; what it said is kept',
    },
    compareRecordings(manifest, await recordingsOf(again, campaign)),
    ...compareImages(manifest),
    compareDecisions(manifest, await approvalsOf(store, campaign)),
  ];
  tell('');
  const found: Reproduction = { schema: 'anneal/reproduction/v1', campaign, parts };
  if (session.json) process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
  else process.stdout.write(`${renderReproduction(found, screen(session)).join('\n')}\n`);
  if (parts.some(({ part, verdict }) => verdict === 'different' && MUST_AGREE.has(part)))
    process.exitCode = EXIT.failed;
}

/** Other code or another machine may explain a difference; these are the result. */
const MUST_AGREE = new Set([
  'signature',
  'specification',
  'task set',
  'rewards',
  'statistics',
  'training',
  'recordings',
  'decisions',
]);

interface FromFile {
  readonly manifest: ReproducibilityManifest;
  /** Of a release; a bare manifest has none. */
  readonly signature?: ReproducedPart;
}

/** What can be no campaign's name is a file that is missing. */
function nameOf(given: string): CampaignName {
  if (campaignName.safeParse(given).success) return parseCampaignName(given);
  const hint = 'Name a release.json, or a campaign that has ended (./anneal status lists them).';
  throw new AnnealError('spec.missing_file', `There is no file ${given}.`, {
    problems: [
      { code: 'spec.missing_file', path: 'MANIFEST', expected: 'a file, or a campaign’s name', got: given, hint },
    ],
  });
}

/** Undefined where no such file is: then it is a campaign's name. */
async function readManifestFile(session: Session, path: string): Promise<FromFile | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed: unknown = parseJson(text, path);
  const release = releaseManifest.safeParse(parsed);
  if (release.success) {
    const identity = await session.identity();
    const { body } = release.data;
    try {
      identity.verifyBytes(canonicalJson(body), release.data);
      const why = `${body.policy.name}, signed by a key of this home`;
      return { manifest: body.manifest, signature: { part: 'signature', verdict: 'same', why } };
    } catch (failure) {
      if (!(failure instanceof AnnealError)) throw failure;
      return { manifest: body.manifest, signature: { part: 'signature', verdict: 'different', why: failure.message } };
    }
  }
  const bare = reproducibilityManifest.safeParse(parsed);
  if (bare.success) return { manifest: bare.data };
  throw new AnnealError('cli.usage', `${path} is neither a release.json nor a manifest`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AnnealError('cli.usage', `${path} is no JSON document`, { cause });
  }
}

function manifestOf({ state, manifest }: ReportData): ReproducibilityManifest {
  const parsed = reproducibilityManifest.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new AnnealError('campaign.no_report', `${state.campaign} ended before it had a task set, and has no manifest`);
}

function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
}
