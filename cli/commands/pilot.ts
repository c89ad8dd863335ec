// pilot: measuring the base model before a campaign.
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AnnealError } from '../../contracts/errors.ts';
import { pilotWorkflowId } from '../../infra/temporal/pilot.ts';
import type { Run } from '../session.ts';
import { readCampaign } from '../spec/read.ts';
import { carriedSource, refuseUnfitTasks, withPermission } from './campaigns.ts';

export function addPilot(program: Command, run: Run): void {
  program
    .command('pilot <file>')
    .description("measure how often the base model solves each visible task, for the campaign's curriculum")
    .option('--samples <n>', 'rollouts a task', '4')
    .requiredOption('-o, --out <file>', 'where to write the rates')
    .action((file: string, options: { samples: string; out: string }, command: Command) =>
      run(async (session) => {
        const read = await readCampaign(file, { measures: true });
        const { spec } = read;
        const samples = Number(options.samples);
        if (!Number.isInteger(samples) || samples < 1)
          throw new AnnealError('cli.usage', `--samples takes a whole number; got ${options.samples}`);
        const onProgress = (done: number, total: number): void =>
          void process.stderr.write(`${done} of ${total} rollouts\n`);
        await refuseUnfitTasks(session, read);
        // Who may not submit the campaign may not use up tokens for it either.
        const workflow = pilotWorkflowId(spec, samples);
        const measured = await withPermission(session, { ...read, workflow }, async (beforeStart) =>
          session.pilot(spec, {
            ...{ samples, onProgress, beforeStart },
            ...(read.judged === undefined ? {} : { judgeCalibration: read.judged.text }),
            ...(await carriedSource(session, read)),
          }),
        );
        const document = {
          schema: 'anneal/starting-pass-rates/v1',
          command: `./anneal pilot ${file} --samples ${samples} --out ${options.out}`,
          model: spec.policy.base,
          samplesPerTask: samples,
          rates: mapped(measured, (one) => (typeof one === 'number' ? one : one.solved / one.tried)),
          // By these, and not by rates alone, a set is sieved: ./anneal taskset lock --pass-rates.
          counts: mapped(measured, (one) =>
            typeof one === 'number' ? { solved: Math.round(one * samples), tried: samples } : one,
          ),
        };
        await writeFile(options.out, `${JSON.stringify(document, null, 1)}\n`);
        process.stdout.write(`${Object.keys(measured).length} tasks measured: ${options.out}\n`);
      }, command),
    );
}

const mapped = <A, B>(of: Readonly<Record<string, A>>, to: (one: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(of).map(([task, one]) => [task, to(one)]));
