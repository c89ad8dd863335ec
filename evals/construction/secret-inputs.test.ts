import { expect, test, vi } from 'vitest';
import { stdlibTasksSpec } from '../../contracts/campaign.ts';
import type { Task } from '../../contracts/task.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { gradeReply } from '../verifiers/registry.ts';
import { constructTaskSet } from './construct.ts';

vi.setConfig({ testTimeout: 240_000 });

const sandbox = createBubblewrapSandbox();
async function tasksOf(change: object): Promise<Task[]> {
  const spec = stdlibTasksSpec.parse({
    ...{ source: 'python-stdlib', modules: ['builtins', 'operator', 'str', 'list'], casesPerTask: 6 },
    ...{ splits: { visible: 0.5, gate: 0.3, sealed: 0.2 }, phrasings: 1, compositions: 0 },
    ...{ only: ['builtins.sorted', 'str.split', 'operator.gt', 'list.append'], ...change },
  });
  const { splits } = await constructTaskSet({ spec, seed: 5, sandbox });
  return Object.values(splits).flat();
}

test('a specification that asks for secret inputs gets the same tasks with another verifier, which the reference passes', async () => {
  const [plain, asked] = [await tasksOf({}), await tasksOf({ secretInputs: true })];
  expect(plain).toHaveLength(4);
  expect(plain[0]!.verifier.version).toBe(1);
  const verifier = { name: 'python-function' as const, version: 3 };
  expect(asked).toEqual(plain.map((task) => ({ ...task, verifier })));
  const weights = { correctness: 1, partial: 0, format: 0.2 };
  for (const task of asked) {
    const input = { reply: `\`\`\`python\n${task.gold}\`\`\``, task, weights, sandbox, secret: 'a secret' };
    expect(await gradeReply(input)).toMatchObject({ outcome: 'success', reward: { total: 1.2, verifier } });
  }
});
