// Jobs on Kubernetes. The store knows what was asked for, which attempts have begun and how it ended; the cluster knows
// what runs. Nothing is remembered here, so any worker can take over.
//
// An attempt is created by a name that follows from the job and the attempt's number. A doubt about the cluster is never
// an end: only an object that says that it has ended, or that is not there though the server answered, makes a next attempt.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type CampaignName, campaignName, type JobName, sha256 as sha256Schema } from '../../contracts/ids.ts';
import { type JobDocument, type JobRunner, type JobState, jobDocument } from '../../contracts/job.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import type { Windows } from '../../policies/job-stop-seen.ts';
import { ADMISSION_MS } from '../../policies/job-wait.ts';
import { isSmallerNext, piecesAfter } from '../../policies/pieces.ts';
import type { SeenStop } from '../../policies/quarantine.ts';
import type { Workload } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads } from '../cluster/workloads.ts';
import { JOB, SPEC_HASH } from '../labels.ts';
import type { StoreAccess } from '../manifests/pod.ts';
import { trainerManifest, type WorkloadKind } from '../manifests/trainer.ts';
import { attemptName } from '../names.ts';
import { ensureOwner } from '../owner.ts';
import { createAdmission } from './admission.ts';
import { createAttempts, numberOf } from './attempts.ts';
import { createJobRecords } from './job-records.ts';
import { endOf } from './observe.ts';
import { readPodMessage } from './pod-message.ts';
import type { PodWatch } from './pod-watch.ts';

export interface KubernetesRunnerOptions {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  /** The same store, as pods reach it. */
  readonly access: StoreAccess;
  readonly namespace: string;
  /** How a campaign's trainer is laid out. */
  readonly profileOf: (campaign: CampaignName) => Promise<ProfileSpec>;
  readonly workload: WorkloadKind;
  readonly windows?: Partial<Windows>;
  /** Nodes to keep away from at this moment. */
  readonly quarantined?: () => readonly string[];
  /** Told of every end that is seen, again and again: the attempt's name makes it one. */
  readonly onStop?: (stop: SeenStop) => Promise<void>;
  /** Tells the pods of jobs that are waited for; without it they are listed at each look. */
  readonly watch?: PodWatch;
  /** Asked at each start, for what belongs to the call and not to the job: its trace. */
  readonly startEnv?: () => Readonly<Record<string, string>>;
}

const WINDOWS: Windows = {
  imageMs: 5 * 60_000,
  scheduleMs: 30 * 60_000,
  admissionMs: ADMISSION_MS,
  evictionMs: 15 * 60_000,
  overdueMs: 60_000,
};
const KINDS = { jobset: 'JobSet', job: 'Job' } as const;
const LOG_TAIL_LINES = 40;
/** A look asks the store and the cluster half a dozen things. */
const LOOK_MS = 3_000;

export function createKubernetesJobRunner(options: KubernetesRunnerOptions): JobRunner {
  const { cluster, store, namespace } = options;
  const windows = { ...WINDOWS, ...options.windows };
  const kind = KINDS[options.workload];
  const workloads = createWorkloads(cluster);
  const records = createJobRecords(store);
  const admission = createAdmission(workloads, namespace);

  const attemptsOf = (name: JobName): Promise<Workload[]> => workloads.list(kind, namespace, { [JOB]: name });
  const attempts = createAttempts({
    ...{ workloads, records, admission, namespace, kind, windows },
    watch: options.watch,
  });

  async function submit(input: JobDocument, signal?: AbortSignal): Promise<void> {
    const document = jobDocument.parse(input);
    const { name } = document;
    const stored = await records.keepDocument(document);
    mustEqual(document, stored.specHash, 'in the store');
    // Whoever waited for an attempt's end looks again: another worker may have begun the next one meanwhile.
    for (let ended = 0, lost = 0; (await records.result(document)) === undefined; ) {
      // The notes first: what is noted as created by now is on the list that follows, or was removed.
      const noted = await records.newestAttempt(name);
      const seen = newest(await attemptsOf(name));
      const number = numberOf(seen);
      if (noted.attempt > Math.max(number, lost)) {
        // Its object is not there, perhaps by somebody's hand; its pods have their grace period all the same.
        await attempts.gone(name, noted.attempt, signal);
        lost = noted.attempt;
        continue;
      }
      if (seen === undefined || number === ended) {
        // Noted and never created: by a worker that died in between, or is about to. Under the same name both make one.
        const pending = noted.attempt > number && !noted.created;
        return begin(document, pending ? noted.attempt : Math.max(noted.attempt, number) + 1);
      }
      mustEqual(document, seen.metadata.annotations[SPEC_HASH], `as ${kind} ${seen.metadata.name}`);
      const deleting = seen.metadata.deletionTimestamp !== undefined;
      if (!deleting && !(await attempts.isStopped(name, seen, signal))) return;
      // Stopped, though not by the cluster's word: it hangs for good, and must not come to life beside its successor.
      if (endOf(seen) === undefined) await workloads.remove(kind, namespace, seen.metadata.name);
      await attempts.gone(name, number, signal);
      ended = number;
    }
  }

  async function begin(document: JobDocument, attempt: number): Promise<void> {
    const campaign = campaignOf(document);
    const profile = await options.profileOf(campaign);
    const { queue } = profile.scheduling;
    if (queue !== undefined) await admission.mustExist(queue);
    const manifest = trainerManifest(options.workload, {
      namespace,
      campaign,
      document,
      attempt,
      profile,
      store: options.access,
      owner: await ensureOwner(workloads, namespace, campaign, options.access.address),
      avoid: options.quarantined?.() ?? [],
      startEnv: { ...options.startEnv?.(), ...piecesEnv(await records.outOfMemory(document.name)) },
    });
    // Noted first: a worker that dies between the two leaves an attempt that never ran, not one that nobody knows of.
    await records.beginAttempt(document.name, attempt);
    const { created, found } = await workloads.create(manifest);
    await records.attemptCreated(document.name, attempt);
    if (!created) mustEqual(document, found.metadata.annotations[SPEC_HASH], `as ${kind} ${found.metadata.name}`);
  }

  async function state(name: JobName): Promise<JobState> {
    const document = await records.document(name);
    if (document === undefined) return { phase: 'absent' };
    const done = async (): Promise<JobState | undefined> => {
      const result = await records.result(document);
      return result === undefined ? undefined : { phase: 'done', result, metrics: await records.metrics(name) };
    };
    const before = await done();
    if (before !== undefined) return before;
    const last = await records.lastAttempt(name);
    if (last === 0) return { phase: 'absent' };
    const job = await workloads.read(kind, namespace, attemptName(name, last));
    // The worker died between its note and the object: submitting again is the cure, as for absent.
    const verdict =
      job === undefined
        ? ({
            phase: 'stopped',
            cause: 'vanished',
            exitCode: 137,
            message: `${attemptName(name, last)} is not on the cluster`,
            nodes: [],
          } as const)
        : await attempts.judge(name, job);
    if (verdict.phase !== 'stopped') {
      const step = (await records.metrics(name)).at(-1)?.step;
      const waiting = verdict.phase === 'running' ? {} : { waiting: verdict.why };
      return { phase: 'running', startedAt: job?.metadata.creationTimestamp ?? '', step, ...waiting };
    }
    // It may have ended between the first look at the store and the look at the cluster.
    const after = await done();
    if (after !== undefined) return after;
    const { exitCode, cause, message } = verdict;
    const said = readPodMessage((await records.error(name, last)) ?? message);
    if (said.cause === undefined) {
      await options.onStop?.({ attempt: attemptName(name, last), cause, exitCode, nodes: verdict.nodes });
    }
    const why = said.cause ?? cause;
    if (why === 'out_of_memory') await records.noteOutOfMemory(name, last);
    const smallerNext = why === 'out_of_memory' && isSmallerNext(await records.outOfMemory(name));
    return {
      phase: 'stopped',
      exitCode,
      cause: why,
      ...(smallerNext ? { smallerNext } : {}),
      message: said.message,
      logTail: await logTail(name, LOG_TAIL_LINES),
    };
  }

  async function logTail(name: JobName, lines: number): Promise<string[]> {
    const last = await records.lastAttempt(name);
    const kept = last === 0 ? [] : await records.log(name, last);
    if (lines <= 0) return [];
    if (kept.length > 0 || last === 0) return kept.slice(-lines);
    // The pod was killed before it could leave its log.
    const [first] = await attempts.podsOf(name, last);
    if (first === undefined) return [];
    const path = `/api/v1/namespaces/${namespace}/pods/${first.metadata.name}/log`;
    return readText(cluster, path, { tailLines: lines }).catch(() => []);
  }

  return {
    submit,
    lookMs: LOOK_MS,
    state,
    logTail,

    async cancel(name) {
      const last = await records.lastAttempt(name);
      if (last === 0) return;
      await workloads.remove(kind, namespace, attemptName(name, last));
      // How long a trainer may take to save what it has is its profile's business; servers are closed behind it.
      await attempts.gone(name, last);
    },

    async output(name, relative) {
      if (relative === 'result.json') {
        const text = await records.resultText(name);
        if (text === undefined) throw new AnnealError('job.failed', `job ${name} has no result`);
        return store.put(text);
      }
      const document = await records.document(name);
      const result = document === undefined ? undefined : await records.result(document);
      const output = Object.values(result?.outputs ?? {}).find((one) => one.path === relative);
      if (output === undefined) throw new AnnealError('job.failed', `job ${name} has no output ${relative}`);
      const sha256 = sha256Schema.parse(output.sha256);
      const ref = { uri: `store:objects/${sha256.slice(0, 2)}/${sha256}`, sha256, bytes: output.bytes };
      if (!(await store.has(ref))) {
        throw new AnnealError('job.failed', `job ${name} names ${relative}, which is not in the store`);
      }
      return ref;
    },
  };
}

function mustEqual(document: JobDocument, found: string | undefined, where: string): void {
  if (found === document.specHash) return;
  throw new AnnealError(
    'job.conflict',
    `job ${document.name} exists ${where} with specification ${found ?? 'none'}, not ${document.specHash}`,
  );
}

const piecesEnv = (kills: number): Record<string, string> => {
  const pieces = piecesAfter(kills);
  return pieces === 1 ? {} : { ANNEAL_PIECES: `${pieces}` };
};

const newest = (attempts: readonly Workload[]): Workload | undefined =>
  [...attempts].sort((a, b) => numberOf(b) - numberOf(a))[0];

/** `<campaign>-r<round>-train` */
const campaignOf = ({ name }: JobDocument): CampaignName => campaignName.parse(name.replace(/-r\d+-[a-z]+$/, ''));

async function readText(cluster: Cluster, path: string, query: Record<string, number>): Promise<string[]> {
  const { body } = await cluster.open({ method: 'GET', path, query }, AbortSignal.timeout(10_000));
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8').replace(/\n$/, '').split('\n');
}
