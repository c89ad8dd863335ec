// That commands which use a team's GPUs and tokens ask the team first; how it answers is cli/team's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import { type TeamSpec, teamsSpec } from '../../contracts/team.ts';
import { loadConfig } from '../../infra/config.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import type { Campaigns } from '../../infra/temporal/campaigns.ts';
import { scriptedSpec } from '../../tests/support/scripted-activities.ts';
import type { Session } from '../session.ts';
import { resumeCampaign, submitFile } from './campaigns.ts';

const home = mkdtempSync(join(tmpdir(), 'anneal-permission-'));
afterAll(() => rmSync(home, { recursive: true }));

const spec = scriptedSpec('wanted');
let done: string[];
beforeEach(() => {
  done = [];
});

/** Its one campaign is over; `running` is another of the same owner. */
function session(owner: string, campaigns: number): Session {
  const config = loadConfig({ environment: { ANNEAL_HOME: home } });
  const { teams } = teamsSpec.parse({
    apiVersion: 'anneal/v1',
    kind: 'Teams',
    teams: [
      {
        ...{ name: 'vision', members: [owner], temporal: { namespace: config.temporal.namespace } },
        quota: { gpus: 0, tokens: 10 * spec.budget.tokens, campaigns },
      },
    ],
  });
  const known = {
    list: async () => [{ name: 'running', owner: spec.owner, status: 'running' }],
    spec: async () => spec,
    savedState: async () => undefined,
    newestRun: async (id: string) =>
      id === 'campaign/running' ? { run: 'one', running: true, closedAt: undefined } : undefined,
    submit: async () => {
      done.push('submit');
      return 'started' as const;
    },
    resume: async () => void done.push('resume'),
  };
  return {
    config,
    store: createFolderStore(join(home, 'store')),
    teams: async (): Promise<readonly TeamSpec[]> => teams,
    campaigns: async () => known as unknown as Campaigns,
    traced: <T>(_: string, work: () => Promise<T>) => work(),
  } as unknown as Session;
}

const read = { spec, specJson: '{}', hash: 'a'.repeat(64), files: [], profile: undefined } as never;
const commands = {
  submit: (at: Session) => submitFile(at, read),
  resume: (at: Session) => resumeCampaign(at, campaignName.parse('wanted')),
};

test.each(['submit', 'resume'] as const)('%s', async (command) => {
  await expect(commands[command](session('somebody-else', 5))).rejects.toMatchObject({ code: 'team.not_member' });
  await expect(commands[command](session(spec.owner, 1))).rejects.toMatchObject({ code: 'team.quota' });
  expect(done).toEqual([]);
  await commands[command](session(spec.owner, 2));
  expect(done).toEqual([command]);
});
