// The merge path without workflows: a real repository, store, key and audit log; what repairs and what tests say is *scripted*. Whoever calls the
// activities may say what they like, as a forged workflow would.
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateActivities } from '../../activities/gates.ts';
import type { QueuedMerge } from '../../activities/incident-interface.ts';
import { createIncidentActivities, type IncidentPorts, type OpenRepository } from '../../activities/incidents.ts';
import { createMergeActivities } from '../../activities/merges.ts';
import { createDocuments } from '../../activities/read.ts';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { type ChangeId, type CommitId, commitId, type ProposedChange, repositoryName } from '../../contracts/change.ts';
import { type Diagnosis, diagnosis as diagnosisSchema } from '../../contracts/diagnosis.ts';
import type { Evidence, GateResult } from '../../contracts/gate.ts';
import { gateId, sha256 } from '../../contracts/ids.ts';
import { incidentInput, type MergeRequest, type Reviewed } from '../../contracts/incident.ts';
import { incidentKey } from '../../contracts/names.ts';
import { type RepositorySpec, repositorySpec } from '../../contracts/repositories.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { openMergeRepository } from '../../infra/git/changes.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../../infra/identity/local.ts';
import type { Critical } from '../../policies/critical.ts';
import { askMerge } from '../../workflows/questions-merge.ts';
import { type BareRepository, bareRepository, gitAt } from './bare-repository.ts';
import { openPeople, type PeopleAtHand } from './people.ts';

export const AT = '2031-02-03T04:05:06.789Z';
const REPOSITORY = repositoryName.parse('trainer');

/** What is *scripted*: set before the step that reads it. */
export interface MergeScript {
  edits: Readonly<Record<string, string | null>>;
  tainted: boolean;
  review: Reviewed;
  /** Tests that break. */
  broken: string[];
  checks: number;
  now: string;
}
export interface Requested {
  readonly request: ArtifactRef;
  readonly change: ChangeId;
  readonly shown: MergeRequest;
  readonly proposed: ProposedChange;
  readonly evidence: Evidence;
}
type Activities = ReturnType<typeof createIncidentActivities> & ReturnType<typeof createMergeActivities>;
export type MergeStage = Awaited<ReturnType<typeof mergeStage>>;

export async function mergeStage(
  given: {
    spec?: Partial<RepositorySpec>;
    approvals?: Partial<Critical['approvals']>;
    /** In place of the repository's own. */
    git?: (git: OpenRepository['git']) => OpenRepository['git'];
  } = {},
) {
  const people: PeopleAtHand = await openPeople(given.approvals);
  const { store, identity, audit } = people;
  const repository: BareRepository = bareRepository({
    'app/scale.py': 'one\ntwo\nthree\nfour\nfive\n',
    'guarded/key.py': 'one\ntwo\nthree\nfour\nfive\n',
  });
  const documents = createDocuments(store);
  const rules = { critical: ['guarded/**'], refused: [] };
  const spec = repositorySpec.parse({ name: REPOSITORY, path: repository.path, paths: rules, ...given.spec });
  const script: MergeScript = {
    ...{ edits: {}, tainted: false, broken: [], checks: 0, now: AT },
    review: { how: 'absent', why: 'scripted' },
  };
  const open: IncidentPorts['open'] = async () => {
    const git = await openMergeRepository(repository.path, 'main');
    return { spec, git: given.git?.(git) ?? git };
  };
  const unused = () => Promise.reject(new Error('not scripted'));
  const ports = {
    ...{ store, documents, identity, audit, open },
    ...{ diagnose: unused, reproduce: unused, smoke: async () => undefined, alike: () => [] },
    async check() {
      script.checks += 1;
      const { broken } = script;
      const checked = { runner: 'scripted', failToPass: ['t'], passToPass: 1, broken, failing: [], unsteady: [] };
      return { how: 'checked' as const, checked: { ...checked, seconds: 0 } };
    },
    repairBy: {
      async remedies() {
        const bytes = (text: string | null) => (text === null ? null : { bytes: Buffer.from(text) });
        const edits = new Map(Object.entries(script.edits).map(([path, text]) => [path, bytes(text)]));
        const means = { kind: 'remedy' as const, skill: 'scripted', version: sha256.parse('5'.repeat(64)) };
        return { how: 'edited' as const, edits, title: 'Mend', body: 'So.', means, tainted: script.tainted };
      },
      'coding agent': undefined,
    },
    review: async () => script.review,
    now: () => new Date(script.now),
  };
  const activities: Activities = { ...createIncidentActivities(ports), ...createMergeActivities(ports) };
  const gates = createGateActivities({ store, documents, identity, critical: ['merge'], audit });
  const diagnosis = await documents.write(scriptedDiagnosis());

  /** As the workflow does it, from the proposal to the request. */
  async function request(
    name: string,
    edits: Readonly<Record<string, string | null>>,
    more: { owner?: string; campaign?: string; change?: (request: MergeRequest) => MergeRequest } = {},
  ): Promise<Requested> {
    script.edits = edits;
    const incident = incidentInput.parse({
      ...{ schema: 'anneal/incident/v1', incident: name, campaign: more.campaign ?? null, repository: REPOSITORY },
      ...{ owner: more.owner ?? 'somebody', logs: [{ name: 'log', object: diagnosis }], reportTo: null },
    });
    const of = { incident: incident.incident, repository: REPOSITORY };
    const { base } = await activities.pinBase({ ...of, runChain: 'run-1' });
    // As of a job of this installation.
    await store.createNamed(incidentKey(incident.incident, 'analysed'), canonicalJson({ diagnosis, own: true }));
    const made = await activities.propose({ ...of, base, diagnosis, by: 'remedies', tried: [] });
    if (made.how !== 'proposed') throw new Error(made.why);
    const { proposal } = made;
    const reviewed = await activities.reviewChange({ incident: incident.incident, proposal });
    const judged = await activities.judgeChange({ proposal });
    if (judged.how === 'none') throw new Error(judged.why);
    const { checked, paths } = judged;
    const asked = { incident, proposal, diagnosis, checked, paths, reviewed, elsewhere: [], asks: ['scripted'] };
    const written = await activities.requestMerge({ ...asked, tried: [] });
    const shown = more.change?.(written.shown) ?? written.shown;
    const ref = more.change === undefined ? written.request : await documents.write(shown);
    const { proposed } = written;
    return { request: ref, change: shown.change, shown, proposed, evidence: evidenceOf(shown, proposed, ref) };
  }

  function evidenceOf(shown: MergeRequest, proposed: ProposedChange, request: ArtifactRef): Evidence {
    return {
      ...({ schema: 'anneal/evidence/v1', kind: 'merge', gate: gateId.parse(`${shown.incident}.merge-1`) } as const),
      ...{
        campaign: shown.campaign ?? shown.incident,
        ...askMerge(shown, { proposed, summary: 'It is so.', request }),
      },
      ...{ cost: { tokens: 0, seconds: 0 }, runChain: 'run-1' },
    };
  }

  return {
    ...{ people, repository, spec, script, store, documents, activities, request },
    freeze: async (evidence: Evidence): Promise<ArtifactRef> => (await gates.freezeEvidence({ evidence })).object,
    /** A gate that closed; of a decided one, by a decision on this evidence. */
    async decide(
      evidence: Evidence,
      change: {
        option?: string;
        by?: Pick<LocalIdentity, 'makeDecision'>;
        /** Of what is signed. */
        signed?: Partial<Parameters<LocalIdentity['makeDecision']>[0]>;
        answer?: (answer: Extract<GateResult, { how: 'decided' }>) => GateResult;
      } = {},
    ): Promise<QueuedMerge['asked']> {
      const { object } = await gates.freezeEvidence({ evidence });
      const { gate, campaign, runChain } = evidence;
      const options = evidence.options.map(({ name }) => name);
      const context = { campaign, runChain, gate, evidenceHash: sha256.parse(object.sha256), options, owner: 'any' };
      const { option = 'merge', by = identity } = change;
      const decision = await by.makeDecision(
        { ...context, ...change.signed },
        { option, reason: 'It was looked at.', unattended: false, ttl: '1h' },
      );
      const acceptedAt = new Date().toISOString();
      const decided = { how: 'decided', gate, option, decision, selfApproved: false, acceptedAt } as const;
      await gates.recordAnswer({ result: change.answer?.(decided) ?? decided });
      return { evidence: object };
    },
    /** Somebody else with a key of their own. */
    async approver(name: string): Promise<LocalIdentity> {
      const keys = join(people.root, name);
      await initIdentity(keys, name);
      const [{ keyId, publicKey } = never()] = readApprovers(keys).filter((one) => 'publicKey' in one);
      await people.change({ what: 'person-added', name, role: 'approver' });
      await people.change({ what: 'key-added', name, keyId, publicKey });
      return createLocalIdentity(keys);
    },
    answer: (result: GateResult) => gates.recordAnswer({ result }),
    /** Rebased and tried upon the branch as it is. */
    async tried({ request, change }: Requested): Promise<CommitId> {
      const made = await activities.rebaseChange({ request, change, asked: null });
      if (made.how !== 'rebased') throw new Error(`it is ${made.how}`);
      await activities.tryCommit({ request, commit: made.commit, tip: made.tip });
      return made.commit;
    },
    /** By git itself. */
    branch: () => ({
      tip: commitId.parse(gitAt(repository.path, 'rev-parse', 'main').trim()),
      landed: gitAt(repository.path, 'log', '--format=%(trailers:key=Anneal-Change,valueonly)', 'main')
        .split('\n')
        .filter(Boolean),
      tags: gitAt(repository.path, 'for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/tags')
        .split('\n')
        .filter(Boolean),
    }),
    async noted() {
      const { entries, problems } = await readAudit({ store, verifyBytes: identity.verifyBytes, witnesses: [] });
      if (problems.length > 0) throw new Error(canonicalJson(problems));
      return entries.map(({ entry }) => entry.event).filter(({ what }) => what === 'change-landed');
    },
    left: () => ({
      locks: readdirSync(repository.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.lock'),
      ),
      folders: readdirSync(tmpdir()).filter((name) => name.startsWith(`anneal-merge.${process.pid}-`)),
    }),
    async close() {
      repository.remove();
      await rm(people.root, { recursive: true, force: true });
    },
  };
}

/** A crash in code, as far as anybody here reads it. */
export const scriptedDiagnosis = (changes: Partial<Diagnosis> = {}): Diagnosis => ({
  ...diagnosisSchema.parse({
    ...{ schema: 'anneal/diagnosis/v1', cause: 'exception', summary: 'It is so.', confidence: 1, firstFault: null },
    ...{ evidence: [], collective: null, alternatives: [], remedies: ['fix-code'] },
    read: { files: [], bytes: 0, lines: 0, ranks: [], programs: [], metrics: 0, notes: [] },
  }),
  ...changes,
});

const never = (): never => {
  throw new Error('no approver');
};
