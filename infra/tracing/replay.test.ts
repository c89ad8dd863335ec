// Workflows that carry a trace replay every committed history, which none of them carried when it was recorded.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowInterceptorModules } from './temporal.ts';

const folder = join(import.meta.dirname, '../../tests/histories');
const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

Runtime.install({ logger: new DefaultLogger('ERROR') });

test('every committed history replays with the interceptors', { timeout: 300_000 }, async () => {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, '../../workflows/index.ts'),
    workflowInterceptorModules: workflowInterceptorModules(),
    logger: quiet,
  });
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const histories = files.map((file) => ({
    workflowId: file,
    history: historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  }));
  let replayed = 0;
  const broken: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    replayed += 1;
    if (error !== undefined) broken.push(`${workflowId}: ${error.message}`);
  }
  expect(broken).toEqual([]);
  expect(replayed).toBe(files.length);
  expect(replayed).toBeGreaterThan(50);
});
