// `npm run bench -- overhead`: what Anneal adds to the work itself. Temporal by round, memory by process, the gateway by token.
// Tables on standard output, or one document with --json; progress on standard error.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Comparison } from './gateway.ts';
import type { ProcessMemory } from './memory.ts';
import { gatewayTable, memoryTable, roundsTable } from './overhead-tables.ts';
import type { RoundSample } from './rounds.ts';
import { type RoundsSummary, summarise } from './rounds-summary.ts';

const PARTS = ['rounds', 'memory', 'gateway'] as const;
type Part = (typeof PARTS)[number];

const USAGE = `Usage: npm run bench -- overhead [OPTIONS]
  --part NAME        only ${PARTS.join(', ')}; may be given again
  --sizes N,N,…      training rollouts in a round; default 10,100,1000
  --repeats N        of every size; default 3
  --concurrency N    rollouts at a time; default 8
  --short            rollouts say that they take no time, so that they share activities
  --json             one JSON document instead of tables
`;

interface Options {
  readonly parts: readonly Part[];
  readonly sizes: readonly number[];
  readonly repeats: number;
  readonly concurrency: number;
  readonly json: boolean;
  readonly short: boolean;
}

interface Results {
  readonly machine: { readonly cores: number; readonly node: string; readonly loadAtStart: number };
  rounds?: {
    readonly activities: 'scripted';
    readonly concurrency: number;
    readonly summary: RoundsSummary;
    readonly samples: readonly RoundSample[];
  };
  memory?: readonly ProcessMemory[];
  gateway?: readonly Comparison[];
}

export async function main(argv: readonly string[]): Promise<void> {
  const options = parse(argv);
  if (options === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { parts, sizes, repeats, concurrency, short, json } = options;
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const print = (text: string): void => void (json || process.stdout.write(`${text}\n\n`));
  const machine = { cores: cpus().length, node: process.versions.node, loadAtStart: loadavg()[0]! };
  const results: Results = { machine };
  print(`${machine.cores} cores, Node ${machine.node}, load ${machine.loadAtStart.toFixed(2)} at the start`);

  for (const part of PARTS.filter((name) => parts.includes(name))) {
    switch (part) {
      case 'rounds': {
        const samples = await (await import('./rounds.ts')).run({ sizes, repeats, concurrency, short, progress });
        results.rounds = { activities: 'scripted', concurrency, summary: summarise(samples), samples };
        print(roundsTable(results.rounds.summary, concurrency, repeats));
        break;
      }
      case 'memory':
        results.memory = await (await import('./memory.ts')).run(progress);
        print(memoryTable(results.memory));
        break;
      case 'gateway':
        progress('gateway: against the bare policy server');
        results.gateway = await (await import('./gateway.ts')).run({ only: 'real', pairs: 3, print: progress });
        print(gatewayTable(results.gateway));
        break;
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
}

/** Undefined when the arguments make no sense. */
function parse(argv: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        part: { type: 'string', multiple: true, default: [...PARTS] },
        sizes: { type: 'string', default: '10,100,1000' },
        repeats: { type: 'string', default: '3' },
        concurrency: { type: 'string', default: '8' },
        /** Rollouts that are known to take no time share activities. */
        short: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const parts = values.part.filter(isPart);
    const sizes = [...new Set(values.sizes.split(',').map(Number))];
    const [repeats, concurrency] = [Number(values.repeats), Number(values.concurrency)];
    const sensible = [...sizes, repeats, concurrency].every((value) => Number.isInteger(value) && value > 0);
    if (!sensible || parts.length !== values.part.length) return undefined;
    return { parts, sizes, repeats, concurrency, short: values.short, json: values.json };
  } catch {
    return undefined;
  }
}

const isPart = (name: string): name is Part => PARTS.some((part) => part === name);
