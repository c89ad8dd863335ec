import { expect, test } from 'vitest';
import { type Pod, pod } from '../cluster/objects.ts';
import { readAccount, resultOf, stageOf } from './judge-pod.ts';

const NONCE = 'a1';
const line = (more: object = {}): string =>
  `${JSON.stringify({ account: NONCE, how: 'closed', milliseconds: 5, stdout: 'aGk=', stderr: '', ...more })}\n`;

test('an account that is not the collector’s own is none', () => {
  expect(readAccount(line(), NONCE)).toMatchObject({ how: 'closed', stdout: 'aGk=' });
  for (const forged of [
    '',
    'passed\n',
    line({ account: 'b2' }),
    line({ how: 'exited' }),
    `${line()}${line()}`,
    line({ reward: 1 }),
  ])
    expect(() => readAccount(forged, NONCE), forged).toThrow(/no account/);
});

const ended = (exitCode: number, reason = '') => ({ terminated: { exitCode, reason } });
const of = (program: object, collector: object, status: object = {}, metadata: object = {}): Pod =>
  pod.parse({
    metadata: { name: 'x', ...metadata },
    status: {
      phase: 'Running',
      initContainerStatuses: [{ name: 'prepare', state: ended(0) }],
      containerStatuses: [
        { name: 'collector', state: collector },
        { name: 'program', state: program },
      ],
      ...status,
    },
  });

test('a pod’s status is read: what the cluster did to it is never the program’s doing', () => {
  const running = { running: {} };
  const cases: [Pod | undefined, object][] = [
    [undefined, { stage: 'waiting' }],
    [of({ waiting: { reason: 'ImagePullBackOff' } }, { waiting: {} }), { stage: 'waiting', why: 'ImagePullBackOff' }],
    [of(running, running), { stage: 'running' }],
    [of(ended(3), running), { stage: 'running' }],
    [of(running, ended(0)), { stage: 'told' }],
    [of(ended(3), ended(0)), { stage: 'ended', exitCode: 3 }],
    [of(ended(137, 'OOMKilled'), ended(0)), { stage: 'ended', exitCode: 137 }],
    [of(ended(0), ended(1)), { stage: 'lost' }],
    [
      of(ended(0), ended(0), { phase: 'Failed', reason: 'Evicted', message: 'disk' }),
      { stage: 'lost', why: 'Evicted: disk' },
    ],
    [of(ended(137), ended(0), { phase: 'Failed', reason: 'DeadlineExceeded' }), { stage: 'lost' }],
    [of(ended(0), ended(0), {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), { stage: 'lost' }],
    [of({}, {}, { initContainerStatuses: [{ name: 'prepare', state: ended(1) }] }), { stage: 'lost' }],
  ];
  for (const [seen, expected] of cases) expect(stageOf(seen)).toMatchObject(expected);
});

test('what the clock or a limit ended has no exit code; signals are told apart', () => {
  const told = readAccount(line(), NONCE);
  expect(resultOf(told, 7)).toMatchObject({ how: 'exited', exitCode: 7, stdout: 'hi' });
  expect(resultOf(told, 139)).toMatchObject({ how: 'signalled', exitCode: null });
  expect(resultOf(told, 255)).toMatchObject({ how: 'exited', exitCode: 255 });
  expect(resultOf(told, undefined)).toMatchObject({ how: 'timeout' });
  expect(resultOf({ ...told, how: 'output-limit' }, 0)).toMatchObject({ how: 'output-limit', exitCode: null });
});
