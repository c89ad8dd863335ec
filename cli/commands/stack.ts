// up, down, doctor, init.
import type { Command } from 'commander';
import { EXIT } from '../../contracts/errors.ts';
import { initIdentity } from '../../infra/identity/local.ts';
import { doctor } from '../../infra/stack/doctor.ts';
import { purge, startStack, stopStack } from '../../infra/stack/stack.ts';
import { clusterChecks, refuseUnreadableToken } from '../cluster-checks.ts';
import { endLeftovers, tellLeftovers } from '../cluster-leftovers.ts';
import type { Run } from '../session.ts';
import { commandFor } from '../view/command.ts';
import { paint } from '../view/paint.ts';
import { createSetupReporter } from '../view/setup.ts';

export function addStackCommands(program: Command, run: Run): void {
  program
    .command('up')
    .description('start Temporal, the policy server, the gateway and the worker on this machine')
    .action((_options, command: Command) =>
      run(async ({ config, json }) => {
        refuseUnreadableToken(config);
        const reporter = createSetupReporter(process.stderr);
        await initIdentity(config.paths.keys);
        const stack = await startStack({ config, onProgress: reporter.progress });
        reporter.done();
        process.stdout.write(
          json
            ? `${JSON.stringify(stack)}\n`
            : `The stack is up. Temporal's UI: ${stack.endpoints.temporalUi ?? stack.endpoints.temporal}\nStop it with ${commandFor(config, 'down')}\n`,
        );
      }, command),
    );

  program
    .command('down')
    .description('stop the local stack')
    .option(
      '--purge',
      'also remove everything that Anneal has written: caches, store, keys, logs, and what its campaigns run on a cluster',
    )
    .action((options: { purge?: boolean }, command: Command) =>
      run(async ({ config }) => {
        const say = (line: string): void => void process.stderr.write(`${line}\n`);
        const said = [(await stopStack(config)) ? 'The stack is down.' : 'The stack was not running.'];
        if (options.purge) {
          // Before the home goes, which knows what was begun on a cluster.
          if (await endLeftovers(config, say)) process.exitCode = EXIT.unavailable;
          said.push((await purge(config)) ? `Removed ${config.home}.` : `There was no ${config.home} to remove.`);
        } else await tellLeftovers(config, say);
        process.stdout.write(`${said.join(' ')}\n`);
      }, command),
    );

  program
    .command('doctor')
    .description('check what this machine has and what is missing')
    .option('--profile <name>', 'on Kubernetes: what campaigns with this profile need of the cluster', 'cpu')
    .action(({ profile }: { profile: string }, command: Command) =>
      run(async ({ config, json, colour }) => {
        const checks = [...(await doctor(config)), ...(await clusterChecks(config, profile))];
        if (json) process.stdout.write(`${JSON.stringify({ checks })}\n`);
        else {
          const p = paint(colour);
          const mark = { ok: p.green('✓'), warn: p.yellow('!'), fail: p.red('✗') };
          const width = Math.max(...checks.map((c) => c.name.length));
          for (const c of checks) {
            process.stdout.write(`${mark[c.status]} ${c.name.padEnd(width)}  ${c.detail}\n`);
            if (c.hint !== undefined && c.status !== 'ok')
              process.stdout.write(`  ${' '.repeat(width)}  ${p.dim(c.hint)}\n`);
          }
        }
        if (checks.some((c) => c.status === 'fail')) process.exitCode = EXIT.unavailable;
      }, command),
    );

  program
    .command('init')
    .description('make the local approver key')
    .option('--approver <name>', 'the name decisions are signed with')
    .action((options: { approver?: string }, command: Command) =>
      run(async ({ config, json }) => {
        const made = await initIdentity(config.paths.keys, options.approver);
        process.stdout.write(
          json ? `${JSON.stringify(made)}\n` : `Approver ${made.approver}, key ${made.keyId.slice(0, 16)}.\n`,
        );
      }, command),
    );
}
