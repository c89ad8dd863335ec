// audit: who decided what, on what evidence, and that nobody has changed the record since.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type AuditHead, auditHead } from '../../contracts/audit.ts';
import { AnnealError, asAnnealError, EXIT } from '../../contracts/errors.ts';
import type { PersonsKey } from '../../contracts/people.ts';
import { type Proofs, readProofs } from '../../infra/audit/decisions.ts';
import { exportAudit } from '../../infra/audit/export.ts';
import { type ComparedPlace, readKept } from '../../infra/audit/kept/compare.ts';
import { openPlaces } from '../../infra/audit/kept/read.ts';
import { jsonOf } from '../../infra/audit/names.ts';
import { peopleProblems } from '../../infra/audit/people.ts';
import { type AuditProblem, type AuditReading, readAudit } from '../../infra/audit/verify.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, type LocalIdentity } from '../../infra/identity/local.ts';
import { createPeople } from '../../infra/people/registry.ts';
import { createSeenPeople } from '../../infra/people/seen.ts';
import { type Run, type Session, screen } from '../session.ts';
import { auditLines, keptLine, problemLines } from '../view/audit.ts';

const SHOWN = '50';

interface Checked extends AuditReading, Pick<Proofs, 'proofs'> {
  /** Of the log and of what it says of decisions. */
  readonly problems: readonly AuditProblem[];
  /** Of the registry of people, byte for byte, and the keys in it. */
  readonly people: readonly string[];
  readonly keys: readonly PersonsKey[];
  /** Where heads are kept besides. */
  readonly kept: readonly ComparedPlace[];
}

export function addAudit(program: Command, run: Run): void {
  const audit = program
    .command('audit')
    .description('what was asked of humans, what they answered, and what came of it')
    .option('--last <n>', 'entries to show', SHOWN)
    .action((options: { last: string }, command: Command) => run((session) => show(session, options.last), command));

  audit
    .command('verify')
    .description('find every edit, deletion, insertion, reordering and cut in the log, and check each decision')
    .option('--heads <file...>', 'heads.jsonl of earlier exports: what they name must still be there')
    .action((options: { heads?: string[] }, command: Command) =>
      run((session) => verify(session, options.heads ?? []), command),
    );

  audit
    .command('export <folder>')
    .description('write log, decisions and evidence, with a script that checks them by the public keys alone')
    .action((folder: string, _options, command: Command) => run((session) => write(session, folder), command));
}

async function show(session: Session, last: string): Promise<void> {
  if (!/^[1-9]\d{0,5}$/.test(last))
    throw new AnnealError('cli.usage', `--last takes a number of entries, got ${JSON.stringify(last)}`);
  const { entries, problems } = await checked(session, []);
  const { colour } = screen(session);
  if (session.json)
    process.stdout.write(`${JSON.stringify({ entries: entries.map(({ entry }) => entry), problems })}\n`);
  else {
    const lines = entries.length === 0 ? ['Nothing was asked or done yet.'] : auditLines(entries.slice(-Number(last)));
    process.stdout.write(`${[...lines, ...problemLines(problems, colour)].join('\n')}\n`);
  }
  if (problems.length > 0) process.exitCode = EXIT.failed;
}

async function verify(session: Session, files: readonly string[]): Promise<void> {
  const heads = (await Promise.all(files.map(readHeads))).flat();
  const { entries, problems, kept } = await checked(session, heads);
  const decided = entries.filter(({ entry: { event } }) => event.what === 'gate-closed' && event.decided !== null);
  const last = entries.at(-1)?.head?.body;
  if (session.json)
    process.stdout.write(`${JSON.stringify({ entries: entries.length, last, problems, kept: kept.map(keptPlace) })}\n`);
  else {
    const whole = `${entries.length} entries in one chain, each under a signed head; ${decided.length} decisions, each signed and on the evidence that was shown.`;
    const lines = problems.length === 0 ? [whole] : problemLines(problems, screen(session).colour);
    lines.push(...kept.map((place) => keptLine(place, entries.length)));
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  if (problems.length > 0) process.exitCode = EXIT.failed;
}

async function write(session: Session, folder: string): Promise<void> {
  const { entries, proofs, people, keys, problems } = await checked(session, []);
  const approvers = [...readApprovers(session.config.paths.keys), ...keys];
  await exportAudit(folder, { entries, proofs, approvers, people });
  const text = `${entries.length} entries and ${proofs.size} decisions are in ${folder}. Anybody checks them there: node verify.mjs`;
  process.stdout.write(
    session.json
      ? `${JSON.stringify({ folder, entries: entries.length, decisions: proofs.size, problems })}\n`
      : `${[...problemLines(problems, screen(session).colour), text].join('\n')}\n`,
  );
  if (problems.length > 0) process.exitCode = EXIT.failed;
}

const keptPlace = ({ place, last, failure }: ComparedPlace) => ({ place, last, failure: failure?.message });

/** Against this machine's witness, and what was kept elsewhere. */
async function checked(session: Session, elsewhere: readonly AuditHead[]): Promise<Checked> {
  const { store, config } = session;
  const registry = await readPeople(session);
  const { verifyBytes } = registry;
  const own = await createWitness(config.paths.auditHead).read();
  const witnesses = [...elsewhere, ...(own === undefined ? [] : [own])];
  const places = await openPlaces(config.auditHeads, config.paths.auditKept);
  const kept = await readKept(places, verifyBytes);
  witnesses.push(...kept.heads);
  const { entries, problems } = await readAudit({ store, verifyBytes, witnesses });
  const { proofs, problems: further } = await readProofs(entries, { store, verifyBytes });
  // Nobody is told that all is well by a comparison that was not made.
  const unread = kept.places.flatMap(({ failure }) => (failure ? [{ number: 0, what: failure.message }] : []));
  const all = [
    ...registry.problems,
    ...unread,
    ...kept.problems,
    ...problems,
    ...further,
    ...peopleProblems(entries, registry.texts),
  ];
  return {
    entries,
    proofs,
    people: registry.texts,
    keys: registry.keys,
    kept: kept.places,
    problems: all.sort((a, b) => a.number - b.number),
  };
}

/** The keys that may have signed; of a registry that is not whole, those that come before what is wrong with it. */
async function readPeople(session: Session): Promise<{
  readonly texts: readonly string[];
  readonly keys: readonly PersonsKey[];
  readonly problems: readonly AuditProblem[];
  readonly verifyBytes: LocalIdentity['verifyBytes'];
}> {
  const people = createPeople({
    store: session.store,
    roots: () => readApprovers(session.config.paths.keys),
    seen: createSeenPeople(session.config.paths.peopleSeen),
  });
  await session.identity();
  const { verifyBytes } = createLocalIdentity(session.config.paths.keys, {}, people);
  try {
    const registry = await people.current();
    const texts = (await people.entries()).map(({ text }) => text);
    return { texts, keys: [...registry.keys.values()], problems: [], verifyBytes };
  } catch (failure) {
    const { code, message } = asAnnealError(failure);
    if (code !== 'people.broken') throw failure;
    return { texts: [], keys: [], problems: [{ number: 0, what: `the registry of people: ${message}` }], verifyBytes };
  }
}

async function readHeads(file: string): Promise<AuditHead[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('cli.usage', `${file} cannot be read`, { cause });
  });
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, at) => {
      const head = auditHead.safeParse(jsonOf(line));
      if (!head.success) throw new AnnealError('cli.usage', `${file}, line ${at + 1}: no head of an audit log`);
      return head.data;
    });
}
