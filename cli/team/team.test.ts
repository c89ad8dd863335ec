// The file with the teams, and the check before a submit: every problem at once, with its line; every refusal with its numbers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { profileName } from '../../contracts/names.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import type { Campaigns } from '../../infra/temporal/campaigns.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { admitToTeam, type Place, turnsOf } from './check.ts';
import { gpusOf } from './profile.ts';
import { readTeams } from './read.ts';

const GOOD = `apiVersion: anneal/v1
kind: Teams
teams:
  - name: vision
    members: [researcher-1, researcher-2]
    quota: { gpus: 200, tokens: 250_000, campaigns: 2 }
    share: 2
    temporal: { namespace: vision }
    kubernetes: { namespace: vision-gpu, queue: vision }
  - name: speech
    members: [researcher-3]
    quota: { gpus: 0, tokens: 1000 }
    temporal: { namespace: speech }
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-teams-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (text: string): string => {
  const path = join(folder, 'teams.yaml');
  writeFileSync(path, text);
  return path;
};
const good = () => readTeams(file(GOOD.replace('250_000', '250000')));

describe('the file', () => {
  test('gives the teams, with what is not said filled in', async () => {
    expect(await good()).toMatchObject([
      { name: 'vision', quota: { window: '30d', campaigns: 2 }, kubernetes: { queue: 'vision' } },
      { name: 'speech', share: 1, quota: { campaigns: 20 } },
    ]);
  });

  test('with mistakes lists all of them, by line, each with a hint', async () => {
    const text = `apiVersion: anneal/v2
kind: Teams
teams:
  - name: Vision Team
    membres: [a]
    quota: { gpus: -1, tokens: 10, window: 30 }
    temporal: { namespace: one }
  - name: speech
    members: [a, a]
    quota: { gpus: 1, tokens: 0 }
    temporal: { namespace: one }
    kubernetes: { namespace: Speech }
`;
    const failure = await readTeams(file(text)).catch((thrown: unknown) => thrown);
    if (!(failure instanceof AnnealError)) throw new Error('the file was accepted', { cause: failure });
    expect(failure.code).toBe('team.invalid');
    expect(failure.message).toBe(`${join(folder, 'teams.yaml')} has ${failure.problems.length} problems`);
    expect(
      failure.problems.map(({ path, line, expected, got, hint }) => `${line} ${path}: ${expected} | ${got} | ${hint}`),
    ).toMatchInlineSnapshot(`
      [
        "1 apiVersion: anneal/v1 | "anneal/v2" | Write anneal/v1.",
        "4 teams[0].name: lower-case letters, digits and dashes, at most 40 | "Vision Team" | Write lower-case letters, digits and dashes, at most 40.",
        "5 teams[0].membres: a field of teams[0] | membres | Did you mean \`members\`?",
        "6 teams[0].quota.gpus: a whole number of at least 0 | -1 | Held at once by all its running campaigns.",
        "6 teams[0].quota.window: a duration with a unit, for example 12h or 30d | 30 | 30 of what? Write 30s for seconds or 30m for minutes.",
        "9 teams[1].members[1]: a member that stands nowhere else; a is on line 9 already | "a" | Keep them in one team: a campaign names its owner, not its team.",
        "10 teams[1].quota.tokens: a whole number above 0 | 0 | Generated within the window; what running campaigns may still use is included.",
        "11 teams[1].temporal.namespace: a Temporal namespace that stands nowhere else; one is on line 7 already | "one" | Who may write to a namespace may do everything in it: give each team its own.",
        "12 teams[1].kubernetes.namespace: a Kubernetes name: lower-case letters, digits and dashes, at most 63 | "Speech" | Where its trainers and policy servers run.",
      ]
    `);
  });

  test.each([
    ['no YAML', 'teams: [\n', /./],
    ['something else', 'kind: Campaign\n', /apiVersion/],
    ['empty', '', /./],
  ])('that is %s is refused', async (_name, text, path) => {
    const failure = await readTeams(file(text)).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'team.invalid' });
    expect((failure as AnnealError).problems.map((problem) => problem.path + problem.expected).join()).toMatch(path);
  });

  test('that is not there is named', async () => {
    await expect(readTeams('/not/there.yaml')).rejects.toMatchObject({ message: '/not/there.yaml: no such file' });
  });
});

describe('a campaign', () => {
  const here = { temporal: 'vision', kubernetes: 'vision-gpu' };
  const spec = (name: string, change: Partial<CampaignSpec> = {}): CampaignSpec =>
    scriptedSpec(name, { owner: 'researcher-1', compute: 'kubernetes', ...change });
  /** 96 H200. */
  let standard: ProfileSpec;
  let known: Parameters<typeof admitToTeam>[3];

  beforeAll(async () => {
    const profile = await loadProfile('minimax-m27-standard');
    standard = { ...profile, scheduling: { ...profile.scheduling, queue: 'vision' } };
    const store = createFolderStore(join(folder, 'store'));
    await store.createNamed(profileName(spec('running').name), JSON.stringify(standard));
    // One of the team runs, one has ended, one is another team's.
    const all = {
      running: { owner: 'researcher-2', status: 'running', tokens: 100 },
      ended: { owner: 'researcher-1', status: 'completed', tokens: 60_000 },
      foreign: { owner: 'researcher-3', status: 'running', tokens: 1 },
    };
    const campaigns = {
      list: async () => Object.entries(all).map(([name, one]) => ({ name, ...one })),
      spec: async (name: string) => spec(name),
      savedState: async (name: keyof typeof all) => all[name] && { tokens: all[name].tokens },
      newestRun: async (id: string) => {
        const one = all[id.slice('campaign/'.length) as keyof typeof all];
        return one && { run: id, running: one.status === 'running', closedAt: new Date() };
      },
    } as unknown as Campaigns;
    known = { campaigns, store };
  });
  const check = async (change: Partial<CampaignSpec> = {}, profile = standard, place: Place = here) =>
    (await admitToTeam(await good(), { spec: spec('new', change), profile, workflow: 'campaign/new' }, place, known))
      .team;

  test("within the quota may be submitted, and its work takes its team's turn", async () => {
    expect(gpusOf(standard)).toBe(96);
    // 100,000 run, 60,000 are used, of 250,000.
    expect(await check({ budget: { ...spec('x').budget, tokens: 90_000 } })).toMatchObject({ name: 'vision' });
    const turn = turnsOf(await good());
    expect(turn('researcher-2')).toMatchObject({ fairnessKey: 'vision', fairnessWeight: 2 });
    expect(turn('nobody')).toMatchObject({ fairnessKey: 'nobody', fairnessWeight: 1 });
  });

  test('beyond it is refused with the numbers', async () => {
    await expect(check({ budget: { ...spec('x').budget, tokens: 90_001 } })).rejects.toMatchObject({
      code: 'team.quota',
      exitCode: 3,
      message: 'team vision: 90,001 are asked for, 90,000 are left of 250,000 tokens in 30d',
    });
    const larger = { ...standard, trainer: { ...standard.trainer, nodes: standard.trainer.nodes + 2 } };
    await expect(check({ budget: { ...spec('x').budget, tokens: 1 } }, larger)).rejects.toMatchObject({
      message: 'team vision: 112 are asked for, 104 are left of 200 GPUs',
    });
  });

  test('of an owner in no team is refused', async () => {
    await expect(check({ owner: 'stranger' })).rejects.toMatchObject({
      code: 'team.not_member',
      message: 'stranger is in no team; there are vision, speech',
    });
  });

  test("in another namespace or queue than the team's is refused, with the one to use", async () => {
    const elsewhere = { temporal: 'default', kubernetes: 'anneal' };
    await expect(
      check({}, { ...standard, scheduling: { ...standard.scheduling, queue: 'other' } }, elsewhere),
    ).rejects.toMatchObject({
      code: 'team.elsewhere',
      message:
        'team vision: its Temporal namespace is vision, not default (ANNEAL_NAMESPACE); its Kubernetes namespace is vision-gpu, not anneal (ANNEAL_KUBE_NAMESPACE); its queue is vision, and the profile has other (scheduling.queue)',
    });
    // On one machine the cluster's names do not matter.
    const { compute: _, ...local } = spec('new', { budget: { ...spec('x').budget, tokens: 1 } });
    const machine = { temporal: 'vision', kubernetes: undefined };
    const submitted = { spec: local as CampaignSpec, profile: undefined, workflow: 'campaign/new' };
    expect(await admitToTeam(await good(), submitted, machine, known)).toMatchObject({ team: { name: 'vision' } });
  });

  test('on Kubernetes of a team that has none is refused', async () => {
    const place = { temporal: 'speech', kubernetes: undefined };
    const budget = { ...spec('x').budget, tokens: 1 };
    await expect(check({ owner: 'researcher-3', budget }, standard, place)).rejects.toMatchObject({
      code: 'team.quota',
      message: expect.stringContaining(
        'team speech: it has no Kubernetes namespace; 96 are asked for, 0 are left of 0',
      ),
    });
  });
});
