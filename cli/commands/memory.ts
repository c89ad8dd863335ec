// memory: what is remembered of incidents and tickets that are over.
import type { Command } from 'commander';
import { createMemory } from '../../activities/memory.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Remembered } from '../../contracts/memory.ts';
import { type Run, type Session, screen } from '../session.ts';
import { table } from '../view/table.ts';
import { plain, wrap } from '../view/text.ts';

const SHORT = 12;
const COLUMNS = [
  { title: 'id' },
  { title: 'kind' },
  { title: 'from' },
  { title: 'helped', drop: 1 },
  { title: 'what', drop: 2 },
] as const;
const MOST_TITLE = 60;

export function addMemory(program: Command, run: Run): void {
  const memory = program.command('memory').description('what is remembered of incidents and tickets that are over');

  memory
    .command('ls')
    .description('all of it, the newest first')
    .option('--campaign <name>', 'of one campaign alone')
    .action(({ campaign }: { campaign?: string }, command: Command) =>
      run(async (session) => {
        const all = await createMemory(session.store).list();
        const shown = all.filter(({ entry }) => campaign === undefined || entry.from.campaign === campaign);
        print(session, { memory: shown }, () => lines(shown, session));
      }, command),
    );

  memory
    .command('show <id>')
    .description('one entry, with where it is from and where it was shown')
    .action((id: string, _: object, command: Command) =>
      run(async (session) => {
        const one = await find(session, id);
        print(session, one, () => page(one, session));
      }, command),
    );

  memory
    .command('forget <id>')
    .description('show it to nobody any more')
    .action((id: string, _: object, command: Command) =>
      run(async (session) => {
        const { entry } = await find(session, id);
        const { approver } = await session.identity();
        await createMemory(session.store).forget(entry.id, approver);
        print(session, { forgotten: entry.id }, () => [`${entry.id.slice(0, SHORT)} is forgotten.`]);
      }, command),
    );
}

async function find(session: Session, id: string): Promise<Remembered> {
  const all = (await createMemory(session.store).list()).filter(({ entry }) => entry.id.startsWith(id));
  if (all.length !== 1 || id === '')
    throw new AnnealError('memory.not_found', `${id} begins the id of none, or of several`);
  return all[0]!;
}

function lines(all: readonly Remembered[], session: Session): string[] {
  if (all.length === 0) return ['Nothing is remembered yet: an incident or a ticket that ends leaves an entry.'];
  const rows = all.map(({ entry, uses }) => [
    entry.id.slice(0, SHORT),
    entry.tainted ? `${entry.kind}, tainted` : entry.kind,
    entry.from.case,
    `${uses.filter(({ success }) => success).length} of ${uses.length}`,
    plain(entry.text.split('\n')[0]!).slice(0, MOST_TITLE),
  ]);
  return table(COLUMNS, rows, { width: screen(session).width });
}

function page({ entry, uses }: Remembered, session: Session): string[] {
  const { id, kind, text, from, tainted, at } = entry;
  const said = [
    `${kind} of ${at.slice(0, 10)}, from ${from.case} in ${from.repository}${from.campaign === null ? '' : ` of ${from.campaign}`}`,
    ...(tainted ? ['Its words come from what nobody vouches for: who acts by themselves is not shown them.'] : []),
    ...text.split('\n'),
    ...uses.map((use) => `Shown in ${use.case}, which ${use.success ? 'was merged' : 'was not merged'}`),
  ];
  const { width } = screen(session);
  return [id, ...said.flatMap((line) => wrap(plain(line), width - 2).map((one) => `  ${one}`))];
}

const print = (session: Session, json: unknown, shown: () => readonly string[]): void =>
  void process.stdout.write(`${session.json ? JSON.stringify(json) : shown().join('\n')}\n`);
