// `npm run accept -- NAME`: what an acceptance asks for, measured; a line each, and an exit code that says whether all of it holds.
import { randomBytes } from 'node:crypto';
import { simulateIntegrity } from '../../evals/simulation/figures.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { corpusFigures } from './corpus.ts';
import { faultFigures } from './faults.ts';
import type { Figure, Tell } from './figure.ts';
import { measuredFigures } from './measured.ts';
import { rowFigures } from './rows.ts';
import { sandboxFigures } from './sandbox.ts';

const tell: Tell = (what) => process.stderr.write(`… ${what}\n`);

const ACCEPTANCES: Readonly<Record<string, () => Promise<Figure[]>>> = {
  async integrity() {
    const sandbox = createBubblewrapSandbox();
    tell(`sandbox: ${await sandbox.describe()}`);
    const instruments = { sandbox, secret: randomBytes(32).toString('hex') };
    const corpus = await corpusFigures(instruments, tell);
    const rows = await rowFigures(instruments);
    const attacks = await sandboxFigures(sandbox, tell);
    const faults = await faultFigures(instruments);
    tell('simulated campaigns: 120 rounds × 200 seeds and more');
    const simulated = simulateIntegrity();
    const measured = await measuredFigures(sandbox, tell);
    return [...corpus, ...rows, ...attacks, ...faults, ...simulated, ...measured];
  },
};

const [name = ''] = process.argv.slice(2);
const acceptance = ACCEPTANCES[name];
if (acceptance === undefined) {
  process.stderr.write(`Usage: npm run accept -- NAME, one of: ${Object.keys(ACCEPTANCES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const began = performance.now();
  const figures = await acceptance();
  const widest = Math.max(...figures.map((figure) => figure.name.length));
  for (const { name: what, value, bound, holds } of figures)
    console.log(`${holds ? '✓' : '✗'} ${what.padEnd(widest)}  ${value}  (${bound})`);
  const missed = figures.filter(({ holds }) => !holds).length;
  console.log(
    `\n${figures.length - missed} hold, ${missed} do not, in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  process.exitCode = missed === 0 ? 0 : 1;
}
