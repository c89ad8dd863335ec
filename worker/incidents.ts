// What incidents and merges are made of on this worker: repositories, the reader of logs, the sandbox that tests and remedies run in.
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { IncidentPorts } from '../activities/incidents.ts';
import type { MergePorts } from '../activities/merges.ts';
import type { RevertPorts } from '../activities/reverts.ts';
import type { TicketPorts } from '../activities/tickets.ts';
import { diagnose } from '../agents/diagnosis/diagnose.ts';
import { alikeElsewhere } from '../agents/remedies/alike.ts';
import { readSkills } from '../agents/skills/library.ts';
import type { ArtifactStore } from '../contracts/artifact.ts';
import type { ChangeOutcome, RepositoryName } from '../contracts/change.ts';
import type { Diagnosis } from '../contracts/diagnosis.ts';
import { AnnealError } from '../contracts/errors.ts';
import type { IncidentInput } from '../contracts/incident.ts';
import type { JobDocument } from '../contracts/job.ts';
import type { Skill } from '../contracts/skill.ts';
import { durationMs } from '../contracts/units.ts';
import { checkChange } from '../evals/changes/check.ts';
import { findEnvironment } from '../evals/repository-tests/environment.ts';
import type { OpenTools } from '../evals/verifiers/patch/tools.ts';
import type { Instruments } from '../evals/verifiers/verifier.ts';
import { openWorkspace } from '../evals/workspace/run.ts';
import { makeTemporaryFolder } from '../infra/process/work-folder.ts';
import { readSkillFolder } from '../infra/skills/folder.ts';
import { byCoder, byRemedies, type RepairParts, type RoleModel, reviewBy } from './repairs.ts';
import { developBy } from './tickets.ts';

export interface IncidentParts extends RepairParts {
  readonly store: ArtifactStore;
  readonly tools: OpenTools;
  readonly open: IncidentPorts['open'];
  /** The agents' model; undefined: incidents have remedies only, and no review. */
  readonly model?: RoleModel;
}

type Ports = Omit<IncidentPorts, 'store' | 'documents'> &
  Pick<MergePorts, 'smoke'> &
  Pick<RevertPorts, 'linesBefore'> &
  Pick<TicketPorts, 'develop'>;

export function incidentPorts(parts: IncidentParts): Ports {
  const { store, sandbox, open } = parts;
  const instruments = async (): Promise<Instruments> => ({ sandbox, secret: '', tools: await parts.tools() });
  return {
    open,
    diagnose: (logs) => diagnoseStored(store, logs),
    linesBefore: (logs, fault) => linesBefore(store, logs, fault),
    async reproduce(files) {
      const found = await findEnvironment(files, await instruments());
      if ('why' in found) return { how: 'none', why: found.why.join('; ') };
      const outcomes = [...found.outcomes];
      const failing = outcomes.filter(([, passed]) => !passed).map(([id]) => id);
      const { runner } = found.environment;
      return { how: 'ran', runner, passing: outcomes.length - failing.length, failing: failing.sort() };
    },
    async check(before, after) {
      const found = await checkChange({ before, after, instruments: await instruments() });
      return found.how === 'checked' ? { how: 'checked', checked: found.check } : { how: 'none', why: whyNot(found) };
    },
    repairBy: { remedies: byRemedies(parts), 'coding agent': parts.model && byCoder(parts, parts.model) },
    develop: parts.model && developBy(parts, parts.model),
    review: async (of) => reviewBy(parts.model, of),
    alike: (before, after) => alikeElsewhere(before, editsBetween(before, after)),
    now: () => new Date(),
    async smoke({ smoke }, files) {
      if (smoke === undefined) return undefined;
      const { steps } = await openWorkspace(sandbox)({
        files,
        steps: [{ what: 'smoke run', argv: smoke.command as [string, ...string[]], wallMs: durationMs(smoke.within) }],
        collect: [],
        limits: SMOKE_LIMITS,
      });
      const [step] = steps;
      if (step?.how === 'exited' && step.exitCode === 0) return undefined;
      const said = step?.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
      return `the smoke run ${step?.how === 'exited' ? `ended with ${step.exitCode}` : `did not end by itself (${step?.how})`}: ${said}`;
    },
  };
}

/** Read once: a worker keeps the skills that it started with. @throws AnnealError `skill.unfit` with every problem */
export function skillLibrary(folder: string): () => Promise<readonly Skill[]> {
  let read: Promise<readonly Skill[]> | undefined;
  return () =>
    (read ??= readSkillFolder(folder).then(({ files, problems: unread }) => {
      const { skills, problems } = readSkills(files);
      const all = [...unread, ...problems];
      if (all.length > 0)
        throw new AnnealError('skill.unfit', `${folder} has ${all.length} problems`, { problems: all });
      return skills;
    }));
}

function whyNot(found: Exclude<ChangeOutcome, { how: 'checked' }>): string {
  if (found.how === 'untested') return found.why.join('; ');
  return found.how === 'hangs' ? `tests do not end ${found.when} it: ${found.files.join(', ')}` : found.why;
}

type Files = ReadonlyMap<string, Uint8Array>;

const editsBetween = (before: Files, after: Files): ReadonlyMap<string, Uint8Array | null> =>
  new Map([
    ...[...after].filter(([path, bytes]) => !Buffer.from(bytes).equals(before.get(path) ?? NOTHING)),
    ...[...before.keys()].filter((path) => !after.has(path)).map((path) => [path, null] as const),
  ]);
const NOTHING = new Uint8Array();

const MB = 2 ** 20;
const SMOKE_LIMITS = { memoryBytes: 4_096 * MB, diskBytes: 512 * MB, processes: 128, outputBytes: MB };

/** Logs are read where a pass over gigabytes is cheap. What the diagnosis names are the names that were given. */
async function diagnoseStored(store: ArtifactStore, logs: IncidentInput['logs']): Promise<Diagnosis> {
  const folder = await makeTemporaryFolder('incident');
  try {
    const names = new Map<string, string>();
    for (const [index, { name, object }] of logs.entries()) {
      const place = join(folder, String(index));
      await mkdir(place);
      const path = join(place, basename(name));
      await store.getFile(object, path);
      names.set(path, name);
    }
    const nameOf = <T extends { file: string }>(one: T): T => ({ ...one, file: names.get(one.file) ?? one.file });
    const { firstFault, evidence, read, ...found } = await diagnose([...names.keys()]);
    const files = read.files.map((file) => ({ ...file, path: names.get(file.path) ?? file.path }));
    return {
      ...found,
      firstFault: firstFault && nameOf(firstFault),
      evidence: evidence.map(nameOf),
      read: { ...read, files, notes: read.notes.map((note) => note.replaceAll(`${folder}/`, '')) },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** So much of a log is where a program tells what was running. */
const BEFORE_FAULT = 16_384;

async function linesBefore(
  store: ArtifactStore,
  logs: IncidentInput['logs'],
  fault: { readonly file: string; readonly byteOffset: number } | null,
): Promise<string[]> {
  const log = fault && logs.find(({ name }) => name === fault.file);
  if (!fault || !log) return [];
  const folder = await makeTemporaryFolder('fault');
  try {
    const path = join(folder, 'log');
    await store.getFile(log.object, path);
    const from = Math.max(0, fault.byteOffset - BEFORE_FAULT);
    const parts = await createReadStream(path, { start: from, end: Math.max(from, fault.byteOffset - 1) }).toArray();
    return Buffer.concat(parts as Buffer[])
      .toString('utf8')
      .split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The trainer of a campaign, as a repository's branch has it now. */
export const codeOf =
  ({ store, open }: Pick<IncidentParts, 'store' | 'open'>) =>
  async (repository: RepositoryName): Promise<NonNullable<JobDocument['code']>> => {
    const { git } = await open(repository);
    const commit = await git.tip();
    const files: Record<string, Awaited<ReturnType<ArtifactStore['put']>>> = {};
    for (const [path, bytes] of await git.snapshot(commit)) files[path] = await store.put(bytes);
    return { repository, commit, files };
  };
