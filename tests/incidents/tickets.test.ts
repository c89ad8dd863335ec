// Twenty tickets over two repositories, five agents, ten SIGKILLs of the worker: each ticket is merged, parked or refused, once. Git, Temporal,
// gateway, sandbox, store and signatures are real; the model behind the gateway is scripted.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleWorkflowCode } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { incidentKey } from '../../contracts/names.ts';
import { repositoriesSpec } from '../../contracts/repositories.ts';
import { createGateway } from '../../gateway/gateway.ts';
import { withAgentModels } from '../../gateway/turns/agent-models.ts';
import { readAudit } from '../../infra/audit/verify.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { createLocalIdentity, initIdentity } from '../../infra/identity/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { createTickets } from '../../infra/temporal/tickets.ts';
import { ticketFolder } from '../../infra/tickets/folder.ts';
import { createRandom } from '../../policies/random.ts';
import { bareRepository } from '../support/bare-repository.ts';
import { decided, keepAlive, until } from '../support/every-death.ts';
import { living, processesOf } from '../support/processes.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { startTemporal } from '../support/temporal-server.ts';
import { tellFigures } from '../support/told-figures.ts';
import { answerTo, filesOf, nameOf, pageOf, readRequest, TICKETS } from './ticket-scripts.ts';
import type { MortalTickets } from './ticket-worker.ts';

/** Up to two seconds after the model was asked so often, or after so many have died: while what they had is waited for. */
const RANDOM_KILLS: readonly { readonly asked?: number; readonly fell?: number }[] = [
  ...[{ asked: 8 }, { asked: 30 }, { asked: 45 }],
  ...[{ fell: 4 }, { fell: 6 }],
];
const SETTINGS = {
  attempts: 2,
  stalledAfter: 3,
  backOff: { first: '200ms', most: '1s' },
  budget: { turns: 40, tokens: 40_000, time: '10m' },
};
const named = (number: string) => nameOf(TICKETS.find((one) => one.number === number)!);
const DEATHS = [
  `after develop’s tickets/${named('T04')}/sessions/1, 1`,
  `after develop’s tickets/${named('T05')}/proposals/coding-agent-1, 1`,
  'before landCommit’s git land, 1',
  'after landCommit’s git land, 1',
  `after recordTicketEnd’s tickets/${named('T15')}/end, 1`,
];

test('twenty tickets, five agents, ten kills: each is merged, parked or refused, exactly once', {
  timeout: 900_000,
}, async ({ task }) => {
  await using stack = new AsyncDisposableStack();
  const began = Date.now();
  const home = await mkdtemp(join(tmpdir(), 'anneal-tickets-'));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const [temporary, folder] = [join(home, 'tmp'), join(home, 'tickets')];
  for (const one of [temporary, folder]) mkdirSync(one);
  const store = createFolderStore(join(home, 'store'));
  await initIdentity(join(home, 'keys'));
  const identity = createLocalIdentity(join(home, 'keys'));
  const repositories = (['alpha', 'beta'] as const).map((name) => ({ name, at: bareRepository(filesOf(name)) }));
  for (const { at } of repositories) stack.defer(() => at.remove());
  const server = await startTemporal();
  stack.defer(() => server.stop());
  const bundle = join(home, 'workflows.js');
  const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const workflowsPath = join(import.meta.dirname, '../../workflows/index.ts');
  writeFileSync(bundle, (await bundleWorkflowCode({ workflowsPath, logger: silent })).code);

  // The model, and whoever asks it about a session that has ended already.
  const provider = await startScriptedProvider();
  stack.defer(() => provider.close());
  const asked = new Map<string, number>();
  const askedInVain: string[] = [];
  provider.script = (request) => {
    const { ticket, role, session } = readRequest(request);
    const what = `${ticket.number} ${role} ${session}`;
    asked.set(what, (asked.get(what) ?? 0) + 1);
    if (role === 'developer')
      void store
        .readNamed(incidentKey(nameOf(ticket), `sessions/${session}`))
        .then((found) => found !== undefined && askedInVain.push(what));
    return answerTo(request);
  };
  const secret = Buffer.from('a secret that only this test knows');
  const gateway = await createGateway({
    ...{ dir: join(home, 'gateway'), servers: oneServer(provider.url), secret, port: 0, log: () => undefined },
    providers: withAgentModels(new Map(), { url: `${provider.url}/v1`, name: 'scripted-coder', key: undefined }),
  });
  stack.defer(() => gateway.close());

  const given: MortalTickets = {
    ...{ temporal: server.address, namespace: 'default', bundle, home, pid: join(home, 'pid') },
    gateway: { url: gateway.url, secret: secret.toString('hex') },
    repositories: repositoriesSpec.parse({
      ...{ apiVersion: 'anneal/v1', kind: 'Repositories' },
      repositories: repositories.map(({ name, at }) => ({
        ...{ name, path: at.path, paths: { critical: ['settings/**'], refused: ['secrets/**'] } },
        tickets: { ...SETTINGS, agents: name === 'alpha' ? 3 : 2 },
      })),
    }),
    deaths: DEATHS.map((at, number) => ({ at, died: join(home, `died-${number}`), passed: join(home, 'passed') })),
  };
  const worker = keepAlive(join(import.meta.dirname, 'ticket-worker.ts'), given, { TMPDIR: temporary });
  stack.defer(() => worker.stop());

  const tickets = createTickets(server.client, store);
  const sign = (statement: string) => identity.signBytes(statement);
  const byNumber = new Map<string, string>(TICKETS.map((ticket) => [`${ticket.number}.md`, ticket.number]));
  for (const ticket of TICKETS) writeFileSync(join(folder, `${ticket.number}.md`), pageOf(ticket));
  writeFileSync(join(folder, 'again.md'), pageOf(TICKETS[1]!));
  writeFileSync(join(folder, 'broken.md'), 'no front matter\n');
  const takeAll = async (): Promise<string[]> => {
    const told: string[] = [];
    for await (const found of ticketFolder(folder).list()) {
      if (found.how === 'unfit') told.push(found.how);
      else {
        const number = byNumber.get(found.draft.origin.kind === 'file' ? found.draft.origin.path : '');
        const vouched = TICKETS.find((one) => one.number === number)?.vouched === true;
        told.push((await tickets.take(found.draft, { owner: 'somebody', ...(vouched && { sign }) }, found.key)).how);
      }
    }
    return told;
  };
  const taken = await takeAll();
  expect(count(taken)).toEqual({ taken: 20, same: 1, unfit: 1 });
  // Edited at its source, and everything taken once more: told, and no second run.
  writeFileSync(join(folder, 'T03.md'), pageOf(TICKETS[2]!, 'Something else altogether.'));
  expect(count(await takeAll())).toEqual({ known: 20, edited: 1, unfit: 1 });

  // A human, and kills at random.
  const gates = createGates(server.client, store);
  const human = new Map(
    TICKETS.flatMap(({ human, ...one }) => (human === undefined ? [] : [[nameOf(one as never), human]])),
  );
  const isOver = async (): Promise<boolean> =>
    (await Promise.all(TICKETS.map((one) => store.readNamed(incidentKey(nameOf(one), 'end'))))).every(
      (end) => end !== undefined,
    );
  const random = createRandom('tickets');
  let killed = 0;
  const diedAt = (): number => given.deaths.filter((one) => existsSync(one.died)).length;
  const fallen = (): number => diedAt() + killed;
  const requests = (): number => [...asked.values()].reduce((sum, one) => sum + one, 0);
  const kills = [...RANDOM_KILLS];
  for (const until_ = Date.now() + 600_000; !(await isOver()); await sleep(200)) {
    if (Date.now() > until_) throw new Error(await standing());
    for (const [ticket, option] of human) {
      const found = await gates.look(`${ticket}.merge-1`).catch(() => undefined);
      if (found === undefined) continue;
      const answer = { option, reason: 'A test', unattended: false, ttl: '1h' } as const;
      await decided(gates, await identity.makeDecision(found.view.context, answer));
      human.delete(ticket);
    }
    const due = kills.findIndex(({ asked: after, fell }) =>
      after === undefined ? fallen() >= fell! : requests() >= after,
    );
    const pid = existsSync(given.pid) ? Number(readFileSync(given.pid, 'utf8')) : undefined;
    if (due < 0 || pid === undefined) continue;
    await sleep(random.below(2_000));
    rmSync(given.pid, { force: true });
    try {
      process.kill(pid, 'SIGKILL');
      kills.splice(due, 1);
      killed += 1;
    } catch {
      // It has just died by itself, at one of its places.
    }
  }
  const died = diedAt();

  // Ends that are told are those on record; nothing goes on.
  const states = await tickets.list();
  const running = async () => {
    const found = await Array.fromAsync(server.client.workflow.list({ query: `ExecutionStatus = 'Running'` }));
    const others = found.filter(({ type }) => type !== 'ticketQueue' && type !== 'mergeQueue');
    return others.length === 0 ? true : undefined;
  };
  await until(running);
  await worker.stop();
  for (const ticket of TICKETS) {
    const { end } = states.find((one) => one.ticket === nameOf(ticket))!;
    expect(ticket.ends, `${ticket.number}: ${JSON.stringify(end)}`).toContain(end?.how);
  }
  const endOf = (number: string) => states.find((one) => one.ticket === named(number))!.end!;
  expect([endOf('T01'), endOf('T19')].filter(({ how }) => how === 'merged')).toHaveLength(1);
  expect(endOf('T14')).toMatchObject({ tried: [{ why: expect.stringContaining('stalled') }, {}] });
  expect(endOf('T20').tried).toMatchObject([{ why: expect.stringContaining('it breaks tests/test_base.py') }]);
  expect(endOf('T12')).toMatchObject({ why: expect.stringContaining('touches what no agent changes') });
  expect(states.find((one) => one.ticket === named('T03'))!.revisions).toHaveLength(1);

  // By git itself: each that is merged stands there once, and nothing else does.
  for (const { name, at } of repositories) {
    const ends = TICKETS.filter(({ repository }) => repository === name).map(({ number }) => endOf(number));
    const merged = ends.flatMap((end) => (end.how === 'merged' ? [`${end.commit} ${end.change}`] : []));
    const log = at.origin('log', '--format=%H %(trailers:key=Anneal-Change,valueonly,separator=%x2C)', 'main');
    const landed = log
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .slice(0, -1);
    expect(landed.toSorted()).toEqual(merged.toSorted());
    expect(at.origin('ls-tree', '-r', '--name-only', 'main')).not.toContain('.github');
    expect(at.origin('show', 'main:secrets/key.py')).toContain('none');
    const tags = at.origin('for-each-ref', '--format=%(objectname)', 'refs/tags').trim().split('\n');
    expect(tags.toSorted()).toEqual(merged.map((line) => line.split(' ')[0]).toSorted());
    expect(readdirSync(at.path, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.lock'))).toEqual(
      [],
    );
  }
  const { entries, problems } = await readAudit({ store, verifyBytes: identity.verifyBytes, witnesses: [] });
  expect(problems).toEqual([]);
  const landings = entries.flatMap(({ entry }) => (entry.event.what === 'change-landed' ? [entry.event.change] : []));
  expect(new Set(landings).size).toBe(landings.length);
  expect(landings).toHaveLength(states.filter(({ end }) => end?.how === 'merged').length);

  // What an agent had done was taken up, and asked of the model no second time; each left one memory.
  expect(askedInVain).toEqual([]);
  expect(await store.listNamed('memory/entries/')).toHaveLength(20);
  await until(async () => (living(processesOf(home)).length === 0 ? true : undefined));
  expect(readdirSync(temporary).filter((one) => one.startsWith('anneal-'))).toEqual([]);
  expect(died + killed).toBe(10);
  tellFigures(task, {
    seconds: Math.round((Date.now() - began) / 1_000),
    ...count(states.map(({ end }) => end!.how)),
    'kills at boundaries': died,
    'kills at random': killed,
    'requests to the scripted model': requests(),
  });

  async function standing(): Promise<string> {
    const all = await tickets.list();
    return all
      .map(({ ticket, document, view, end }) => `${document.title} ${ticket} ${end?.how ?? view?.step}`)
      .join('\n');
  }
});

function count(all: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const one of all) counted[one] = (counted[one] ?? 0) + 1;
  return counted;
}
