// approvers first-admin: a link for the first person who confirms others. This machine's key signs, so the command waits until the link is used.
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { readSignIn } from '../../console/sign-in/configuration.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type PeopleChange, personName, signIn } from '../../contracts/people.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { instant } from '../../infra/markup/figures.ts';
import { type Asked, awaitProved, linkOf, newCode, refuseWhereAdmin } from '../../infra/people/first-admin.ts';
import { interruptible } from '../interrupt.ts';
import type { Run, Session } from '../session.ts';

const MINUTES = '15';

interface Options {
  readonly console?: string;
  readonly minutes: string;
  readonly issuer?: string;
  readonly subject?: string;
}

/** @param change signs one by this machine's key, and says what it was */
export function addFirstAdmin(
  approvers: Command,
  run: Run,
  change: (session: Session, asked: PeopleChange) => Promise<void>,
): void {
  approvers
    .command('first-admin <name>')
    .description('a link, for once, by which somebody makes a passkey and is the first admin; waits until it is used')
    .option('--console <origin>', 'where people find the console; without it as ANNEAL_CONSOLE_OIDC says')
    .option('--minutes <n>', 'how long the link is worth anything, 1 to 60', MINUTES)
    .option('--issuer <url>', 'of the OIDC provider, where only one account may use it')
    .option('--subject <subject>', 'whom it knows them as')
    .action((name: string, options: Options, command: Command) =>
      run((session) => invite(session, name, options, change), command),
    );
}

async function invite(
  session: Session,
  name: string,
  options: Options,
  change: Parameters<typeof addFirstAdmin>[2],
): Promise<void> {
  const asked = await askedOf(name, options);
  const minutes = Number(options.minutes);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60)
    throw new AnnealError('cli.usage', `--minutes takes 1 to 60; got ${JSON.stringify(options.minutes)}`);
  const origin = await originOf(session, options.console);
  const { approver } = await session.identity();
  const people = await session.people();
  const approvers = () => readApprovers(session.config.paths.keys);
  refuseWhereAdmin(await people.current(), approvers());
  const end = Date.now() + minutes * 60_000;
  const until = new Date(end).toISOString();
  const audit = await session.audit();
  await audit.note(`admin-invited:${randomUUID()}`, { what: 'admin-invited', name, by: approver, until });
  const link = linkOf(origin, asked.code);
  if (session.json) process.stdout.write(`${JSON.stringify({ link, until })}\n`);
  else process.stdout.write(`${link}\n`);
  process.stderr.write(
    `It makes ${name} the first admin, once, until ${instant(until)}, while this command waits; Ctrl-C takes it back.\n`,
  );
  await interruptible(async (signal) => {
    const look = async () => ({ registry: await people.current(), approvers: approvers() });
    const { changes, waiting } = await awaitProved({ look, store: session.store, end }, asked, signal);
    for (const one of changes) await change(session, one);
    if (!session.json) process.stderr.write(`The fingerprint of the passkey: ${waiting.fingerprint}\n`);
  }, 'The link is worth nothing any more.');
}

async function askedOf(name: string, { issuer, subject }: Options): Promise<Asked> {
  if (!personName.safeParse(name).success) throw new AnnealError('cli.usage', `${JSON.stringify(name)} is no name`);
  if ((issuer === undefined) !== (subject === undefined))
    throw new AnnealError('cli.usage', '--issuer and --subject name an account together');
  const account = issuer === undefined ? undefined : signIn.safeParse({ issuer, subject });
  if (account?.success === false) throw new AnnealError('cli.usage', `no account: ${z.prettifyError(account.error)}`);
  return { name, code: newCode(), ...(account && { account: account.data }) };
}

async function originOf({ config }: Session, given: string | undefined): Promise<string> {
  if (given === undefined) {
    if (config.consoleOidc !== undefined) return (await readSignIn(config.consoleOidc)).origin;
    throw new AnnealError('cli.usage', 'say where the console is: --console https://anneal.example.org');
  }
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol) || url.origin !== given.replace(/\/$/, ''))
    throw new AnnealError(
      'cli.usage',
      `--console takes an origin like https://anneal.example.org; got ${JSON.stringify(given)}`,
    );
  return url.origin;
}
