// Rollouts of several steps on a task's own root file system: the agent, what it makes and the judging of it see the same files.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type ArtifactTask, artifactTask } from '../contracts/artifact-task.ts';
import { type HarnessSpec, processHarness, toolLoop } from '../contracts/harness.ts';
import { createEnvironments } from '../infra/environments/environments.ts';
import { createBubblewrapSandbox } from '../infra/sandbox/bubblewrap.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { GREETING, rootFileSystem } from '../tests/support/root-file-system.ts';
import { toolCall, useEpisodes } from '../tests/support/use-episodes.ts';
import { useGateway } from '../tests/support/use-gateway.ts';

const used = useGateway();
const episodes = useEpisodes(used);
// Of its own: the store of an episode is another one for each test, and to unpack a root takes seconds.
const kept = mkdtempSync(join(tmpdir(), 'anneal-episodes-on-'));
chmodSync(kept, 0o755);
afterAll(() => rmSync(kept, { recursive: true }));
const store = createFolderStore(join(kept, 'store'));
const sandbox = createBubblewrapSandbox({ rootOf: createEnvironments(join(kept, 'environments'), store).folderOf });
const root = rootFileSystem({ files: { 'opt/words.py': 'WORD = "pear"\n' } });

/** Its answer is a program that takes a module out of the root. */
async function onRoot(harness: Partial<HarnessSpec>, tar: Uint8Array | string) {
  const task: ArtifactTask = artifactTask.parse({
    schema: 'anneal/artifact-task/v1',
    ...{ id: 'word', family: 'word', capability: 'terminal/words', instruction: 'Print the word of /opt/words.py.' },
    ...{ format: 'program', verifier: { name: 'program', version: 2 } },
    deliverables: [{ path: 'main.py', maxBytes: 1_000, required: true }],
    ...{ given: {}, gold: {}, environment: await store.put(tar), baselineSeconds: null },
    check: {
      ...{
        kind: 'stdio',
        language: 'python',
        file: 'main.py',
        seconds: 5,
        compare: { how: 'exact' },
        secretInputs: null,
      },
      cases: [{ stdin: '', stdout: 'pear\n' }],
    },
    ...{ canary: 'canary of the word', source: { kind: 'made', name: 'tests', licence: 'Apache-2.0' } },
  });
  return episodes.open({ harness, task, sandbox });
}
const MAIN = 'import sys\nsys.path.append("/opt")\nfrom words import WORD\nprint(WORD)\n';
const LOOP = { kind: 'tool-loop', system: 'You work with files.', loop: toolLoop.parse({}) } as const;

test('the loop’s tools run on it, and so does what they left', async () => {
  const call = (command: string): string => toolCall('shell', { command });
  const replies = [call('greet; cat /opt/words.py'), toolCall('write_file', { path: 'main.py', content: MAIN })];
  used.upstream.says = (_, number) => replies[number - 1] ?? toolCall('submit', {});
  const { trajectory, transcript } = await episodes.played(await onRoot(LOOP, await root));
  const results = transcript.turns.flatMap(({ role, content }) => (role === 'tool' ? [content] : []));
  expect(results[0]).toContain(`${GREETING}\nWORD = "pear"`);
  expect(trajectory).toMatchObject({ outcome: 'success', reward: { components: { correctness: 1 } } });
});

test('an agent in a process runs on it, with its door to the model', async () => {
  used.upstream.says = () => MAIN;
  const code = `
import json, os, subprocess, urllib.request
body = {'model': os.environ['OPENAI_MODEL'], 'messages': [{'role': 'user', 'content': 'hello'}]}
request = urllib.request.Request(os.environ['OPENAI_BASE_URL'] + '/chat/completions', json.dumps(body).encode(),
    {'authorization': 'Bearer ' + os.environ['OPENAI_API_KEY'], 'content-type': 'application/json'})
with urllib.request.urlopen(request) as answer:
    open('main.py', 'w').write(json.load(answer)['choices'][0]['message']['content'])
print(subprocess.run(['greet'], capture_output=True, text=True).stdout)`;
  const process = processHarness.parse({ command: ['python3', '-c', code] });
  const { trajectory, transcript } = await episodes.played(await onRoot({ kind: 'process', process }, await root));
  expect(transcript.turns[1]!.content).toContain(GREETING);
  expect(trajectory).toMatchObject({ outcome: 'success', reward: { components: { correctness: 1 } } });
});

test('one that cannot be used stops the rollout, and leaves nothing on record', async () => {
  used.upstream.says = () => toolCall('shell', { command: 'true' });
  const made = await onRoot(LOOP, 'no tar');
  await expect(episodes.generate(made)).rejects.toMatchObject({ code: 'environment.unusable' });
  expect(await used.client.trajectories(made.planned[0]!.id)).toEqual([]);
});
