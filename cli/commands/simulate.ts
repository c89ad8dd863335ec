// simulate: what schedulers and splits of a fleet would come to, from measured figures, before anything is started.
import type { Command } from 'commander';
import { simulationResult } from '../../contracts/prediction.ts';
import { assumptionsIn } from '../../policies/simulation/assumptions.ts';
import { predictFleet } from '../../policies/simulation/predict.ts';
import { type Run, screen } from '../session.ts';
import { readSimulation } from '../simulation/read.ts';
import { renderSimulation } from '../view/simulation.ts';

export function addSimulate(program: Command, run: Run): void {
  program
    .command('simulate <file>')
    .description('predict throughput, idle time, staleness and cost by scheduler and by how a fleet is divided')
    .action((file: string, _flags: unknown, command: Command) =>
      run(async (session) => {
        const spec = await readSimulation(file);
        const { name, seed } = spec;
        const predictions = spec.fleet.devices.flatMap((devices) => {
          if (process.stderr.isTTY === true && !session.json) process.stderr.write(`playing ${devices} devices …\n`);
          return predictFleet(spec, devices);
        });
        const result = simulationResult.parse({
          ...{ schema: 'anneal/simulation/v1', name, seed, assumptions: assumptionsIn(spec), predictions },
        });
        process.stdout.write(
          session.json
            ? `${JSON.stringify(result)}\n`
            : `${renderSimulation(result, spec, screen(session)).join('\n')}\n`,
        );
      }, command),
    );
}
