// What the acceptance of gates, console and audit consists of, part by part.
import { DATA_CODE } from './data/parts.ts';
import { type Told, testStep } from './data/tests.ts';
import type { Figure, Tell } from './figure.ts';
import { openJournal } from './journal.ts';
import { createCourse, type Step, type StepFinding, stepFinding } from './steps.ts';

const DEATHS = ['tests/approvals/killed.test.ts'];
const QUORUM_DEATHS = ['tests/approvals/killed-quorum.test.ts'];
const REGISTRY_DEATHS = ['tests/approvals/killed-registry.test.ts'];
const RESUMED = ['tests/approvals/resumed.test.ts'];
const CASES = ['workflows/approval-cases.test.ts', 'workflows/gate.test.ts'];
const PEOPLE = ['workflows/quorum.test.ts', 'workflows/lent-and-broken.test.ts', 'infra/people/registry.test.ts'];
const SIGN_IN = ['attacks', 'configuration', 'forged', 'keeping', 'local', 'oidc', 'session'];
const PASSKEYS = ['decision-body', 'passkeys', 'registration'];
const LIVE = ['console/live.test.ts'];
const AUDIT = ['infra/audit/tampering.test.ts', 'infra/audit/log.test.ts', 'activities/audited.test.ts'];
const KEPT = ['infra/audit/kept/places.test.ts', 'infra/audit/kept/keeping.test.ts'];
const ms = (value: number): string => `${value} ms`;

const cases: readonly Step[] = [
  testStep({
    name: 'cases: each is refused or applied once',
    seconds: 90,
    holds: [
      { name: 'approval cases by update, signal and command', files: CASES },
      { name: 'the same by every door', files: ['tests/approvals/doors.test.ts'] },
      { name: 'quorum, delegation, break-glass, the registry of people', files: PEOPLE },
    ],
  }),
];

const deaths: readonly Step[] = [
  testStep({
    name: 'deaths: a SIGKILL at every boundary between decision and effect',
    seconds: 600,
    env: { ANNEAL_DEATHS: 'all' },
    holds: [{ name: 'nothing is lost, nothing happens twice', files: DEATHS }],
    told: [
      { name: 'places where the worker died', files: DEATHS, figure: 'deaths played', least: 100 },
      { name: 'decision to resumed', files: DEATHS, figure: 'decision to resumed, ms', most: 1_000, shown: ms },
    ],
  }),
];

const ofPeople: readonly Step[] = [
  testStep({
    name: 'people: a SIGKILL amid the writes of the registry and of a quorum',
    seconds: 600,
    env: { ANNEAL_DEATHS: 'all' },
    holds: [{ name: 'no change and no answer is lost or made twice', files: [...QUORUM_DEATHS, ...REGISTRY_DEATHS] }],
    told: [
      { name: 'deaths of a quorum', files: QUORUM_DEATHS, figure: 'deaths of a quorum played', least: 20 },
      { name: 'deaths of the registry', files: REGISTRY_DEATHS, figure: 'deaths of the registry played', least: 40 },
    ],
  }),
];

const door = (name: string): Told => ({
  ...{ name: `decision to resumed, by the ${name}`, files: RESUMED, named: new RegExp(`the ${name}`) },
  ...{ figure: `${name} to resumed, ms`, most: 1_000, shown: ms },
});

const resumed: readonly Step[] = [
  testStep({
    name: 'resumed: from a decision to the next stage',
    seconds: 60,
    holds: [{ name: 'a decided campaign goes on', files: RESUMED }],
    told: [door('command'), door('console')],
  }),
];

const identity: readonly Step[] = [
  testStep({
    name: 'identity: a real OpenID provider, a real browser’s passkeys',
    seconds: 120,
    holds: [
      {
        name: 'signing in, roles, revocation, forged requests',
        files: SIGN_IN.map((of) => `console/sign-in/${of}.test.ts`),
      },
      {
        name: 'passkeys: made, confirmed, deciding, refused',
        files: PASSKEYS.map((of) => `console/passkeys/${of}.test.ts`),
      },
      { name: 'the whole of it on a gate of a real Temporal', files: ['console/together.test.ts'] },
      { name: 'decisions verified', files: ['infra/identity/local.test.ts', 'infra/identity/passkey.test.ts'] },
    ],
  }),
];

const console_: readonly Step[] = [
  testStep({
    name: 'console: in a real Chromium',
    seconds: 180,
    holds: [
      { name: 'approve, deny, race, expiry, changed and missing evidence', files: ['console/gates.test.ts'] },
      { name: 'hostile texts, ten megabytes, binary evidence', files: ['console/hostile.test.ts'] },
      { name: 'axe, 360 px, dark, weight', files: ['console/pages.test.ts', 'console/people.test.ts'] },
      { name: 'live, stale, restarted', files: LIVE },
    ],
    told: [
      {
        name: 'gate open to visible',
        files: LIVE,
        named: /is seen/,
        figure: 'open to visible, ms',
        most: 1_000,
        shown: ms,
      },
      {
        name: 'a page of 1,000 gates',
        files: LIVE,
        named: /thousand/,
        figure: 'page of 1,000 gates, ms',
        most: 1_000,
        shown: ms,
      },
    ],
  }),
  testStep({
    name: 'console: a thousand gates at once',
    seconds: 90,
    holds: [{ name: 'a thousand gates are listed, and any is answered', files: ['workflows/thousand-gates.test.ts'] }],
  }),
];

const audit: readonly Step[] = [
  testStep({
    name: 'audit: tampering, deaths, the export alone',
    seconds: 60,
    holds: [
      { name: 'each kind of tampering at 100 random places, deaths of writers, the script', files: AUDIT },
      { name: 'heads kept elsewhere: a file, a server, a branch', files: KEPT },
    ],
  }),
];

const telling: readonly Step[] = [
  testStep({
    name: 'telling: who is told, when, once',
    seconds: 60,
    holds: [
      {
        name: 'rotation, quiet hours, escalation; a real web server and mail server',
        files: ['policies/on-call.test.ts', 'infra/notifications/send.test.ts', 'activities/tellings.test.ts'],
      },
    ],
  }),
];

const PARTS = { cases, resumed, identity, console: console_, audit, telling, people: ofPeople, deaths };
const CODE = [...DATA_CODE, 'console', 'tests/approvals'];

/** @param asked which parts will be played; none means all */
export function approvalsParts(asked: readonly string[], tell: Tell): Record<string, () => Promise<Figure[]>> {
  const all: [string, readonly Step[]][] = Object.entries(PARTS);
  const steps = all.flatMap(([name, own]) => (asked.length === 0 || asked.includes(name) ? own : []));
  const journal = openJournal<StepFinding>({ name: 'approvals', code: CODE, finding: stepFinding });
  const course = createCourse(steps, journal, tell);
  return Object.fromEntries(all.map(([name, own]) => [name, () => course.play(own)]));
}
