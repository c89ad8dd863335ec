// The pilot's workflow, with scripted activities.
import { expect, test } from 'vitest';
import { QUEUES } from '../contracts/names.ts';
import { keepHistory, startWorkers, temporal, withTemporal } from '../tests/support/play-campaign.ts';
import { firstState, refOf, scriptedSpec } from '../tests/support/scripted-activities.ts';
import type { PilotInput } from './pilot.ts';

withTemporal();

test('a pilot constructs, rolls out every task and gives the rates', async () => {
  const { told, stop } = await startWorkers({ passRates: [0.1] });
  try {
    const spec = scriptedSpec('small-pilot');
    const [policy] = firstState(spec).policies;
    const workflowId = `campaign/${spec.name}`;
    const input: PilotInput = {
      campaign: spec.name,
      spec: refOf(spec),
      policy: policy!,
      samples: 2,
      concurrency: 2,
      timeoutMs: 1_000,
    };
    const handle = await temporal().workflow.start('pilot', { workflowId, taskQueue: QUEUES.control, args: [input] });
    expect(await handle.result()).toEqual(refOf({}));
    expect(told.calls).toContain('buildTaskSet');
    await keepHistory(spec.name, workflowId);
  } finally {
    await stop();
  }
});
