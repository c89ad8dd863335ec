// Writes the JSON Schemas that editors use. `npm run schemas`; a test checks that the committed files are current.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { campaignSpec } from './campaign.ts';
import { decision, evidence } from './gate.ts';
import { jobDocument, jobResult } from './job.ts';
import { profileSpec } from './profile.ts';
import { releaseManifest } from './release.ts';
import { contextOperation } from './session.ts';
import { simulationSpec } from './simulation.ts';
import { taskSetLock } from './task.ts';
import { teamsSpec } from './team.ts';
import { completionRecord, trajectory } from './trajectory.ts';

const SCHEMAS = {
  campaign: campaignSpec,
  completion: completionRecord,
  'context-operation': contextOperation,
  decision,
  evidence,
  job: jobDocument,
  'job-result': jobResult,
  profile: profileSpec,
  release: releaseManifest,
  simulation: simulationSpec,
  'task-set-lock': taskSetLock,
  teams: teamsSpec,
  trajectory,
} as const;

/** File name to file content, for the emitter and for the test that compares. */
export function schemaFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      `${name}.schema.json`,
      `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`,
    ]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'schema');
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(schemaFiles())) writeFileSync(join(folder, name), content);
}
