// A campaign that names a judge asks for its measurement before it constructs anything, and one that names none asks what it always asked:
// the beginning of a recorded campaign, told once with a judge.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { judgeSpec } from '../../contracts/judge.ts';
import { QUEUES } from '../../contracts/names.ts';
import type { CampaignInput } from '../../contracts/record.ts';

interface Event {
  eventId: string;
  eventType: string;
  [attributes: string]: unknown;
}
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const file = join(import.meta.dirname, '..', 'histories', 'campaign_better.01a1fdcf.json');
const recorded = (): Event[] => (JSON.parse(readFileSync(file, 'utf8')) as { events: Event[] }).events;
/** Until its first command beside the attributes of search. */
const BEGINNING = 6;
let workflowBundle: { code: string };

beforeAll(async () => {
  const workflowsPath = join(import.meta.dirname, '../../workflows/index.ts');
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: quiet });
});

function withJudge([started, ...others]: Event[]): Event[] {
  const attributes = started!.workflowExecutionStartedEventAttributes as { input: { payloads: { data: string }[] } };
  const [payload] = attributes.input.payloads;
  const input = JSON.parse(Buffer.from(payload!.data, 'base64').toString()) as CampaignInput;
  const named = { endpoint: 'http://127.0.0.1:1/v1', model: 'judge-8b', family: 'scripted', calibration: 'set.json' };
  const spec = { ...input.spec, judge: judgeSpec.parse(named) };
  payload!.data = Buffer.from(JSON.stringify({ ...input, spec })).toString('base64');
  return [started!, ...others];
}
const asked = (eventId: string): Event => ({
  ...{ eventId, eventType: 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED' },
  activityTaskScheduledEventAttributes: {
    ...{ activityId: '1', activityType: { name: 'calibrateJudge' }, taskQueue: { name: QUEUES.jobs } },
    workflowTaskCompletedEventId: '4',
  },
});
const replay = (events: Event[]) => Worker.runReplayHistory({ workflowBundle }, historyFromJSON({ events }), 'judged');

test('with a judge the first thing asked for is its measurement', async () => {
  const begun = withJudge(recorded().slice(0, BEGINNING));
  expect(begun[BEGINNING - 1]!.eventType).toBe('EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED');
  await expect(replay(begun)).rejects.toThrow(/TMPRL1100/);
  await replay([...begun.slice(0, -1), asked(begun[BEGINNING - 1]!.eventId)]);
});

test('without one it is the set', async () => {
  const begun = recorded().slice(0, BEGINNING);
  await replay(begun);
  await expect(replay([...begun.slice(0, -1), asked(begun[BEGINNING - 1]!.eventId)])).rejects.toThrow(/TMPRL1100/);
});
