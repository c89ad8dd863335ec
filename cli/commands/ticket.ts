// ticket: what somebody wants done in a repository, worked by agents until it is merged, parked or refused.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AnnealError, EXIT } from '../../contracts/errors.ts';
import { type Taken, ticketDraft } from '../../contracts/ticket.ts';
import { openForge } from '../../infra/forge/open.ts';
import { readRepositories } from '../../infra/repositories.ts';
import type { TakeBy, TicketState } from '../../infra/temporal/tickets.ts';
import { ticketFolder } from '../../infra/tickets/folder.ts';
import { forgeIssues } from '../../infra/tickets/issues.ts';
import { type TookOne, takeFrom } from '../../infra/tickets/take.ts';
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
  readonly forge?: string;
  readonly label?: string[];
  readonly most: string;
}
/** Entries of a forge that are read at once, however many are known already. */
const MOST_READ = 10_000;
/** Told one by one. */
const MOST_TOLD = 50;

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
    .command('take [folder]')
    .description('tickets from a folder of Markdown files, or from issues of a forge; each is taken once')
    .option('--forge <repository>', 'open issues of the forge that the file of ANNEAL_REPOSITORIES names for it')
    .option('--label <label...>', 'of those only issues that have all of these')
    .option('--most <tickets>', 'of those so many that have not ended at a time', '200')
    .option('--repository <name>', 'of files that name none')
    .option('--vouch', 'you have read them, and sign for their words')
    .action((folder: string | undefined, options: TakeOptions, command: Command) =>
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
    .command('reopen <name>')
    .description('works once more on one that has ended, with the newest words of its source; you sign for the reason')
    .requiredOption('--because <reason>', 'why: its agent is told so')
    .action((name: string, { because }: { because: string }, command: Command) =>
      run((session) => reopen(session, name, because), command),
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

async function take(session: Session, folder: string | undefined, options: TakeOptions): Promise<void> {
  const { forge, label, vouch, repository } = options;
  if ((folder === undefined) === (forge === undefined))
    throw new AnnealError('cli.usage', 'either a folder or --forge REPOSITORY');
  if (folder === undefined) return takeIssues(session, forge!, options);
  if (label !== undefined) throw new AnnealError('cli.usage', '--label is of --forge');
  const by = await byMe(session, vouch === true);
  const { all } = await takeFrom(ticketFolder(folder, repository), await session.tickets(), by);
  print(session, { taken: all }, () =>
    all.length === 0 ? [`${folder} has no file that ends in .md`] : all.map(tookWords),
  );
  if (all.some(({ how }) => how === 'unfit')) process.exitCode = EXIT.badInput;
}

/** Nobody vouches for all that anybody may write, and has written again by the time that it is read here. */
async function takeIssues(
  session: Session,
  name: string,
  { vouch, repository, label, most }: TakeOptions,
): Promise<void> {
  if (vouch === true || repository !== undefined)
    throw new AnnealError(
      'cli.usage',
      'issues are anybody’s words, of the repository that --forge names: no --vouch, no --repository',
    );
  if (!/^[1-9]\d{0,2}$/.test(most)) throw new AnnealError('cli.usage', '--most is a number from 1 to 999');
  const { repositories } = session.config;
  const spec = repositories === undefined ? undefined : await readRepositories(repositories);
  const found = spec?.repositories.find((one) => one.name === name);
  if (found === undefined)
    throw new AnnealError('repository.unknown', `${name} does not stand in the file of ANNEAL_REPOSITORIES`);
  if (found.forge === undefined)
    throw new AnnealError('cli.usage', `${name} has no forge in the file of ANNEAL_REPOSITORIES`);
  const { url, project } = found.forge;
  const source = forgeIssues({
    ...{ repository: found.name, url, project, forge: openForge(found.forge).api },
    ...(label === undefined ? {} : { labels: label }),
  });
  const bounds = { open: Number(most), read: MOST_READ };
  const { all, stopped } = await takeFrom(source, await session.tickets(), await byMe(session, false), bounds);
  const news = all.filter(({ how }) => how !== 'known');
  print(session, { taken: all, ...(stopped === undefined ? {} : { stopped }) }, () => [
    ...news.slice(0, MOST_TOLD).map(tookWords),
    ...(news.length > MOST_TOLD ? [`and ${news.length - MOST_TOLD} more`] : []),
    `${all.length} open issues of ${project} were read; ${all.length - news.length} of them were taken before.`,
    ...(stopped === 'open' ? [`${most} have not ended: others are taken by the next run, as these end.`] : []),
    ...(stopped === 'read' ? [`There are more than ${MOST_READ}: name labels, or close what is done with.`] : []),
  ]);
}

async function reopen(session: Session, name: string, because: string): Promise<void> {
  const identity = await session.identity();
  const said = because.trim();
  if (said === '' || said.length > 2_000) throw new AnnealError('cli.usage', '--because takes up to 2000 characters');
  const by = { owner: identity.approver, sign: (statement: string) => identity.signBytes(statement) };
  const reopened = await (await session.tickets()).reopen(name, said, by);
  print(session, reopened, () => [
    reopened.how === 'open'
      ? `${reopened.ticket} has not ended. Where it stands: ./anneal ticket show ${reopened.ticket}`
      : `${reopened.ticket}: it is worked on once more. Where it stands: ./anneal ticket show ${reopened.ticket}`,
  ]);
  if (reopened.how === 'open') process.exitCode = EXIT.failed;
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
    edited: 'was taken before with other words: its new ones are kept with it, and run when somebody opens it again',
    same: 'says the same, and was taken before',
  } as const satisfies Record<Taken['how'], string>;
  return `${ticket} ${words[how]}. Where it stands: ./anneal ticket show ${ticket}`;
}

const tookWords = (one: TookOne): string =>
  plain(`${one.key.replace(/^\w+:/, '')}: ${one.how === 'unfit' ? one.why : takenWords(one)}`);

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
