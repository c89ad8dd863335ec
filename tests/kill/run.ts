// `npm run test:kill [-- --only NAME]`: SIGKILL of every part in every stage, on real campaigns; one line a case as it goes.
import { parseArgs } from 'node:util';
import { type Journey, openJourney } from '../support/journey.ts';
import { CHECKS, lookAt } from './checks.ts';
import { SCENARIOS, type Scenario } from './kills.ts';
import { playScenario, type Say } from './play.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
const began = performance.now();
let open: Journey | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    console.log(`\nended by ${signal}: stopping what runs`);
    void Promise.resolve(open?.end()).finally(() => process.exit(130));
  });
}
const tally = { passed: 0, failed: 0 };
const say: Say = (passed, name, seconds, detail) => {
  tally[passed ? 'passed' : 'failed'] += 1;
  console.log(`${passed ? 'pass' : 'FAIL'}  ${name.padEnd(36)} ${seconds.toFixed(0).padStart(4)} s  ${detail}`);
};
/** The root of each scenario's task set: the same specification and seed must give the same, whatever was killed. */
const roots = new Set<string>();

const matches = (name: string): boolean => values.only === undefined || name.includes(values.only);
const chosen = SCENARIOS.map((scenario) => ({
  ...scenario,
  kills: matches(scenario.campaign) ? scenario.kills : scenario.kills.filter((kill) => matches(kill.name)),
})).filter((scenario) => scenario.kills.length > 0);
if (values.list === true) for (const kill of chosen.flatMap((scenario) => scenario.kills)) console.log(kill.name);
else {
  for (const scenario of chosen) await runScenario(scenario);
  const minutes = (performance.now() - began) / 60_000;
  process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
  console.log(`\n${minutes.toFixed(1)} minutes\n${tally.passed} passed, ${tally.failed} failed`);
}

async function runScenario(scenario: Scenario): Promise<void> {
  console.log(
    `\n${scenario.campaign}: ${scenario.kills.length} kill(s) in one campaign of ${scenario.rounds} round(s)`,
  );
  const journey = await openJourney();
  open = journey;
  const timed = async (name: string, work: () => Promise<{ wrong: string[]; seen: string }>): Promise<void> => {
    const start = performance.now();
    const { wrong, seen } = await work().catch((failure: unknown) => ({ wrong: [String(failure)], seen: '' }));
    say(
      wrong.length === 0,
      `${scenario.campaign}: ${name}`,
      (performance.now() - start) / 1_000,
      wrong.join('; ') || seen,
    );
  };
  let left: { pid: number; command: string }[] = [];
  try {
    const name = await playScenario(journey, scenario, say);
    const ended = await lookAt(journey, name);
    for (const [title, check] of Object.entries(CHECKS)) await timed(title, () => check(ended));
    await timed('same-task-set', async () => {
      const { root } = await ended.documents.lock(ended.data.state.taskSet!);
      roots.add(root);
      return { wrong: roots.size === 1 ? [] : ['another root than before'], seen: root.slice(0, 12) };
    });
  } catch (failure) {
    say(false, scenario.campaign, 0, `${failure}\n${journey.logTail('worker')}\n${journey.logTail('supervisor')}`);
  } finally {
    left = await journey.end();
  }
  say(
    left.length === 0,
    `${scenario.campaign}: nothing-left-running`,
    0,
    left.map((one) => `${one.pid} ${one.command}`).join('; ') || 'no process',
  );
}
