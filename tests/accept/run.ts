// `npm run accept -- NAME [PART …]`: what an acceptance asks for, measured; a line each, and an exit code that says whether all of it
// holds.

import { randomBytes } from 'node:crypto';
import { untilInterrupted } from '../../bench/ending.ts';
import { simulateIntegrity } from '../../evals/simulation/figures.ts';
import { keepThreadsAwake } from '../../infra/process/wake-threads.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { agentsParts } from './agents.ts';
import { approvalsParts } from './approvals.ts';
import { corpusFigures } from './corpus.ts';
import { dataParts } from './data/parts.ts';
import { faultFigures } from './faults.ts';
import { type Figure, lineOf, type Tell } from './figure.ts';
import { measuredFigures } from './measured.ts';
import { rowFigures } from './rows.ts';
import { sandboxFigures } from './sandbox.ts';

const tell: Tell = (what) => process.stderr.write(`… ${what}\n`);

type Parts = Readonly<Record<string, () => Promise<Figure[]>>>;

/** What an acceptance consists of, in the order in which it is measured. */
const ACCEPTANCES: Readonly<Record<string, (asked: readonly string[]) => Promise<Parts>>> = {
  data: async (asked) => dataParts(asked, tell),
  approvals: async (asked) => approvalsParts(asked, tell),
  agents: async (asked) => agentsParts(asked, tell),
  async integrity() {
    const sandbox = createBubblewrapSandbox();
    tell(`sandbox: ${await sandbox.describe()}`);
    const instruments = { sandbox, secret: randomBytes(32).toString('hex') };
    return {
      corpus: () => corpusFigures(instruments, tell),
      rows: () => rowFigures(instruments),
      attacks: () => sandboxFigures(sandbox, tell),
      faults: () => faultFigures(instruments, tell),
      simulated: async () => {
        tell('simulated campaigns: 120 rounds × 200 seeds and more');
        return simulateIntegrity();
      },
      measured: () => measuredFigures(sandbox, tell),
    };
  },
};

keepThreadsAwake();
const [name = '', ...asked] = process.argv.slice(2);
const parts = await ACCEPTANCES[name]?.(asked);
const unknown = asked.filter((part) => parts?.[part] === undefined);
if (parts === undefined || unknown.length > 0) {
  const what = parts === undefined ? `NAME is one of: ${Object.keys(ACCEPTANCES).join(', ')}` : partsOf(name, parts);
  process.stderr.write(`Usage: npm run accept -- NAME [PART …]; ${what}\n`);
  process.exitCode = 2;
} else await untilInterrupted(() => measure(parts));

async function measure(parts: Parts): Promise<void> {
  const began = performance.now();
  const figures: Figure[] = [];
  for (const [part, of] of Object.entries(parts))
    if (asked.length === 0 || asked.includes(part)) figures.push(...(await of()));
  const widest = Math.max(...figures.map((figure) => figure.name.length));
  for (const figure of figures) console.log(lineOf(figure, widest));
  const missed = figures.filter(({ holds }) => !holds).length;
  console.log(
    `\n${figures.length - missed} hold, ${missed} do not, in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  if (asked.length > 0) console.log(`Only ${asked.join(', ')}; ${partsOf(name, parts)}`);
  process.exitCode = missed === 0 ? 0 : 1;
}

function partsOf(of: string, parts: Parts): string {
  return `the parts of ${of} are ${Object.keys(parts).join(', ')}`;
}
