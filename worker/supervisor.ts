// The supervisor's process, started detached by `./anneal up` with the path of a plan. Its output is logs/supervisor.log.
import { readFileSync } from 'node:fs';
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { stackPlan } from '../infra/stack/plan.ts';
import { supervise } from '../infra/stack/supervise.ts';

keepThreadsAwake();
const path = process.argv[2];
if (path === undefined) throw new Error('usage: supervisor PLAN');
await supervise(stackPlan.parse(JSON.parse(readFileSync(path, 'utf8'))));
process.exit(0);
