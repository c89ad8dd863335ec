// Before each file of tests.
import { keepThreadsAwake } from '../../infra/process/wake-threads.ts';

keepThreadsAwake();
