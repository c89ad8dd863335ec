// ticket: what somebody wants done in a repository, worked by agents until it is merged, parked or refused.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { type Taken, ticketDraft } from '../../contracts/ticket.ts';
import type { TakeBy, TicketState } from '../../infra/temporal/tickets.ts';
import { ticketFolder } from '../../infra/tickets/folder.ts';
import { type Run, type Session, screen } from '../session.ts';
import { plain } from '../view/text.ts';
import { renderTicket, renderTickets } from '../view/ticket.ts';

interface OpenOptions {
  readonly repository: string;
  readonly text?: string;
  readonly file?: string;
  readonly priority?: string;
  readonly label?: string[];
}
interface TakeOptions {
  readonly repository?: string;
  readonly vouch?: boolean;
}

export function addTicket(program: Command, run: Run): void {
  const ticket = program.command('ticket').description('work that agents do in a repository, and bring to a merge');

  ticket
    .command('open <title>')
    .description('a ticket of your own: you sign for its words')
    .requiredOption('--repository <name>', 'where: a name of the file of ANNEAL_REPOSITORIES')
    .option('--text <text>', 'what is wanted')
    .option('--file <file>', 'what is wanted, from a file')
    .option('--priority <priority>', 'urgent, high, normal or low')
    .option('--label <label...>', 'labels')
    .action((title: string, options: OpenOptions, command: Command) =>
      run((session) => open(session, title, options), command),
    );

  ticket
    .command('take <folder>')
    .description('tickets from a folder of Markdown files; each is taken once')
    .option('--repository <name>', 'of files that name none')
    .option('--vouch', 'you have read them, and sign for their words')
    .action((folder: string, options: TakeOptions, command: Command) =>
      run((session) => take(session, folder, options), command),
    );

  ticket
    .command('ls')
    .description('all tickets, the newest first')
    .action((_: object, command: Command) =>
      run(async (session) => {
        const all = await (await session.tickets()).list();
        print(session, { tickets: all }, () => renderTickets(all, screen(session)));
      }, command),
    );

  ticket
    .command('show <name>')
    .description('what it says, where it stands, what was tried, how it ended')
    .action((name: string, _: object, command: Command) =>
      run(async (session) => show(session, await (await session.tickets()).look(name)), command),
    );

  ticket
    .command('park <name>')
    .description('leave it to people; what has landed stays')
    .requiredOption('--reason <reason>', 'why')
    .action((name: string, { reason }: { reason: string }, command: Command) =>
      run(async (session) => {
        const { approver } = await session.identity();
        const state = await (await session.tickets()).park(name, `parked by ${approver}: ${reason}`);
        print(session, state, () => [
          state.end === undefined
            ? `${name} will be parked. Where it stands: ./anneal ticket show ${name}`
            : `${name} has ended before: ${state.end.how}`,
        ]);
      }, command),
    );
}

async function open(session: Session, title: string, options: OpenOptions): Promise<void> {
  const { repository, priority, label } = options;
  const text = options.file === undefined ? (options.text ?? '') : await readText(options.file);
  const draft = ticketDraft.safeParse({
    ...{ repository, title, text, origin: { kind: 'cli' } },
    ...(priority === undefined ? {} : { priority }),
    ...(label === undefined ? {} : { labels: label }),
  });
  if (!draft.success)
    throw new AnnealError(
      'cli.usage',
      draft.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    );
  const taken = await (await session.tickets()).take(draft.data, await byMe(session, true));
  print(session, taken, () => [takenWords(taken)]);
}

async function take(session: Session, folder: string, { repository, vouch }: TakeOptions): Promise<void> {
  const tickets = await session.tickets();
  const by = await byMe(session, vouch === true);
  const all: ({ key: string } & (Taken | { how: 'unfit'; why: string }))[] = [];
  for await (const found of ticketFolder(folder, repository).list())
    all.push(found.how === 'unfit' ? found : { key: found.key, ...(await tickets.take(found.draft, by, found.key)) });
  print(session, { taken: all }, () =>
    all.length === 0
      ? [`${folder} has no file that ends in .md`]
      : all.map((one) => plain(`${one.key.slice('file:'.length)}: ${one.how === 'unfit' ? one.why : takenWords(one)}`)),
  );
  if (all.some(({ how }) => how === 'unfit')) process.exitCode = EXIT.badInput;
}

async function byMe(session: Session, signs: boolean): Promise<TakeBy> {
  const identity = await session.identity();
  return {
    owner: identity.approver,
    ...(signs ? { sign: (statement: string) => identity.signBytes(statement) } : {}),
  };
}

function takenWords({ how, ticket }: Taken): string {
  const words = {
    taken: 'is taken',
    known: 'was taken before',
    edited: 'was taken before with other words: its new ones are kept with it, and not run',
    same: 'says the same, and was taken before',
  } as const satisfies Record<Taken['how'], string>;
  return `${ticket} ${words[how]}. Where it stands: ./anneal ticket show ${ticket}`;
}

const readText = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('spec.missing_file', `${path} cannot be read`, { cause });
  });

function show(session: Session, state: TicketState): void {
  print(session, state, () => renderTicket(state, screen(session)));
  process.exitCode = state.end === undefined || state.end.how === 'merged' ? EXIT.done : EXIT.failed;
}

const print = (session: Session, json: unknown, lines: () => readonly string[]): void =>
  void process.stdout.write(`${session.json ? JSON.stringify(json) : lines().join('\n')}\n`);
