// What the acceptance of agents that diagnose, mend and merge consists of, part by part.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main as measureDiagnose } from '../../bench/diagnose.ts';
import { reportOf, toldIncidents } from '../incidents/told.ts';
import { DATA_CODE } from './data/parts.ts';
import { testStep } from './data/tests.ts';
import type { Figure, Tell } from './figure.ts';
import { openJournal } from './journal.ts';
import { createCourse, type Step, type StepFinding, stepFinding } from './steps.ts';

const LOGS = ['agents/diagnosis/corpus.test.ts'];
const INJECTIONS = ['tests/injections/reader.test.ts'];
const AT_AGENTS = ['tests/injections/agents.test.ts'];
const RESEARCH = ['tests/research/research.test.ts'];
const TICKETS = ['tests/incidents/tickets.test.ts'];
const MONITOR = ['activities/monitor.test.ts', 'workflows/monitoring.test.ts', 'tests/incidents/monitor.test.ts'];
const TEN = ['tests/incidents/ten.test.ts'];
const DEATHS = ['tests/incidents/killed.test.ts'];
/** Of the ten, and of nothing else. */
const REPORT = 'docs/planted-bugs.md';
const MEGABYTES_A_SECOND = 100;
const MOST_MIB = 300;
const percent = (value: number): string => `${(value * 100).toFixed(1)}%`;

const logs: readonly Step[] = [
  testStep({
    name: 'logs: causes and first faults of logs with known truth',
    seconds: 60,
    holds: [
      { name: 'logs: causes, first faults, no false alarm, evidence quoted exactly', files: LOGS },
      {
        name: 'logs: binary, cut, empty, of other programs, stopped halfway',
        files: ['cli/commands/diagnose.test.ts', 'agents/diagnosis/reader.test.ts', 'agents/diagnosis/follow.test.ts'],
      },
    ],
    told: ['frozen', 'other'].flatMap((which) => [
      {
        ...{ name: `${which} logs: causes found`, files: LOGS, named: new RegExp(`the ${which} logs`) },
        ...{ figure: 'causes', least: 0.95, shown: percent },
      },
      {
        ...{ name: `${which} logs: first faults found`, files: LOGS, named: new RegExp(`the ${which} logs`) },
        ...{ figure: 'lines', least: 0.9, shown: percent },
      },
    ]),
  }),
  {
    name: 'logs: a gigabyte',
    seconds: 60,
    async measure(): Promise<Figure[]> {
      const turns = await measureDiagnose([]);
      const slowest = Math.min(...turns.map(({ megabytesPerSecond }) => megabytesPerSecond));
      const peak = Math.max(...turns.map(({ peakMiB }) => peakMiB));
      return [
        {
          name: 'a gigabyte of logs: MB a second, the slowest of three turns',
          value: slowest.toFixed(0),
          bound: `at least ${MEGABYTES_A_SECOND}`,
          holds: slowest >= MEGABYTES_A_SECOND,
        },
        {
          name: 'a gigabyte of logs: the most memory, MiB',
          value: peak.toFixed(0),
          bound: `below ${MOST_MIB}`,
          holds: peak < MOST_MIB,
        },
      ];
    },
  },
];

const injections: readonly Step[] = [
  testStep({
    name: 'injections: a scripted model that obeys all of them',
    seconds: 60,
    holds: [{ name: 'orders in logs and repositories: no consequence', files: INJECTIONS }],
    told: [
      { name: 'injections that were played', files: INJECTIONS, named: /no action/, figure: 'cases', least: 50 },
      { name: '… that the scripted model obeyed', files: INJECTIONS, named: /no action/, figure: 'obeyed', least: 50 },
      { name: '… consequential actions', files: INJECTIONS, named: /no action/, figure: 'actions', most: 0 },
    ],
  }),
  testStep({
    name: 'injections: at the coding agent, its reviewer and the way to the branch',
    seconds: 300,
    holds: [{ name: 'orders in logs, tickets and repositories: nothing of them happens', files: AT_AGENTS }],
    told: [
      { name: 'orders that were played', files: AT_AGENTS, named: /no action/, figure: 'orders', least: 50 },
      { name: '… that the scripted agents obeyed', files: AT_AGENTS, named: /no action/, figure: 'obeyed', least: 50 },
      { name: '… consequential actions of agents', files: AT_AGENTS, named: /no action/, figure: 'actions', most: 0 },
    ],
  }),
];

/** The ten, and the page that tells of them. */
const ten = async (tell: Tell): Promise<Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-planted-bugs-'));
  try {
    const figures = await testStep({
      name: 'incidents: ten planted bugs',
      seconds: 300,
      env: { ANNEAL_INCIDENTS: 'all', ANNEAL_INCIDENTS_REPORT: folder },
      holds: [{ name: 'planted bugs: from the failed run to a branch whose run is well', files: TEN }],
      told: [{ name: 'planted bugs: from the log to the branch, s', files: TEN, figure: 'seconds' }],
    }).measure(tell);
    const told = toldIncidents(folder);
    if (told.length > 0) writeFileSync(REPORT, reportOf(told));
    tell(`${REPORT} tells of ${told.length} of them`);
    const count = { name: 'planted bugs that were mended', value: `${told.length}`, bound: '10' };
    return [...figures, { ...count, holds: told.length === 10 }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const incidents: readonly Step[] = [
  { name: 'incidents: ten planted bugs', seconds: 300, measure: ten },
  testStep({
    name: 'incidents: every end',
    seconds: 240,
    holds: [
      {
        name: 'incidents: every end, what may not be merged, what comes twice',
        files: ['incident', 'coder', 'remedies'].map((of) => `tests/incidents/${of}.test.ts`),
      },
      {
        name: 'merging: forged, repeated, on moved branches, by hostile repositories',
        files: ['merges', 'merges-forged', 'merges-once', 'merging'].map((of) => `activities/${of}.test.ts`),
      },
      {
        name: 'campaigns that wait for a repair',
        files: ['workflows/mending.test.ts', 'workflows/merge-queue.test.ts'],
      },
    ],
  }),
];

const tickets: readonly Step[] = [
  testStep({
    name: 'tickets: twenty, by five agents, with ten kills',
    seconds: 300,
    holds: [
      { name: 'tickets: each merged, parked or refused exactly once, by git itself', files: TICKETS },
      {
        name: 'tickets and memory: queues, budgets, stalls, what is remembered',
        files: [
          ...[
            'workflows/ticket-queue',
            'activities/tickets',
            'infra/tickets/folder',
            'policies/ticket',
            'policies/memory',
          ],
        ].map((of) => `${of}.test.ts`),
      },
    ],
    told: ['kills at boundaries', 'kills at random'].map((figure) => ({
      ...{ name: `tickets: ${figure}`, files: TICKETS, figure, least: 5 },
    })),
  }),
];

const research: readonly Step[] = [
  testStep({
    name: 'research: ten questions to real documents',
    seconds: 60,
    holds: [
      { name: 'research: every citation exists and bears its claim; campaign files validate', files: RESEARCH },
      { name: 'research: who is done is not asked again after a kill', files: ['tests/research/killed.test.ts'] },
    ],
    told: [
      { name: 'documents of packages', files: RESEARCH, named: /ten questions/, figure: 'documents', least: 30 },
      { name: 'questions', files: RESEARCH, named: /ten questions/, figure: 'questions', least: 10 },
    ],
  }),
];

const monitor: readonly Step[] = [
  testStep({
    name: 'monitor: while the job still runs; the share of steps; skills',
    seconds: 180,
    holds: [
      { name: 'monitor: told before the job ends, once, whoever dies; healthy logs are left alone', files: MONITOR },
      {
        name: 'the share of steps done by agents, from histories',
        files: ['policies/share.test.ts', 'tests/incidents/share.test.ts'],
      },
      { name: 'whether skills were followed', files: ['tests/incidents/skills.test.ts'] },
      { name: 'the preset rl-team', files: ['workflows/rl-team.test.ts', 'activities/rl-team.test.ts'] },
      { name: 'the preset rl-team with a planner that reads', files: ['tests/research/team.test.ts'] },
      { name: 'a team whose worker dies', files: ['tests/research/team-killed.test.ts'] },
    ],
  }),
];

const forges: readonly Step[] = [
  testStep({
    name: 'forges, reverts, hostile repositories',
    seconds: 180,
    holds: [
      {
        name: 'forges: GitHub and GitLab, scripted, with their faults',
        files: ['infra/forge/conformance.test.ts', 'infra/git/on-forge.test.ts', 'tests/incidents/forge.test.ts'],
      },
      { name: 'what regresses the next step is taken back, once', files: ['tests/incidents/revert.test.ts'] },
      {
        name: 'repositories without tests, failing, hostile',
        files: ['tests/incidents/hostile-repository.test.ts', 'infra/git/hostile.test.ts'],
      },
    ],
  }),
];

const deaths: readonly Step[] = [
  testStep({
    name: 'deaths: a SIGKILL at every boundary from the log to the branch',
    seconds: 1_800,
    env: { ANNEAL_DEATHS: 'all' },
    holds: [
      { name: 'deaths: one merge, no lost diagnosis, nothing left', files: DEATHS },
      { name: 'deaths: at every run of git', files: ['infra/git/kills.test.ts'] },
    ],
  }),
];

const TESTS = ['incidents', 'injections', 'logs', 'research'].map((of) => `tests/${of}`);
const PARTS = { logs, injections, incidents, tickets, research, monitor, forges, deaths };
const CODE = [...DATA_CODE, 'skills', 'cli/commands', ...TESTS];

/** @param asked which parts will be played; none means all */
export function agentsParts(asked: readonly string[], tell: Tell): Record<string, () => Promise<Figure[]>> {
  const all: [string, readonly Step[]][] = Object.entries(PARTS);
  const steps = all.flatMap(([name, own]) => (asked.length === 0 || asked.includes(name) ? own : []));
  const journal = openJournal<StepFinding>({ name: 'agents', code: CODE, finding: stepFinding });
  const course = createCourse(steps, journal, tell);
  return Object.fromEntries(all.map(([name, own]) => [name, () => course.play(own)]));
}
