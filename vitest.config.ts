import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/support/longest-first.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    include: [
      '{contracts,policies,workflows,activities,agents,evals,gateway,k8s,infra,worker,cli,console,bench,tests}/**/*.test.ts',
    ],
    globalSetup: ['tests/support/shared-clusters.ts'],
    setupFiles: ['tests/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // What has no bound of its own is waited for as long as a slow machine needs; the default of one second is a bound nobody promised.
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
});
