// `npm run bench -- gateway [--part peers|one|open|memory|engine]`: each part can be run alone, and takes less than ten minutes once what
// it is compared with is installed.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { endingStack } from '../ending.ts';
import { type Closed, closedLoop } from './closed.ts';
import { memoryOver, type summarise } from './memory.ts';
import { type Alone, oneAtATime } from './one.ts';
import { type Opened, openLoop } from './open.ts';
import { type Systems, type SystemsOptions, startSystems, WHO, type Who } from './systems.ts';

const PARTS = ['peers', 'one', 'open', 'memory', 'engine'] as const;
type Part = (typeof PARTS)[number];

const USAGE = `Usage: npm run bench -- gateway [OPTIONS]
  --part NAME          only ${PARTS.join(', ')}; may be given again
  --turns N            of every figure; default 5
  --requests N         a turn ends after so many (default 4000), the part memory after so many in all (default 100000)
  --seconds N          … or after so long; default 3 (peers, one), 10 (open), 480 (memory)
  --concurrency N,…    of the part peers; default 1,16,64
  --rate N             requests a second of the part open; default 200
  --only NAME,…        of the parts peers and open, some of ${WHO.join(', ')}
`;

interface Options {
  readonly parts: readonly Part[];
  readonly turns: number;
  readonly requests: number | undefined;
  readonly seconds: number | undefined;
  readonly concurrency: readonly number[];
  readonly rate: number;
  readonly only: readonly Who[] | undefined;
}

export async function main(argv: readonly string[]): Promise<void> {
  const options = parse(argv);
  if (options === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  for (const part of options.parts) {
    if (part === 'engine') await (await import('../gateway.ts')).run();
    else await play(part, options, print);
  }
}

type Print = (line: string) => void;
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** What each part has found. */
export interface Found {
  readonly peers?: Closed;
  readonly one?: readonly Alone[];
  readonly open?: Opened;
  readonly memory?: ReturnType<typeof summarise>;
}

/** As without options, its lines to where progress goes. */
export const measureGateway = (part: Exclude<Part, 'engine'>): Promise<Found> => play(part, parse([])!, progress);

async function play(part: Exclude<Part, 'engine'>, options: Options, print: Print): Promise<Found> {
  const { turns, requests = 4_000, concurrency, rate, only } = options;
  let found: Found;
  const began = Date.now();
  const load = loadavg()[0]!.toFixed(1);
  switch (part) {
    case 'peers': {
      const who = only ?? WHO;
      const seconds = options.seconds ?? 3;
      print(`## Requests a second, ${turns} turns of at most ${requests} requests or ${seconds} s; medians\n`);
      const peers = await withSystems({ who, delayMs: 0 }, (systems) =>
        closedLoop(systems, { who, turns, requests, seconds, concurrency, print }),
      );
      found = { peers };
      break;
    }
    case 'one': {
      const seconds = options.seconds ?? 3;
      print(`## One at a time, ${turns} turns of at most ${requests} requests or ${seconds} s; medians\n`);
      const one = await withSystems({ who: ['direct', 'Anneal'], delayMs: 0 }, (systems) =>
        oneAtATime(systems, { turns, requests, seconds, print }),
      );
      found = { one };
      break;
    }
    case 'open': {
      // LiteLLM does not keep up with as many: what waits before it grows for as long as one measures.
      const who = only ?? (['direct', 'Portkey', 'Anneal'] as const);
      const seconds = options.seconds ?? 10;
      print(`## ${rate} requests a second at a server that takes 5 ms, ${turns} turns of ${seconds} s; medians\n`);
      const open = await withSystems({ who, delayMs: 5 }, (systems) =>
        openLoop(systems, { who, turns, seconds, perSecond: rate, print }),
      );
      found = { open };
      break;
    }
    case 'memory': {
      const all = options.requests ?? 100_000;
      print(`## Memory over ${all} requests, 64 at a time\n`);
      const memory = await withSystems({ who: ['Anneal'], delayMs: 0 }, (systems) =>
        memoryOver(systems, { requests: all, seconds: options.seconds ?? 480, print, progress }),
      );
      found = { memory };
    }
  }
  const took = ((Date.now() - began) / 1000).toFixed(0);
  print(`\nLoad ${load} at the start, ${loadavg()[0]!.toFixed(1)} at the end; ${took} s in all.\n`);
  return found;
}

async function withSystems<T>(
  options: Omit<SystemsOptions, 'progress'>,
  work: (systems: Systems) => Promise<T>,
): Promise<T> {
  await using stack = endingStack();
  return await work(await startSystems(stack, { ...options, progress }));
}

/** Undefined when the arguments make no sense. */
function parse(argv: readonly string[]): Options | undefined {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      args: [...argv],
      options: {
        part: { type: 'string', multiple: true, default: [...PARTS] },
        ...{ turns: text, requests: text, seconds: text, concurrency: text, rate: text, only: text },
      },
    });
    const parts = PARTS.filter((name) => values.part.includes(name));
    const only = values.only?.split(',');
    const who = only && WHO.filter((name) => only.includes(name));
    const number = (given: string | undefined): number | undefined => (given === undefined ? undefined : Number(given));
    const [turns, requests, seconds] = [number(values.turns) ?? 5, number(values.requests), number(values.seconds)];
    const rate = number(values.rate) ?? 200;
    const concurrency = (values.concurrency ?? '1,16,64').split(',').map(Number);
    const sensible = [turns, rate, requests ?? 1, ...concurrency].every(
      (value) => Number.isInteger(value) && value > 0,
    );
    if (!sensible || !((seconds ?? 1) > 0) || parts.length === 0 || parts.length !== new Set(values.part).size)
      return undefined;
    if (who !== undefined && who.length !== only!.length) return undefined;
    return { parts, turns, requests, seconds, concurrency, rate, only: who };
  } catch {
    return undefined;
  }
}
