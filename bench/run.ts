// `npm run bench -- NAME [OPTIONS]`: runs one benchmark; each prints its figures with their spread, beside what it is compared with.
import { AnnealError } from '../contracts/errors.ts';
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { untilInterrupted } from './ending.ts';

interface Bench {
  readonly options: string;
  /** It explains its options itself. */
  readonly explains?: true;
  run(argv: readonly string[]): Promise<unknown>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  diagnose: {
    options: '[--megabytes N] [--turns N]',
    run: async (argv) => (await import('./diagnose.ts')).main(argv),
  },
  engine: { options: '', run: async () => (await import('./engine.ts')).run() },
  eval: {
    options: '[--samples N] [--turns N] [--concurrency N]',
    run: async (argv) => (await import('./eval.ts')).main(argv),
  },
  gateway: {
    options: '[--part peers|one|open|memory|engine] [--turns N] [--requests N] [--seconds N] [--concurrency N,…]',
    explains: true,
    run: async (argv) => (await import('./gateway-peers/main.ts')).main(argv),
  },
  k8s: {
    options: '[--part s3|pods|wait|watch] [--turns N] [--pods N,…] [--as jobset|job]',
    run: async (argv) => (await import('./k8s.ts')).main(argv),
  },
  merge: { options: '', run: async () => (await import('./merge.ts')).run() },
  overhead: {
    options: '[--part NAME] [--sizes N,…] [--repeats N] [--concurrency N] [--short] [--json]',
    explains: true,
    run: async (argv) => (await import('./overhead.ts')).main(argv),
  },
  pool: { options: '[--records N] [--folder DIR]', run: async (argv) => (await import('./pool.ts')).main(argv) },
  rollouts: {
    options: '[--rollouts N] [--turns N] [--concurrency N] [--only NAME]',
    run: async (argv) => (await import('./rollouts/main.ts')).main(argv),
  },
  sandbox: { options: '[--turns N] [--runs N]', run: async (argv) => (await import('./sandbox.ts')).main(argv) },
  study: {
    options: '[--settings NAME,…] [--seeds N,…] [--pilot] [--json]',
    run: async (argv) => (await import('./study.ts')).main(argv),
  },
};

keepThreadsAwake();
const [name, ...argv] = process.argv.slice(2);
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) refuse(name === undefined ? 'which one?' : `there is no benchmark ${name}`, BENCHES);
else if (argv.includes('--help') && bench.explains === undefined) process.stdout.write(usage({ [`${name}`]: bench }));
else {
  await untilInterrupted(async () => void (await bench.run(argv))).catch((failure: unknown) => {
    if (!isOfTheCommandLine(failure)) throw failure;
    refuse(failure.message, { [`${name}`]: bench });
  });
}

function refuse(why: string, offered: typeof BENCHES): void {
  process.stderr.write(`${why}\n${usage(offered)}`);
  process.exitCode = 2;
}

function usage(offered: typeof BENCHES): string {
  const lines = Object.entries(offered).map(([title, { options }]) =>
    `  npm run bench -- ${title} ${options}`.trimEnd(),
  );
  return `${['Usage:', ...lines].join('\n')}\n`;
}

function isOfTheCommandLine(failure: unknown): failure is Error {
  if (failure instanceof AnnealError) return failure.code === 'cli.usage';
  return failure instanceof Error && 'code' in failure && `${failure.code}`.startsWith('ERR_PARSE_ARGS_');
}
