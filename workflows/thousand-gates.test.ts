// A thousand gates that wait at once, on a real Temporal server: they are listed, and each can be answered.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { campaignName, gateId } from '../contracts/ids.ts';
import { gateWorkflowId, QUEUES } from '../contracts/names.ts';
import { temporal, withTemporal } from '../tests/support/play-campaign.ts';
import { byPhone, type RealGates, realGates } from '../tests/support/real-gates.ts';
import { tellFigures } from '../tests/support/told-figures.ts';

vi.setConfig({ hookTimeout: 120_000 });
withTemporal();
const COUNT = 1_000;

let at: RealGates;
beforeAll(async () => {
  at = await realGates();
});
afterAll(() => at.close());

test('a thousand gates at once are listed, and any of them is answered', async ({ task }) => {
  const started = performance.now();
  const ben = await at.join('ben', 'approver');
  const template = await at.open('many-template', { deadlineMs: 3_600_000 });
  const { evidence } = await template.view();
  const contextOf = (n: number) => ({
    ...template.context,
    ...{ gate: gateId.parse(`many${n}.release-1`), campaign: campaignName.parse(`many${n}`) },
  });
  const open = async (n: number): Promise<void> => {
    await temporal().workflow.start('gate', {
      workflowId: gateWorkflowId(contextOf(n).gate),
      taskQueue: QUEUES.control,
      args: [
        {
          ...{ context: contextOf(n), evidence, title: 'Release?', recommended: 'release', safe: 'keep' },
          ...{ deadlineMs: 3_600_000, remindMs: 3_600_000, campaignWorkflowId: 'campaign/nobody' },
        },
      ],
    });
  };
  for (let n = 0; n < COUNT; n += 50) await Promise.all(Array.from({ length: 50 }, (_, index) => open(n + index)));
  const gates = await at.session().gates();
  await expect.poll(async () => (await gates.open()).length, { timeout: 240_000, interval: 2_000 }).toBe(1 + COUNT);
  const opened = performance.now() - started;
  const listing = performance.now();
  await gates.open();
  const listed = performance.now() - listing;
  tellFigures(task, { openedMs: Math.round(opened), listedMs: Math.round(listed) });
  expect(listed).toBeLessThan(10_000);
  const answering = performance.now();
  expect(await at.send(byPhone(ben, contextOf(777), 'keep'))).toMatchObject({ how: 'decided' });
  tellFigures(task, { answeredMs: Math.round(performance.now() - answering) });
  console.log(JSON.stringify(task.meta.figures));
}, 400_000);
