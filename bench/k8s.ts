// `npm run bench -- k8s [--part s3|pods|wait|watch] [--turns N] [--pods N,…] [--as jobset|job]`: the parts that a campaign on a cluster stands on, each beside what a team would use
// instead, in the same run on the same machine.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { AnnealError } from '../contracts/errors.ts';
import { run as pods } from './k8s-pods.ts';
import { run as wait } from './k8s-wait.ts';
import { run as watch } from './k8s-watch.ts';
import { run as s3 } from './s3.ts';

type Print = (line: string) => void;

interface Part {
  readonly title: string;
  run(print: Print, less: Less): Promise<void>;
}
/** For a look: fewer turns, fewer pods. */
export interface Less {
  readonly turns?: number;
  readonly pods?: readonly number[];
  /** Of the part `pods`: `jobset`, `job`. */
  readonly as?: readonly string[];
}

const PARTS: Readonly<Record<string, Part>> = {
  s3: { title: 'The S3 store beside the AWS SDK', run: s3 },
  pods: { title: 'From submit to all pods, beside `kubectl create`', run: pods },
  wait: { title: 'Waiting for jobs among 10,000 pods', run: wait },
  watch: { title: 'Watching 10,000 pods', run: watch },
};

export async function main(argv: readonly string[]): Promise<void> {
  const options = {
    part: { type: 'string' },
    turns: { type: 'string' },
    pods: { type: 'string' },
    as: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const less: Less = {
    ...(values.turns === undefined ? {} : { turns: Number(values.turns) }),
    ...(values.as === undefined ? {} : { as: values.as.split(',') }),
    ...(values.pods === undefined ? {} : { pods: values.pods.split(',').map(Number) }),
  };
  const chosen = values.part === undefined ? Object.keys(PARTS) : [values.part];
  for (const name of chosen) {
    const part = PARTS[name];
    if (part === undefined) {
      throw new AnnealError('cli.usage', `no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
    }
    const print: Print = (line) => void process.stdout.write(`${line}\n`);
    print(`\n## ${part.title}, \`npm run bench -- k8s --part ${name}\`\n`);
    const before = load();
    await part.run(print, less);
    print(`\nLoad ${before} at the start, ${load()} at the end.`);
  }
}

const load = (): string => loadavg()[0]!.toFixed(1);
