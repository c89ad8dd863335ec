// `npm run bench -- gateway [--part peers|engine] [--turns N] [--requests N] [--concurrency 1,16,64]`
import { parseArgs } from 'node:util';
import { comparePeers } from './run.ts';

export async function main(argv: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const options = { part: text, turns: text, requests: text, concurrency: text, only: text };
  const { values } = parseArgs({ args: [...argv], options });
  if (values.part !== 'engine') {
    await comparePeers({
      turns: Number(values.turns ?? 5),
      requests: Number(values.requests ?? 4_000),
      concurrency: (values.concurrency ?? '1,16,64').split(',').map(Number),
      ...(values.only === undefined ? {} : { only: values.only.split(',') as ('direct' | 'Portkey' | 'Anneal')[] }),
    });
  }
  if (values.part !== 'peers') await (await import('../gateway.ts')).run();
}
