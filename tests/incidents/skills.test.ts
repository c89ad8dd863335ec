// How skills were followed, in sessions that really ran: a remedy in the sandbox, and a coding agent with a *scripted* model that keeps to the
// page, or does not.
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readSkills } from '../../agents/skills/library.ts';
import { type UsedSkills, usedSkills } from '../../contracts/adherence.ts';
import { type Skill, skillName } from '../../contracts/skill.ts';
import { readSkillFolder } from '../../infra/skills/folder.ts';
import { tallySkills } from '../../policies/adherence.ts';
import { type IncidentWorld, incidentWorld, type WorldOptions } from '../support/incident-world.ts';
import { withTemporal } from '../support/play-campaign.ts';
import { type ChatMove, scriptedChat } from '../support/scripted-chat.ts';
import { FILES, LOG, MEND } from './division.ts';

withTemporal();

const { files } = await readSkillFolder(join(import.meta.dirname, '../../skills'));
const DEBUGGING = readSkills(files).skills.find(({ name }) => name === 'debugging')!;

let world: IncidentWorld;
afterEach(() => world.close());
async function played(name: string, options: Pick<WorldOptions, 'skills' | 'model'>) {
  world = await incidentWorld({ files: FILES, ...options });
  const { ended } = await world.open(name, LOG);
  // A change that a model made waits for a human, and that is enough here.
  await Promise.race([
    ended,
    expect
      .poll(
        () =>
          world.gates.look(`${name}.merge-1`).then(
            () => 1,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBe(1),
  ]);
  const keys = await world.store.listNamed(`skills/uses/${name}/`);
  const read = async (key: string): Promise<UsedSkills> =>
    usedSkills.parse(JSON.parse(Buffer.from((await world.store.readNamed(key))!.bytes).toString()));
  return { used: await Promise.all(keys.sort().map(read)), ended };
}
const results = ({ uses }: UsedSkills) =>
  uses.map(({ skill, how, clauses }) => [skill, how, Object.fromEntries(clauses.map(({ id, held }) => [id, held]))]);

test('a remedy: what it left is held against what the skills above it say; nobody saw in which order it did it', {
  timeout: 120_000,
}, async () => {
  const skill: Skill = { ...MEND, name: skillName.parse('debugging/guard-division') };
  const { used, ended } = await played('remedied', { skills: [DEBUGGING, skill] });
  const end = await ended;
  expect(end.how).toBe('merged');
  expect(used.map(({ session }) => session)).toEqual(['remedies-1']);
  const kept = {
    'reproduce-first': null,
    'smallest-change': true,
    'tests-stay': true,
    'test-added': true,
    'judges-stay': true,
  };
  expect(results(used[0]!)).toEqual([['debugging/guard-division', 'proposed', kept]]);
  expect(tallySkills(used, new Map([['remedied', end]]))).toMatchObject([
    { uses: 1, successes: 1, kept: 4, checked: 4 },
  ]);
});

const shell = (command: string): ChatMove => ({ tool: 'shell', with: { command } });
const write = (path: string, content: string): ChatMove => ({ tool: 'write_file', with: { path, content } });
const GUARD =
  'def scale(values):\n    top = max(values)\n    if top == 0:\n        return list(values)\n    return [value / top for value in values]\n';
const SHOWS = FILES['tests/test_scale.py']
  .replace('test_halves', 'test_zeros')
  .replace('[1, 2]), [0.5, 1.0]', '[0, 0]), [0, 0]');
const submit: ChatMove = { tool: 'submit', with: { summary: 'A test shows it, and it is mended.' } };
const scripted = (moves: readonly ChatMove[]) => ({ name: 'scripted-coder', chat: () => scriptedChat(moves) });

test('a coding agent that keeps to the page', { timeout: 120_000 }, async () => {
  const moves = [
    write('tests/test_zeros.py', SHOWS),
    shell('python3 -m unittest'),
    write('app/scale.py', GUARD),
    submit,
  ];
  const { used } = await played('obedient', { skills: [DEBUGGING], model: scripted(moves) });
  expect(used.map(({ session }) => session)).toEqual(['coding-agent-1']);
  const kept = {
    'reproduce-first': true,
    'smallest-change': true,
    'tests-stay': true,
    'test-added': true,
    'judges-stay': true,
  };
  expect(results(used[0]!)).toEqual([['debugging', 'proposed', kept]]);
});

test('one that says that it did, and did not', { timeout: 120_000 }, async () => {
  const long = `${GUARD}${Array.from({ length: 200 }, (_, at) => `# ${at}\n`).join('')}`;
  const moves = [
    write('app/scale.py', long),
    write('tests/test_scale.py', SHOWS),
    write('.github/x.yml', 'on: push\n'),
    submit,
  ];
  const { used } = await played('disobedient', { skills: [DEBUGGING], model: scripted(moves) });
  const broken = {
    'reproduce-first': false,
    'smallest-change': false,
    'tests-stay': false,
    'test-added': true,
    'judges-stay': false,
  };
  expect(results(used[0]!)).toEqual([['debugging', 'proposed', broken]]);
});
