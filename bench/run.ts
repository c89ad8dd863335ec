// `npm run bench -- NAME`: runs one benchmark; each prints its figures with their spread, beside what it is compared with.
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { untilInterrupted } from './ending.ts';

const BENCHES: Readonly<Record<string, (argv: readonly string[]) => Promise<unknown>>> = {
  engine: async () => (await import('./engine.ts')).run(),
  eval: async (argv) => (await import('./eval.ts')).main(argv),
  gateway: async (argv) => (await import('./gateway-peers/main.ts')).main(argv),
  k8s: async (argv) => (await import('./k8s.ts')).main(argv),
  merge: async () => (await import('./merge.ts')).run(),
  overhead: async (argv) => (await import('./overhead.ts')).main(argv),
  pool: async (argv) => (await import('./pool.ts')).main(argv),
  rollouts: async (argv) => (await import('./rollouts/main.ts')).main(argv),
  sandbox: async (argv) => (await import('./sandbox.ts')).main(argv),
  study: async (argv) => (await import('./study.ts')).main(argv),
};

keepThreadsAwake();
const [name, ...argv] = process.argv.slice(2);
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`Usage: npm run bench -- NAME, one of: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await untilInterrupted(async () => void (await bench(argv)));
}
