// Who did what, from histories that really ran.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../contracts/audit.ts';
import type { ReadHistory } from '../contracts/share.ts';
import { readHistory } from '../infra/temporal/histories.ts';
import { ofCampaign, shareOf, shareSentence } from './share.ts';

const FOLDER = join(import.meta.dirname, '../tests/histories');
let histories: ReadHistory[];
beforeAll(async () => {
  const files = readdirSync(FOLDER).filter((name) =>
    /^(campaign|gate|incident|merges)_(mended|parked|trainer|asked|early)/.test(name),
  );
  histories = await Promise.all(
    files.map((file) => {
      const workflowId = file
        .replace(/\.[0-9a-f]{8}\.json$/, '')
        .replace('_', '/')
        .replaceAll('_', '/');
      const history = historyFromJSON(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
      return readHistory(workflowId, history, async (payloads) =>
        payloads?.[0] === undefined ? undefined : defaultPayloadConverter.fromPayload(payloads[0]),
      );
    }),
  );
});
const of = (name: string) => ofCampaign(name, histories);
const row = (name: string, step: string) => shareOf(of(name)).steps.find((one) => one.step === step);

describe('a campaign whose failure was mended, with a human’s yes', () => {
  test('each step by who did it', () => {
    expect(row('mended', 'analyse')).toEqual({ step: 'analyse', model: 0, program: 1, policy: 0, human: 0 });
    expect(row('mended', 'propose')).toEqual({ step: 'propose', model: 0, program: 1, policy: 0, human: 0 });
    expect(row('mended', 'check')).toMatchObject({ policy: 1 });
    // No model was configured: nobody reviewed it, and no step was done.
    expect(row('mended', 'review')).toBeUndefined();
    expect(row('mended', 'decide')).toMatchObject({ human: 1 });
    expect(row('mended', 'merge')).toMatchObject({ program: 1 });
    expect(row('mended', 'plan')).toMatchObject({ policy: 1 });
  });
  test('numerator and denominator are the sums of the table', () => {
    const share = shareOf(of('mended'));
    const sum = (key: 'model' | 'program' | 'policy' | 'human') => share.steps.reduce((all, one) => all + one[key], 0);
    expect([share.byModels, share.byAgents]).toEqual([sum('model'), sum('model') + sum('program')]);
    expect(share.all).toBe(share.byAgents + sum('policy') + sum('human'));
    expect(share.who.reduce((all, one) => all + one.steps, 0)).toBe(share.all);
    expect(shareSentence(share)).toBe(
      `3 of ${share.all} steps (${((100 * 3) / share.all).toFixed(1)}%) were done by agents, 0 of them by models.`,
    );
  });
  test('the merges of others are not its own', () => {
    expect(row('parked', 'merge')).toBeUndefined();
    expect(row('parked', 'propose')).toMatchObject({ program: 1 });
  });
  test('a run that is read twice, or played again, is counted once', () => {
    expect({ ...shareOf([...histories, ...histories]), histories: 0 }).toEqual({ ...shareOf(histories), histories: 0 });
  });
});

test('what the monitor told three times was seen once', () => {
  const told = of('asked').flatMap(({ signals }) => signals.filter(({ name }) => name === 'sighted'));
  expect(told).toHaveLength(3);
  expect(row('asked', 'monitor')).toEqual({ step: 'monitor', model: 0, program: 1, policy: 0, human: 0 });
});

describe('held against the audit log', () => {
  const closed = (gate: string, option: string, unattended = false): AuditEvent =>
    ({ what: 'gate-closed', gate, option, decided: { unattended } }) as unknown as AuditEvent;
  test('a decision that stands there is a human’s; one that does not is nobody’s, and is named', () => {
    const name = 'mended-r1-i1.merge-1';
    const borne = shareOf(of('mended'), { audit: [closed(name, 'merge')] });
    expect([borne.audited, borne.unproven, borne.steps.find(({ step }) => step === 'decide')?.human]).toEqual([
      true,
      [],
      1,
    ]);
    for (const audit of [[], [closed(name, 'leave')], [closed(name, 'merge', true)]]) {
      const other = shareOf(of('mended'), { audit });
      expect(other.unproven).toEqual([name]);
      expect(other.all).toBe(borne.all - 1);
    }
  });
});

test('a coding agent and a reviewer are models; a scripted one is called so', () => {
  const at = '2031-02-03T04:05:06.000Z';
  const done = [
    { type: 'propose', input: { by: 'coding agent' }, result: { how: 'proposed', with: 'large-1' }, at },
    { type: 'propose', input: { by: 'coding agent', tried: 1 }, result: { how: 'unfit', with: 'large-1' }, at },
    { type: 'reviewChange', input: {}, result: { how: 'reviewed', by: { model: 'm', scripted: true } }, at },
    { type: 'unheardOf', input: {}, result: {}, at },
  ];
  const share = shareOf([{ workflowId: 'incident/x', type: 'incident', input: {}, done, signals: [] }]);
  expect([share.byModels, share.all]).toEqual([2, 2]);
  expect(share.who).toEqual([
    { by: 'model', who: 'large-1', steps: 1 },
    { by: 'model', who: 'm (scripted)', steps: 1 },
  ]);
});
