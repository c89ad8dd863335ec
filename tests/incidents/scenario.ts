// One incident from its log to the branch, by way of a human, whose worker dies where it is told to and is started again.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../contracts/canonical.ts';
import { repositoryName } from '../../contracts/change.ts';
import { diagnosis } from '../../contracts/diagnosis.ts';
import { type IncidentEnd, incidentEnd, incidentInput } from '../../contracts/incident.ts';
import { incidentKey, incidentWorkflowId, QUEUES } from '../../contracts/names.ts';
import { repositoriesSpec } from '../../contracts/repositories.ts';
import { readProofs } from '../../infra/audit/decisions.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { bareRepository } from '../support/bare-repository.ts';
import { decided, keepAlive, type Scene, until } from '../support/every-death.ts';
import { type Found, living } from '../support/processes.ts';
import { FILES, LOG } from './division.ts';
import type { MortalIncident } from './worker.ts';

export interface PlayedIncident {
  /** Boundaries that were passed, of all processes of this worker. */
  readonly passed: readonly string[];
  readonly died: boolean;
  /** Processes that were below the worker as it died. */
  readonly below: number;
  readonly commit: string | undefined;
  /** What is not as it should be; empty where all is well. */
  readonly wrong: readonly string[];
}

const INCIDENT = 'killed';
const GATE = `${INCIDENT}.merge-1`;
const AT = '2031-02-03T04:05:06.000Z';
const ONCE = ['gate-opened', 'gate-closed', 'change-landed'];
/** After its death nothing may be left of a worker for longer. */
const GONE_MS = 10_000;

/** @param at a boundary's name, as a life without death tells it; null: nobody dies */
export async function playIncident(scene: Scene, at: string | null): Promise<PlayedIncident> {
  const home = await mkdtemp(join(tmpdir(), 'anneal-killed-'));
  const temporary = join(home, 'tmp');
  mkdirSync(temporary);
  const store = createFolderStore(join(home, 'store'));
  await initIdentity(join(home, 'keys'));
  const identity = createLocalIdentity(join(home, 'keys'));
  const repository = bareRepository(FILES);
  const before = repository.origin('rev-parse', 'main').trim();
  const name = repositoryName.parse('trainer');
  const { address: temporal, namespace, bundle, client } = scene;
  const death = { at, died: join(home, 'died'), passed: join(home, 'passed') };
  const given: MortalIncident = {
    ...{ temporal, namespace, bundle, home, at: AT, death },
    repositories: repositoriesSpec.parse({
      ...{ apiVersion: 'anneal/v1', kind: 'Repositories' },
      repositories: [{ name, path: repository.path, ask: 'always' }],
    }),
  };
  const worker = keepAlive(join(import.meta.dirname, 'worker.ts'), given, { TMPDIR: temporary });
  try {
    const input = incidentInput.parse({
      ...{ schema: 'anneal/incident/v1', incident: INCIDENT, campaign: null, repository: name, owner: 'somebody' },
      ...{ logs: [{ name: 'log', object: await store.put(LOG) }], reportTo: null },
    });
    const handle = await client.workflow.start('incident', {
      ...{ workflowId: incidentWorkflowId(input.incident), taskQueue: QUEUES.control, args: [input] },
    });
    const gates = createGates(client, store);
    const { view } = await until(() => gates.look(GATE));
    const landedEarly = repository.origin('rev-parse', 'main').trim() !== before;
    const answer = { option: 'merge', reason: 'A test', unattended: false, ttl: '1h' } as const;
    await decided(gates, await identity.makeDecision(view.context, answer));
    const end = incidentEnd.parse(await handle.result());
    await worker.stop();

    const below = existsSync(death.died) ? (JSON.parse(readFileSync(death.died, 'utf8')) as Found[]) : [];
    const wrong = [
      ...(end.how === 'merged' ? [] : [`it ended as ${canonicalJson(end)}`]),
      ...(landedEarly ? ['it landed before anybody had decided'] : []),
      ...wrongOnBranch(end),
      ...(await wrongOnRecord(end)),
      ...(await wrongInAudit()),
      ...(await left(below)),
    ];
    const passed = readFileSync(death.passed, 'utf8').trim().split('\n');
    const commit = end.how === 'merged' ? end.commit : undefined;
    return { passed, died: existsSync(death.died), below: below.length, commit, wrong };
  } finally {
    await worker.stop();
    repository.remove();
    await rm(home, { recursive: true, force: true });
  }

  /** By git itself. */
  function wrongOnBranch(end: IncidentEnd): string[] {
    const said = repository.origin('log', '--format=%H %(trailers:key=Anneal-Change,valueonly,separator=%x2C)', 'main');
    const landed = said
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, change]) => change !== '' && change !== undefined);
    const tags = repository.origin('for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/tags').trim();
    if (end.how !== 'merged') return landed.length === 0 ? [] : [`it did not end as merged, and ${landed} landed`];
    const { commit, change } = end;
    const parent = repository.origin('rev-parse', 'main^').trim();
    return [
      ...(canonicalJson(landed) === canonicalJson([[commit, change]]) ? [] : [`on the branch: ${landed.join('; ')}`]),
      ...(repository.origin('rev-parse', 'main').trim() === commit ? [] : ['the branch is not at what was merged']),
      ...(parent === before ? [] : [`what was merged stands upon ${parent}`]),
      ...(tags === `anneal/${INCIDENT} ${commit}` ? [] : [`tags: ${tags}`]),
    ];
  }

  async function wrongOnRecord(end: IncidentEnd): Promise<string[]> {
    const read = async (what: string): Promise<unknown> => {
      const found = await store.readNamed(incidentKey(end.incident, what));
      return found === undefined ? undefined : JSON.parse(new TextDecoder().decode(found.bytes));
    };
    const analysed = (await read('analysed')) as { diagnosis: Parameters<typeof store.get>[0] } | undefined;
    const object = analysed?.diagnosis;
    const found = object && diagnosis.safeParse(JSON.parse(new TextDecoder().decode(await store.get(object))));
    const answers = (await store.listNamed('gates/')).filter((key) => key.endsWith('/answer')).length;
    const refusals = (await store.listNamed('gates/')).filter((key) => key.includes('/refusals/')).length;
    return [
      ...(found?.data?.cause === 'exception' ? [] : ['the diagnosis is lost']),
      ...(canonicalJson(await read('end')) === canonicalJson(end) ? [] : ['its end is not on record as it was told']),
      ...(answers === 1 ? [] : [`${answers} answers are recorded`]),
      ...(refusals === 0 ? [] : [`${refusals} decisions were refused`]),
    ];
  }

  async function wrongInAudit(): Promise<string[]> {
    const { verifyBytes } = identity;
    const { entries, problems } = await readAudit({ store, verifyBytes, witnesses: [] });
    const proofs = await readProofs(entries, { store, verifyBytes });
    const noted = entries.map(({ entry }) => entry.event.what);
    return [
      ...(canonicalJson(noted) === canonicalJson(ONCE) ? [] : [`the audit log has ${noted.join(', ')}`]),
      ...[...problems, ...proofs.problems].map(({ number, what }) => `entry ${number} of the audit log: ${what}`),
    ];
  }

  /** Processes, folders, locks. */
  async function left(below: readonly Found[]): Promise<string[]> {
    const gone = async () => (living(below).length === 0 ? true : undefined);
    await Promise.race([until(gone), new Promise((resolve) => setTimeout(resolve, GONE_MS))]).catch(() => undefined);
    const locks = readdirSync(repository.path, { recursive: true, encoding: 'utf8' }).filter((one) =>
      /\.lock$/.test(one),
    );
    const folders = readdirSync(temporary).filter((one) => one.startsWith('anneal-'));
    return [
      ...living(below).map(({ pid, command }) => `still runs: ${pid} ${command.slice(0, 80)}`),
      ...locks.map((one) => `a lock: ${one}`),
      ...folders.map((one) => `a folder: ${one}`),
    ];
  }
}
