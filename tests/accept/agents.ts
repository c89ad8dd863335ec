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

const PARTS = { logs, injections, incidents, deaths };
const CODE = [...DATA_CODE, 'skills', 'cli/commands', 'tests/incidents', 'tests/injections', 'tests/logs'];

/** @param asked which parts will be played; none means all */
export function agentsParts(asked: readonly string[], tell: Tell): Record<string, () => Promise<Figure[]>> {
  const all: [string, readonly Step[]][] = Object.entries(PARTS);
  const steps = all.flatMap(([name, own]) => (asked.length === 0 || asked.includes(name) ? own : []));
  const journal = openJournal<StepFinding>({ name: 'agents', code: CODE, finding: stepFinding });
  const course = createCourse(steps, journal, tell);
  return Object.fromEntries(all.map(([name, own]) => [name, () => course.play(own)]));
}
