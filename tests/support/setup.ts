// Before each file of tests.
import { flushCompileCache } from 'node:module';
import { afterAll } from 'vitest';
import { keepThreadsAwake } from '../../infra/process/wake-threads.ts';

keepThreadsAwake();
// Its process is ended too abruptly to keep what it has compiled.
afterAll(() => flushCompileCache());
