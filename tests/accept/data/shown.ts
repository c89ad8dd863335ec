// What the tests show of the data plane, part by part: who asks, what dies, what the upstream does, and who may not.
import { AGENTS, installAgents } from '../../agents/environments.ts';
import { trainerPython } from '../../support/trainer-python.ts';
import type { Step } from '../steps.ts';
import { type ByTests, testStep } from './tests.ts';

const CLIENTS = ['tests/gateway/real-clients.test.ts'];
const BY_AGENTS = ['tests/agents/agents.test.ts'];
const KILLS = ['tests/gateway/kill-turns.test.ts'];
const FAULTS = ['tests/gateway/upstream-faults.test.ts'];
const FUZZ = ['tests/gateway/fuzz.test.ts'];
const SESSIONS = ['tests/gateway/sessions.test.ts'];

export const clients: readonly Step[] = [
  testStep({
    name: 'clients: the SDKs of npm',
    seconds: 60,
    holds: [
      {
        name: 'npm openai, unchanged: Chat Completions, Completions, Responses',
        files: ['gateway/wire/sdk-openai.test.ts', ...CLIENTS],
        named: /openai|Chat Completions|legacy Completions|Responses|SDKs/,
      },
      {
        name: 'npm @anthropic-ai/sdk, unchanged: Messages, tools, counting, models',
        files: ['gateway/wire/sdk-anthropic.test.ts', ...CLIENTS],
        named: /^(?!.*openai)/,
      },
      {
        name: 'passed through: content and events as the upstream says them',
        files: CLIENTS,
        named: /to the byte|event for event/,
      },
      {
        name: 'dialects: what is written is read again, and events close as each dialect has it',
        files: ['gateway/wire/dialects.test.ts'],
      },
      {
        name: 'every call is a record with the hash of what the client was sent',
        files: CLIENTS,
        named: /every call has a record|leaves a stream half-way/,
      },
    ],
  }),
  testStep({
    name: 'clients: agents from PyPI',
    seconds: 900,
    async prepare(tell) {
      // One of them asks the real model.
      await trainerPython();
      await installAgents(tell);
    },
    holds: [
      ...AGENTS.flatMap((agent): ByTests[] => [
        {
          name: `PyPI ${agent}: a program mended, each request a record`,
          files: BY_AGENTS,
          named: startsWith(agent, 'mends'),
        },
        { name: `PyPI ${agent}: Ctrl-C is a record`, files: BY_AGENTS, named: startsWith(agent, 'Ctrl-C') },
      ]),
      { name: 'an agent before the real model: every token is captured', files: ['tests/agents/real-model.test.ts'] },
    ],
  }),
];

function startsWith(agent: string, then: string): RegExp {
  return new RegExp(`^${agent}( \\(.*\\))? ${then}`);
}

export const kills: readonly Step[] = [
  testStep({
    name: 'kills: gateway, store and worker under load',
    seconds: 900,
    env: { ANNEAL_GATEWAY_KILLS: '100' },
    holds: [{ name: 'kill -9 under load, records kept by disk and by store', files: KILLS }],
    told: [
      { name: 'kills, in each mode', files: KILLS, figure: 'kills', least: 100 },
      { name: '… of them of the store', files: KILLS, figure: 'killsOfStore', least: 30 },
      { name: 'completions acknowledged meanwhile', files: KILLS, figure: 'acknowledged', least: 100 },
      { name: 'trajectories acknowledged meanwhile', files: KILLS, figure: 'trajectories', least: 33 },
      { name: 'acknowledged, and not in the store with their hash', files: KILLS, figure: 'lost', most: 0 },
      { name: 'in the store twice', files: KILLS, figure: 'twice', most: 0 },
      { name: 'rollouts in no state or in two', files: KILLS, figure: 'unbalanced', most: 0 },
    ],
  }),
  testStep({
    name: 'kills: what takes records into the tables',
    seconds: 120,
    holds: [
      {
        name: 'compactors killed at any moment: each record in the tables once',
        files: ['tests/gateway/pool-tables-kill.test.ts'],
      },
      { name: 'a generation, its record and its answer, killed between', files: ['tests/gateway/kill.test.ts'] },
    ],
  }),
];

const fault = (name: string, named: RegExp): ByTests => ({ name: `upstream: ${name}`, files: FAULTS, named });

export const upstream: readonly Step[] = [
  testStep({
    name: 'upstream: its faults',
    seconds: 120,
    holds: [
      fault('429', /429/),
      fault('5xx', /plain: 5\d\d/),
      fault('time-out', /in time|stops coming/),
      fault('empty', /plain: nothing$|^a stream nothing before/),
      fault('malformed JSON', /malformed JSON|no known form|no choice|no JSON/),
      fault('truncated stream', /truncated|cut inside a frame|broken/),
      fault('absurd usage numbers', /absurd usage/),
      fault('an answer of 10 MB', /10 MB/),
      fault(
        'gone, a refused key, an error inside, a client’s own mistakes',
        /gone|refused key|calls itself a success|error in it|own mistakes/,
      ),
    ],
  }),
];

export const fuzz: readonly Step[] = [
  testStep({
    name: 'fuzz: credentials, foreign keys, limits',
    seconds: 90,
    holds: [
      {
        name: 'no request without a valid credential',
        files: ['tests/gateway/credentials.test.ts'],
        named: /forged|open one/,
      },
      {
        name: 'keys of one rollout read nothing of another',
        files: SESSIONS,
        named: /not the rollout’s own|nobody else/,
      },
      { name: 'names that are none reach no key of the store', files: SESSIONS, named: /name that is none/ },
      {
        name: 'limits on sizes and depth',
        files: ['gateway/wire/dialects.test.ts'],
        named: /too deep|too long|malformed/,
      },
      {
        name: 'budgets of requests and tokens are never passed',
        files: ['tests/gateway/credentials.test.ts'],
        named: /budget/,
      },
    ],
  }),
  testStep({
    name: 'fuzz: malformed requests',
    seconds: 90,
    holds: [{ name: 'nothing crashes, leaks, or is written where it does not belong', files: FUZZ }],
    told: [
      { name: 'malformed requests', files: FUZZ, figure: 'requests', least: 10_000 },
      { name: 'crashes', files: FUZZ, figure: 'crashes', most: 0 },
    ],
  }),
];

const SIMULATED = ['policies/simulation/quickstart.test.ts'];

export const simulate: readonly Step[] = [
  testStep({
    name: 'simulate: schedulers and predictions',
    seconds: 90,
    holds: [
      {
        name: 'position window: N = 8, W = 4 give disorder 3 and lag 10',
        files: ['policies/schedulers/kinds.test.ts'],
        named: /N = 8/,
      },
      {
        name: 'schedulers under any order of ends: nothing lost, no deadlock, no bound exceeded',
        files: ['policies/schedulers/scheduler.test.ts', 'policies/schedulers/kinds.test.ts'],
      },
      {
        name: 'simulation: closed forms, and every rollout, token and second accounted for',
        files: ['policies/simulation/closed-forms.test.ts', 'policies/simulation/properties.test.ts'],
      },
    ],
    told: [
      {
        name: 'prediction of real rounds: its error',
        files: SIMULATED,
        figure: 'error',
        most: 0.1,
        shown: (error) => `${(100 * error).toFixed(1)}%`,
      },
    ],
  }),
];
