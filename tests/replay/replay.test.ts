// Committed histories of every workflow replay with today's code: a change that would break a running campaign fails here.
// Recorded by: RECORD_HISTORIES=tests/histories npx vitest run workflows
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import * as workflows from '../../workflows/index.ts';

const folder = join(import.meta.dirname, '..', 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
let workflowBundle: { code: string };

beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
    logger: quiet,
  });
});

const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
const typeOf = (file: string): string =>
  (read(file) as { events: { workflowExecutionStartedEventAttributes: { workflowType: { name: string } } }[] })
    .events[0]!.workflowExecutionStartedEventAttributes.workflowType.name;

describe('replay', () => {
  test('every workflow has a history', () => {
    expect(new Set(files.map(typeOf))).toEqual(new Set(Object.keys(workflows)));
  });

  test.each(files)('%s', async (file) => {
    await Worker.runReplayHistory({ workflowBundle }, historyFromJSON(read(file)), file);
  });
});
