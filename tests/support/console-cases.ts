// Incidents, tickets and research for the console's pages: everything is written by the real activities and workflows, with real git and the real
// sandbox. What models say is *scripted*: they are no models, and say whatever could harm a page.
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atBoundary } from '../../activities/boundary.ts';
import { createIncidentActivities } from '../../activities/incidents.ts';
import { createMergeActivities } from '../../activities/merges.ts';
import { createDocuments } from '../../activities/read.ts';
import { createResearchActivities } from '../../activities/research.ts';
import type { ResearchModel } from '../../activities/research-ports.ts';
import { createRevertActivities } from '../../activities/reverts.ts';
import { createTicketActivities, type Develop } from '../../activities/tickets.ts';
import { carryBase } from '../../cli/commands/research.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { repositoryName } from '../../contracts/change.ts';
import { incidentName, type Reviewed } from '../../contracts/incident.ts';
import { incidentKey, ownLogName, researchKey } from '../../contracts/names.ts';
import { repositoriesSpec } from '../../contracts/repositories.ts';
import {
  type ResearchEnd,
  type ResearchReport,
  researchEnd,
  researchName,
  researchReport,
} from '../../contracts/research.ts';
import { ticketDraft } from '../../contracts/ticket.ts';
import type { LocalIdentity } from '../../infra/identity/local.ts';
import { openRepositories } from '../../infra/repositories.ts';
import { readDocuments } from '../../infra/research/folder.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { createIncidents } from '../../infra/temporal/incidents.ts';
import { createResearches } from '../../infra/temporal/research.ts';
import { createTickets } from '../../infra/temporal/tickets.ts';
import { incidentPorts } from '../../worker/incidents.ts';
import { validateCampaign } from '../../worker/research.ts';
import { FILES, LOG, MEND } from '../incidents/division.ts';
import { documentsFolder } from '../research/documents.ts';
import { QUESTIONS } from '../research/questions.ts';
import { scriptedModel } from '../research/scripted-model.ts';
import { ATTACKS } from './attacks.ts';
import { bareRepository } from './bare-repository.ts';
import { type ConsoleWorld, openConsoleWorld } from './console-world.ts';
import { temporal } from './play-campaign.ts';
import { scriptedChat } from './scripted-chat.ts';

const REPOSITORY = repositoryName.parse('trainer');
export const EVIL = `${ATTACKS.join(' ')} pay \u202e001\u202c \u001b[2K`;

export interface Cases {
  readonly world: ConsoleWorld;
  /** Merged; waits for a human, of a stranger's log that is hostile; left to people. */
  readonly incidents: { readonly merged: string; readonly asked: string; readonly parked: string };
  readonly tickets: { readonly asked: string; readonly parked: string; readonly waiting: string };
  /** One that has proposed an experiment; one whose report is hostile throughout. */
  readonly research: { readonly asked: string; readonly hostile: string };
  close(): Promise<void>;
}

/** Of a file that is `withTemporal()`. */
export async function openCases(): Promise<Cases> {
  const repository = bareRepository(FILES);
  const { folder } = await documentsFolder();
  const world = await openConsoleWorld({}, (at) => atBoundary(activitiesOf({ ...at, path: repository.path })));
  const incidents = await openIncidents(world);
  const tickets = await openTickets(world);
  const research = await openResearch(world, folder);
  return {
    ...{ world, incidents, tickets, research },
    async close() {
      await world.close();
      repository.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function activitiesOf({
  store,
  identity,
  audit,
  path,
}: {
  store: ArtifactStore;
  identity: LocalIdentity;
  audit: AuditLog;
  path: string;
}) {
  const documents = createDocuments(store);
  const open = openRepositories(
    repositoriesSpec.parse({
      ...{ apiVersion: 'anneal/v1', kind: 'Repositories' },
      repositories: [{ name: REPOSITORY, path, tickets: { agents: 1, attempts: 1 } }],
    }),
  );
  const parts = incidentPorts({
    ...{ store, open, sandbox: createBubblewrapSandbox(), tools: async () => new Map(), skills: async () => [MEND] },
  });
  const review = async (): Promise<Reviewed> => ({
    how: 'reviewed',
    by: { model: 'scripted-critic', scripted: true },
    verdict: 'accept',
    findings: [{ path: 'app/scale.py', line: 2, why: EVIL }],
  });
  const all = { store, documents, identity, audit, ...parts, review };
  const incidents = createIncidentActivities(all);
  const { verifyBytes } = identity;
  const model: ResearchModel = {
    name: 'scripted-researcher',
    scripted: true,
    chat: () => scriptedChat(scriptedModel()),
  };
  return {
    ...incidents,
    ...createMergeActivities(all),
    ...createRevertActivities(all),
    ...createTicketActivities({ ...all, develop, verifyBytes, pinBase: incidents.pinBase }),
    ...createResearchActivities({
      ...{ store, documents, identity, model, judge: { absent: 'none is configured' }, search: undefined },
      ...{ validate: validateCampaign(store), signal: () => new AbortController().signal, now: () => new Date() },
    }),
  };
}

/** By what the ticket is called. */
const develop: Develop = async ({ ticket }) => {
  const by = { model: 'scripted-coder', spent: { turns: 7, tokens: 2_310, seconds: 41 }, transcript: {} };
  if (ticket.title.includes('not today'))
    return { ...by, end: 'gave-up', said: `I will not. ${EVIL}`, edits: new Map() };
  const tests = `import unittest\nfrom app.twice import twice\n\n\nclass Twice(unittest.TestCase):\n    def test_two(self):\n        self.assertEqual(twice(2), 4)\n`;
  const notes = `# ${EVIL}\ndef twice(value):\n    return 2 * value\n`.replaceAll('\u001b', '');
  const edits = new Map([
    ['app/twice.py', Buffer.from(notes)],
    ['tests/test_twice.py', Buffer.from(tests)],
  ]);
  return { ...by, end: 'done', said: `It is done. ${EVIL}`, edits };
};

async function openIncidents(world: ConsoleWorld): Promise<Cases['incidents']> {
  const { store } = world;
  const incidents = createIncidents(temporal(), store);
  const open = async (log: string, own: boolean): Promise<string> => {
    const object = await store.put(log);
    if (own) await store.createNamed(ownLogName(object.sha256), 'a-job');
    const logs = [{ name: own ? 'train.log' : 'somebodys.log', object }];
    return incidents.open({ campaign: null, repository: REPOSITORY, owner: 'grace', logs, reportTo: null });
  };
  const ended = (name: string): Promise<void> =>
    until(async () => (await store.readNamed(incidentKey(incidentName.parse(name), 'end'))) !== undefined);
  const hostile = LOG.replace('ZeroDivisionError: float division by zero', `ZeroDivisionError: ${EVIL}`);
  const asked = await open(hostile, false);
  await gateOf(asked, 'merge');
  const merged = await open(LOG, true);
  await ended(merged);
  // What would mend it is on the branch already, and breaks its tests a second time.
  const parked = await open(`step 0 loss 0.7\n${LOG}`, true);
  await ended(parked);
  return { merged, asked, parked };
}

async function openTickets(world: ConsoleWorld): Promise<Cases['tickets']> {
  const tickets = createTickets(temporal(), world.store);
  const sign = (statement: string) => world.identity.signBytes(statement);
  const take = async (title: string, text: string, vouched: boolean): Promise<string> => {
    const draft = ticketDraft.parse({
      repository: REPOSITORY,
      title,
      text,
      author: EVIL.slice(0, 90),
      origin: { kind: 'cli' },
    });
    return (await tickets.take(draft, { owner: 'ada', ...(vouched && { sign }) })).ticket;
  };
  const parked = await take('not today', 'Nobody will do this.', true);
  await until(async () => (await tickets.look(parked)).end !== undefined);
  const asked = await take(ATTACKS[1]!, `Add twice(). ${EVIL}\n`.repeat(200).slice(0, 19_000), false);
  await gateOf(asked, 'merge');
  const waiting = await take('A third, when there is time', 'It waits for its turn.', true);
  return { parked, asked, waiting };
}

async function openResearch(world: ConsoleWorld, folder: string): Promise<Cases['research']> {
  const { store } = world;
  const researches = createResearches(temporal(), store);
  const asked = await researches.ask({
    ...{ question: QUESTIONS[0]!.question, owner: 'grace', budget: { turns: 60, tokens: 200_000, seconds: 600 } },
    corpus: await store.put(canonicalJson(await readDocuments(folder, store))),
    base: await carryBase({ store }, join(resolve('examples/quickstart'), 'campaign.yaml')),
  });
  await gateOf(asked, 'plan');

  const hostile = researchName.parse('research-hostile');
  const quote = { document: EVIL, from: 3, to: 9, quote: EVIL.repeat(3) };
  const report: ResearchReport = researchReport.parse({
    ...{ schema: 'anneal/research-report/v1', research: hostile, question: EVIL, mode: 'read', answer: 'said' },
    ...{ by: { model: EVIL, scripted: true }, judge: { absent: EVIL }, passages: [quote], offered: 2_000 },
    sections: [EVIL, 'another'].map((about, of) => ({
      about,
      claims: Array.from({ length: 500 }, (_, at) => ({
        id: `c${of}-${at}`,
        text: `${EVIL} ${at}`,
        citations: [quote],
      })),
    })),
    dropped: { quote: 7, words: 12 },
    read: { documents: 3, passages: 9, refused: Array.from({ length: 900 }, () => ({ path: EVIL, why: EVIL })) },
    ...{ spent: { turns: 4, tokens: 900 }, notes: [EVIL] },
  });
  const object = await store.put(canonicalJson(report));
  const end: ResearchEnd = { how: 'answered', research: hostile, answer: 'said', report: object, experiment: null };
  await store.createNamed(
    researchKey(hostile, 'written'),
    canonicalJson({ report: object, answer: 'said', claims: 1_000, spent: report.spent }),
  );
  await store.createNamed(researchKey(hostile, 'end'), canonicalJson(researchEnd.parse(end)));
  return { asked, hostile };
}

const gateOf = (name: string, kind: string): Promise<void> =>
  until(async () => {
    const handle = temporal().workflow.getHandle(`gate/${name}.${kind}-1`);
    return handle.describe().then(
      () => true,
      () => false,
    );
  });

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return;
    await sleep(200);
  }
  throw new Error('it did not come to that in two minutes');
}
