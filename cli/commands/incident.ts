// incident: a failure handed to agents, where it stands, how it ended.
import { basename } from 'node:path';
import type { Command } from 'commander';
import { repositoryName } from '../../contracts/change.ts';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { incidentName } from '../../contracts/incident.ts';
import type { IncidentState } from '../../infra/temporal/incidents.ts';
import { openInterrupt } from '../interrupt.ts';
import { type Run, type Session, screen } from '../session.ts';
import { renderIncident, renderIncidents, stepWords } from '../view/incident.ts';

const LOOK_MS = 1_000;

interface OpenOptions {
  readonly repository: string;
  readonly name?: string;
  readonly watch?: boolean;
}

export function addIncident(program: Command, run: Run): void {
  const incident = program.command('incident').description('failures that agents analyse, repair and bring to a merge');

  incident
    .command('open <log...>')
    .description('have a failure analysed from its logs, and a tested repair proposed to a repository')
    .requiredOption('--repository <name>', 'where it is to be mended: a name of the file of ANNEAL_REPOSITORIES')
    .option('--name <name>', 'what it is called; by its logs unless given')
    .option('--watch', 'stay until it has ended')
    .action((logs: string[], options: OpenOptions, command: Command) =>
      run((session) => open(session, logs, options), command),
    );

  incident
    .command('ls')
    .description('all incidents, the newest first')
    .action((_: object, command: Command) =>
      run(async (session) => {
        const all = await (await session.incidents()).list();
        process.stdout.write(
          session.json
            ? `${JSON.stringify({ incidents: all })}\n`
            : `${renderIncidents(all, screen(session)).join('\n')}\n`,
        );
      }, command),
    );

  incident
    .command('show <name>')
    .description('where it stands, what was tried, how it ended')
    .action((name: string, _: object, command: Command) =>
      run(async (session) => show(session, await (await session.incidents()).look(name)), command),
    );
}

async function open(session: Session, logs: readonly string[], options: OpenOptions): Promise<void> {
  const repository = repositoryName.safeParse(options.repository);
  const name = incidentName.optional().safeParse(options.name);
  const wrong = [repository, name].find((one) => !one.success);
  if (wrong !== undefined || !repository.success || !name.success)
    throw new AnnealError('cli.usage', `--repository and --name take ${wrong?.error?.issues[0]?.message}`);
  const incidents = await session.incidents();
  const { approver } = await session.identity();
  const stored = [];
  for (const path of logs) {
    const object = await session.store.putFile(path).catch((cause: unknown) => {
      throw new AnnealError('diagnosis.unreadable', `${path} cannot be read`, { cause });
    });
    stored.push({ name: basename(path), object });
  }
  const incident = await incidents.open({
    ...{ campaign: null, repository: repository.data, owner: approver, logs: stored, reportTo: null },
    ...(name.data === undefined ? {} : { incident: name.data }),
  });
  if (options.watch !== true) {
    const next = `./anneal incident show ${incident}`;
    process.stdout.write(
      session.json ? `${JSON.stringify({ incident })}\n` : `${incident} is open. Where it stands: ${next}\n`,
    );
    return;
  }
  const interrupt = openInterrupt();
  try {
    let said = '';
    for (;;) {
      const state = await incidents.look(incident);
      if (state.end !== undefined) return show(session, state);
      const now = state.view === undefined ? '' : stepWords(state.view);
      if (now !== said && !session.json) process.stderr.write(`${now}\n`);
      said = now;
      if (interrupt.signal.aborted) {
        process.stderr.write(`It goes on. Where it stands: ./anneal incident show ${incident}\n`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    interrupt.close();
  }
}

function show(session: Session, state: IncidentState): void {
  const lines = session.json ? [JSON.stringify(state)] : renderIncident(state, screen(session));
  process.stdout.write(`${lines.join('\n')}\n`);
  const done = state.end === undefined || state.end.how === 'merged' || state.end.how === 'nothing-wrong';
  process.exitCode = done ? EXIT.done : EXIT.failed;
}
