import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AnnealError } from '../contracts/errors.ts';
import { childEnvironment, endpointsOf, loadConfig } from './config.ts';

test('the defaults lie below the repository', () => {
  const config = loadConfig({ environment: {} });
  expect(config.home).toBe(join(config.repo, '.anneal'));
  expect(config.paths.venvPython).toBe(join(config.home, 'cache/venv/bin/python'));
  expect(config.temporal).toEqual({ external: undefined, namespace: 'default', cli: undefined });
});

test('the standard Temporal variables are ignored', () => {
  const environment = { TEMPORAL_ADDRESS: 'prod:7233', TEMPORAL_NAMESPACE: 'prod', TEMPORAL_API_KEY: 'x' };
  expect(loadConfig({ environment }).temporal).toEqual(loadConfig({ environment: {} }).temporal);
  expect(childEnvironment({ A: '1' }, { ...environment, ANNEAL_HOME: '/x', PATH: '/bin' })).toEqual({
    PATH: '/bin',
    A: '1',
  });
});

test('--temporal wins over ANNEAL_TEMPORAL, and an empty variable is unset', () => {
  const environment = { ANNEAL_TEMPORAL: 'one:1', ANNEAL_NAMESPACE: '' };
  expect(loadConfig({ environment }).temporal).toMatchObject({ external: 'one:1', namespace: 'default' });
  expect(loadConfig({ environment, temporal: '[::1]:7233' }).temporal.external).toBe('[::1]:7233');
});

test('all wrong values are reported at once', () => {
  const environment = { ANNEAL_GATEWAY_PORT: '70000', ANNEAL_UI_PORT: 'x', ANNEAL_TEMPORAL: 'nowhere' };
  let thrown: unknown;
  try {
    loadConfig({ environment });
  } catch (failure) {
    thrown = failure;
  }
  expect(thrown).toBeInstanceOf(AnnealError);
  expect((thrown as AnnealError).problems.map(({ path, got }) => [path, got])).toEqual([
    ['--temporal / ANNEAL_TEMPORAL', 'nowhere'],
    ['ANNEAL_UI_PORT', 'x'],
    ['ANNEAL_GATEWAY_PORT', '70000'],
  ]);
});

test('a home has one name, also through a link', () => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-config-'));
  symlinkSync(folder, `${folder}-link`);
  expect(loadConfig({ environment: { ANNEAL_HOME: `${folder}-link` } }).home).toBe(folder);
  expect(loadConfig({ environment: { ANNEAL_HOME: `${folder}-link/not/yet` } }).home).toBe(join(folder, 'not/yet'));
  rmSync(`${folder}-link`);
  rmSync(folder, { recursive: true });
});

test('endpoints need ports, except Temporal when another is named', () => {
  const alone = loadConfig({ environment: { ANNEAL_POLICY_PORT: '2', ANNEAL_GATEWAY_PORT: '3' } });
  expect(() => endpointsOf(alone)).toThrow(expect.objectContaining({ code: 'stack.not_running' }));
  expect(endpointsOf(alone, { temporal: 4, temporalUi: 5 }).temporalUi).toBe('http://127.0.0.1:5');
  const external = loadConfig({
    environment: { ANNEAL_POLICY_PORT: '2', ANNEAL_GATEWAY_PORT: '3' },
    temporal: 'host:7233',
  });
  expect(endpointsOf(external)).toEqual({
    temporal: 'host:7233',
    temporalUi: undefined,
    policy: 'http://127.0.0.1:2',
    gateway: 'http://127.0.0.1:3',
  });
});
