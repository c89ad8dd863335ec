// The steps of an incident: each reads what the ones before left in the store, and leaves what it found there, so that one that is played again
// finds what it did.
import { z } from 'zod';
import { type SkillUse, usedSkills } from '../contracts/adherence.ts';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import {
  type ChangeId,
  type CheckedChange,
  commitId,
  type PathFinding,
  type ProposedChange,
  proposedChange,
  type RepositoryName,
} from '../contracts/change.ts';
import { type Diagnosis, diagnosis as diagnosisSchema } from '../contracts/diagnosis.ts';
import type { Forge } from '../contracts/forge.ts';
import {
  type Attempt,
  type IncidentEnd,
  type IncidentInput,
  type IncidentName,
  incidentEnd,
  type MergeRequest,
  mergeRequest as mergeRequestSchema,
  type Proposed,
  proposed as proposedSchema,
  type Reviewed,
  reviewed,
} from '../contracts/incident.ts';
import type { MergeRepository } from '../contracts/merge.ts';
import { incidentKey, ownLogName, reviewName, usedSkillsName } from '../contracts/names.ts';
import type { RepositorySpec } from '../contracts/repositories.ts';
import { durationMs } from '../contracts/units.ts';
import { fewerPaths, fewerTests } from '../policies/incident.ts';
import { asMaterial, remembered } from '../policies/memory-text.ts';
import { judgePaths } from '../policies/path-policy.ts';
import type { EndOf, IncidentActivities, Reproduced } from './incident-interface.ts';
import { createMemory } from './memory.ts';
import { known, lastWord, once } from './once.ts';
import { type HandedIn, messageOf, proposalOf } from './proposals.ts';
import type { Documents } from './read.ts';

type Files = ReadonlyMap<string, Uint8Array>;

export interface OpenRepository {
  readonly spec: RepositorySpec;
  readonly git: MergeRepository;
  readonly forge?: Forge;
}

/** What a means of repair came to, and which skills it went by. */
export type Repaired = { readonly uses?: readonly SkillUse[] } & (
  | ({ readonly how: 'edited' } & HandedIn)
  | { readonly how: 'none'; readonly why: string }
);

export type RepairBy = (of: {
  readonly incident: IncidentInput['incident'];
  readonly spec: RepositorySpec;
  readonly files: Files;
  readonly diagnosis: Diagnosis;
  readonly tried: readonly Attempt[];
  /** Of cases before this one, shown as data. */
  readonly remembered: readonly { readonly title: string; readonly text: string }[];
}) => Promise<Repaired>;

export interface IncidentPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  /** @throws AnnealError `repository.unknown` */
  readonly open: (name: RepositoryName) => Promise<OpenRepository>;
  readonly diagnose: (logs: IncidentInput['logs']) => Promise<Diagnosis>;
  /** Runs a state's own tests. */
  readonly reproduce: (files: Files) => Promise<Reproduced>;
  readonly check: (
    before: Files,
    after: Files,
  ) => Promise<{ how: 'checked'; checked: CheckedChange } | { how: 'none'; why: string }>;
  readonly repairBy: Readonly<{ remedies: RepairBy; 'coding agent': RepairBy | undefined }>;
  readonly review: (of: {
    incident: IncidentName;
    change: ProposedChange;
    patch: string;
    before: Files;
    /** Of this case, from 0. */
    number: number;
  }) => Promise<Reviewed>;
  /** Where else the pattern stands that a change takes away. */
  readonly alike: (before: Files, after: Files) => readonly { path: string; line: number; text: string }[];
  readonly now: () => Date;
}

const MOST_ALIKE = 50;
const MOST_LINE = 200;

/** How an incident began: the same whichever run of it asks, since its gate's evidence names it. */
const began = z.strictObject({ base: commitId, runChain: z.string(), at: z.iso.datetime() });
type Began = z.infer<typeof began>;

const analysed = z.strictObject({
  diagnosis: artifactRef,
  /** All of its logs were written by jobs of this installation. */
  own: z.boolean(),
});
type Analysed = z.infer<typeof analysed>;

export function createIncidentActivities(ports: IncidentPorts): IncidentActivities {
  const { store, documents, open } = ports;
  const memory = createMemory(store);

  return {
    async pinBase({ incident, repository, runChain, again }) {
      const { spec, git } = await open(repository);
      const begin = async (): Promise<Began> => ({ base: await git.tip(), runChain, at: ports.now().toISOString() });
      const key = incidentKey(incident, again === undefined ? 'began' : `began-${again}`);
      const pinned = await once(store, key, began, begin);
      const { deadline, remindAfter } = spec.gate;
      const hasModel = ports.repairBy['coding agent'] !== undefined;
      return {
        ...pinned,
        ask: spec.ask,
        deadlineMs: durationMs(deadline),
        remindMs: durationMs(remindAfter),
        hasModel,
        ...(spec.forge === undefined ? {} : { forge: true as const }),
      };
    },

    async analyseLogs({ incident, logs }) {
      const analyse = async (): Promise<Analysed> => {
        const own = await Promise.all(logs.map(({ object }) => store.readNamed(ownLogName(object.sha256))));
        const diagnosis = await documents.write(await ports.diagnose(logs));
        return { diagnosis, own: own.every((one) => one !== undefined) };
      };
      const { diagnosis } = await once(store, incidentKey(incident, 'analysed'), analysed, analyse);
      const { cause, summary, remedies } = await documents.read(diagnosisSchema, diagnosis);
      return { diagnosis, cause, summary, remedies };
    },

    async reproduce({ repository, base }) {
      const { git } = await open(repository);
      return ports.reproduce(await git.snapshot(base));
    },

    async propose({ incident, repository, campaign = null, base, diagnosis, by, tried }) {
      const number = tried.filter((one) => one.by === by).length + 1;
      const key = incidentKey(incident, `proposals/${by.replace(' ', '-')}-${number}`);
      return once(store, key, proposedSchema, async (): Promise<Proposed> => {
        const repair = ports.repairBy[by];
        if (repair === undefined) return { how: 'none', why: 'no model is configured' };
        const { spec, git } = await open(repository);
        const files = await git.snapshot(base);
        const read = await documents.read(diagnosisSchema, diagnosis);
        // A program does the same whatever is remembered.
        const question = { text: `${read.cause} ${read.summary}`, case: incident, repository, campaign };
        const remembered =
          by === 'remedies' ? [] : await memory.shownTo({ ...question, readerIsTainted: true, now: ports.now() });
        const repaired = await repair({
          incident,
          spec,
          files,
          diagnosis: read,
          tried,
          remembered: remembered.map(asMaterial),
        });
        const noteUses = (change: ChangeId | null): Promise<void> =>
          noteSkills(incident, `${by.replace(' ', '-')}-${number}`, change, repaired.uses ?? []);
        if (repaired.how === 'none') {
          await noteUses(null);
          return { how: 'none', why: repaired.why };
        }
        // Words of a log can lead a reading, and with it the choice of a program.
        const tainted = repaired.tainted || !(await ownLogs(incident, diagnosis));
        const of = { repository, base, role: 'debugger', at: ports.now().toISOString() } as const;
        const proposed = await proposalOf({ store, documents, git }, of, { ...repaired, tainted });
        await noteUses(proposed.how === 'proposed' ? proposed.change : null);
        return proposed;
      });
    },

    async judgeChange({ proposal }) {
      const { change, spec, git } = await proposed(proposal);
      const { base, tainted } = change;
      const made = await git.commitPatch(
        base,
        await store.get(change.patch),
        messageOf(change, ports.now().toISOString()),
      );
      const paths: PathFinding[] = [...judgePaths(made.paths, spec.paths)];
      const [before, after] = await Promise.all([git.snapshot(base), git.snapshot(made.commit)]);
      const found = await ports.check(before, after);
      const fewer = fewerPaths(paths);
      if (found.how === 'none') return { ...found, paths: fewer };
      return { how: 'checked', checked: fewerTests(found.checked), paths: fewer, tainted };
    },

    async reviewChange({ incident, proposal, number = 0 }) {
      const { change, git } = await proposed(proposal);
      // A model asked again may say something else: what it said first is what landing goes by.
      return once(store, reviewName(proposal.sha256), reviewed, async () => {
        const patch = textOf(await store.get(change.patch));
        return ports.review({ incident, change, patch, before: await git.snapshot(change.base), number });
      });
    },

    async lookElsewhere({ proposal }) {
      const { change, git } = await proposed(proposal);
      const patch = await store.get(change.patch);
      const { commit } = await git.commitPatch(change.base, patch, messageOf(change, ports.now().toISOString()));
      const [before, after] = await Promise.all([git.snapshot(change.base), git.snapshot(commit)]);
      const found = ports.alike(before, after).slice(0, MOST_ALIKE);
      return found.map(({ path, line, text }) => ({ path, line, text: text.slice(0, MOST_LINE) }));
    },

    async requestMerge({ incident, proposal, elsewhere, paths, asks, tried, ...found }) {
      const proposed = await documents.read(proposedChange, proposal);
      const { repository, id: change } = proposed;
      const request: MergeRequest = {
        ...({ schema: 'anneal/merge-request/v1', incident: incident.incident, campaign: incident.campaign } as const),
        ...{ owner: incident.owner, repository, change, proposal, ...found, at: ports.now().toISOString() },
        ...{ elsewhere: [...elsewhere], paths: [...paths], asks: [...asks], tried: [...tried] },
      };
      // What was asked once stays as it was asked: a decision is about exactly that.
      const key = incidentKey(incident.incident, `requests/${change}`);
      const object = await once(store, key, artifactRef, () => documents.write(request));
      return { request: object, shown: await documents.read(mergeRequestSchema, object), proposed };
    },

    async recordEnd({ end, of }) {
      if (of !== undefined) await rememberEnd(end, of);
      // What is merged stays merged; any other end gives way to that of a later run.
      await lastWord(store, incidentKey(end.incident, 'end'), incidentEnd, end, ({ how }) => how === 'merged');
    },
  };

  async function rememberEnd(end: IncidentEnd, { repository, campaign }: EndOf): Promise<void> {
    const beginning = await known(store, incidentKey(end.incident, 'began'), began);
    if (!('cause' in end) || beginning === undefined) return;
    const read = await known(store, incidentKey(end.incident, 'analysed'), analysed);
    const draft = {
      kind: end.how === 'merged' ? ('fix' as const) : ('failure' as const),
      text: remembered({ title: `${end.cause}: ${end.summary}`, end }),
      from: { case: end.incident, campaign, repository, object: read?.diagnosis ?? null },
      // Words of models that read logs; and of logs themselves.
      tainted: read?.own !== true || end.tried.some(({ by }) => by === 'coding agent'),
      at: beginning.at,
    };
    await memory.over(draft, ports.now());
  }

  /** Whether a diagnosis is that of this incident, and all that it was made from was written by jobs of this installation. */
  async function ownLogs(incident: IncidentName, diagnosis: ArtifactRef): Promise<boolean> {
    const read = await known(store, incidentKey(incident, 'analysed'), analysed);
    return read?.own === true && read.diagnosis.sha256 === diagnosis.sha256;
  }

  async function noteSkills(
    incident: IncidentName,
    session: string,
    change: ChangeId | null,
    uses: readonly SkillUse[],
  ): Promise<void> {
    if (uses.length === 0) return;
    const at = ports.now().toISOString();
    const used = { schema: 'anneal/used-skills/v1' as const, incident, session, change, uses: [...uses], at };
    // A session that is played again, since its worker died before its proposal was on record, is the one that counts.
    await lastWord(store, usedSkillsName(incident, session), usedSkills, used);
  }

  async function proposed(proposal: ArtifactRef): Promise<OpenRepository & { change: ProposedChange }> {
    const change = await documents.read(proposedChange, proposal);
    return { change, ...(await open(change.repository)) };
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
