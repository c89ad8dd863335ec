// simulate: what schedulers and splits of a fleet would come to, from measured figures, before anything is started.
import { type Command, InvalidArgumentError } from 'commander';
import { AnnealError } from '../../contracts/errors.ts';
import { simulationResult } from '../../contracts/prediction.ts';
import { assumptionsIn } from '../../policies/simulation/assumptions.ts';
import { predictFleet } from '../../policies/simulation/predict.ts';
import { type Run, screen } from '../session.ts';
import { chosenPipeline } from '../simulation/choose.ts';
import { readSimulation } from '../simulation/read.ts';
import { compareCampaign, renderComparison } from '../simulation/recorded.ts';
import { renderSimulation } from '../view/simulation.ts';

interface SimulateFlags {
  readonly choose?: number;
  readonly campaign?: string;
}

export function addSimulate(program: Command, run: Run): void {
  program
    .command('simulate [file]')
    .description('predict throughput, idle time, staleness and cost by scheduler and by how a fleet is divided')
    .option(
      '--choose <size>',
      'write the best of the first fleet as a campaign does, for groups of so many rollouts',
      wholeSize,
    )
    .option(
      '--campaign <name>',
      'instead of a file: a campaign with `pipeline`, played by its own scheduler on what its groups and trainings took',
    )
    .action((file: string | undefined, { choose, campaign }: SimulateFlags, command: Command) =>
      run(async (session) => {
        if ((file === undefined) === (campaign === undefined))
          throw new AnnealError('cli.usage', 'simulate expects a file, or --campaign NAME');
        if (campaign !== undefined) {
          const compared = await compareCampaign(session.store, campaign);
          const lines = session.json ? [JSON.stringify(compared)] : renderComparison(compared, screen(session).width);
          process.stdout.write(`${lines.join('\n')}\n`);
          return;
        }
        const spec = await readSimulation(file!);
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
        if (choose !== undefined && !session.json)
          process.stdout.write(`\n${chosenPipeline(result, choose).join('\n')}\n`);
      }, command),
    );
}

function wholeSize(text: string): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 2 || size > 64) throw new InvalidArgumentError('a whole number from 2 to 64.');
  return size;
}
