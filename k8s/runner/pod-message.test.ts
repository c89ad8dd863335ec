import { expect, test } from 'vitest';
import { codeOfStop } from '../../policies/retry.ts';
import { readPodMessage } from './pod-message.ts';

test('a bucket out of reach is nobody’s verdict on the job', () => {
  const { message, cause } = readPodMessage('{"code":"store.unavailable","message":"no answer","problems":[]}');
  expect(message).toBe('no answer');
  expect(codeOfStop(43, cause)).toBe('job.interrupted');
});

test('a GPU without memory left is no broken node', () => {
  const { message, cause } = readPodMessage('{"code":"out_of_memory","message":"a GPU ran out of memory"}');
  expect(message).toBe('a GPU ran out of memory');
  expect(codeOfStop(43, cause)).toBe('job.out_of_memory');
  expect(readPodMessage('{"code":"accelerator","message":"NCCL"}').cause).toBeUndefined();
});

test('problems are lines, and other words stay as they are', () => {
  const problem = { path: 'model.base', expected: 'a model', got: 'x', hint: '' };
  const text = JSON.stringify({ code: 'job.configuration', message: 'refused', problems: [problem] });
  expect(readPodMessage(text)).toEqual({ message: 'refused\n  model.base: expected a model, got x', cause: undefined });
  expect(readPodMessage('Killed')).toEqual({ message: 'Killed', cause: undefined });
  expect(readPodMessage('{"code":')).toEqual({ message: '{"code":', cause: undefined });
});
