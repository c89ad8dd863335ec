// approvers: who may what here, and each change of it, signed by this machine's key.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type GateKind, gateKind } from '../../contracts/gate.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import { passkeyEntry } from '../../contracts/passkey.ts';
import { type PeopleChange, type Registry, type Role, role, signIn } from '../../contracts/people.ts';
import { keyIdOf, readApprovers } from '../../infra/identity/keys.ts';
import {
  refuseEnrolment,
  sameFingerprint,
  waitingEnrolment,
  waitingEnrolments,
} from '../../infra/people/enrolments.ts';
import { type Run, type Session, screen } from '../session.ts';
import { changeWords, listedPeople, renderPeople, waitingLines } from '../view/people.ts';
import { addFirstAdmin } from './first-admin.ts';

export function addApprovers(program: Command, run: Run): void {
  const approvers = program
    .command('approvers')
    .description('who may submit, look and decide here, by which keys, and what is lent to whom')
    .action((_options, command: Command) => run(list, command));
  const changing = (name: string, description: string) => approvers.command(name).description(description);

  changing('add <name>', 'somebody new')
    .option('--role <role>', role.options.join(', '), 'approver')
    .option('--issuer <url>', 'of the OIDC provider that they sign in with')
    .option('--subject <subject>', 'whom it knows them as')
    .action((name: string, options: { role: string; issuer?: string; subject?: string }, command: Command) =>
      run((session) => add(session, name, options), command),
    );
  addFirstAdmin(approvers, run, change);
  changing('role <name> <role>', 'what somebody may: each role may what the ones before it may').action(
    (name: string, wanted: string, _options, command: Command) =>
      run((session) => change(session, { what: 'role-set', name, role: roleOf(wanted) }), command),
  );
  changing('passkey <name>', 'a passkey of theirs, as the console exports it')
    .requiredOption('--file <file>', 'JSON: credential, algorithm, publicKey, rpId, origins')
    .action((name: string, options: { file: string }, command: Command) =>
      run(async (session) => change(session, await enrolment(name, options.file)), command),
    );
  changing('confirm <key>', 'a passkey that somebody made in the console: by the first digits of its id')
    .requiredOption('--fingerprint <digits>', 'as they read it out, by another way than the console')
    .action((key: string, options: { fingerprint: string }, command: Command) =>
      run((session) => confirm(session, key, options.fingerprint), command),
    );
  changing('refuse <key>', 'a passkey that somebody made in the console: it is listed no more').action(
    (key: string, _options, command: Command) => run((session) => refuse(session, key), command),
  );
  changing('key <name> <public-key>', 'an Ed25519 key of a machine of theirs: 32 bytes in base64url').action(
    (name: string, publicKey: string, _options, command: Command) =>
      run((session) => {
        const keyId = keyIdOf(Buffer.from(publicKey, 'base64url'));
        return change(session, { what: 'key-added', name, keyId, publicKey });
      }, command),
  );
  changing('revoke <name-or-key>', 'somebody, or one key: nothing that it signs counts from now on').action(
    (what: string, _options, command: Command) => run((session) => revoke(session, what), command),
  );
  changing('delegate <from> <to>', 'somebody answers in the name of another, and is told instead, for a while')
    .option('--from <instant>', 'instead of now, for example 2026-12-24T08:00:00Z')
    .requiredOption('--to <instant>', 'until when')
    .option('--kinds <kinds>', `of gates, with commas between: ${gateKind.options.join(', ')}`)
    .action((from: string, to: string, options: Lent, command: Command) =>
      run((session) => delegate(session, from, to, options), command),
    );
  changing('end <delegation>', 'end a delegation before its time').action((id: string, _options, command: Command) =>
    run((session) => change(session, { what: 'delegation-ended', id }), command),
  );
}

/** Signs a change by this machine's key, adds it, and says what it was. */
export async function changePeople(session: Session, asked: PeopleChange): Promise<Registry> {
  const people = await session.people();
  const identity = await session.identity();
  const body = await people.propose(asked, identity.approver);
  return people.add({ body, ...identity.signBytes(canonicalJson(body)) });
}

async function change(session: Session, asked: PeopleChange): Promise<void> {
  const { number } = await changePeople(session, asked);
  process.stdout.write(
    session.json ? `${JSON.stringify({ number, change: asked })}\n` : `${changeWords(asked)} (entry ${number}).\n`,
  );
}

async function confirm(session: Session, key: string, typed: string): Promise<void> {
  const { fingerprint, changes, trouble } = await waitingEnrolment(session.store, await registryOf(session), key);
  if (trouble !== undefined) throw new AnnealError('people.refused', trouble);
  if (!sameFingerprint(typed, fingerprint))
    throw new AnnealError('people.refused', 'that is another fingerprint: it is not this passkey that they made');
  for (const one of changes) await change(session, one);
}

async function refuse(session: Session, key: string): Promise<void> {
  const { enrolment: one } = await waitingEnrolment(session.store, await registryOf(session), key);
  const { approver } = await session.identity();
  await refuseEnrolment(session.store, one.keyId, approver);
  process.stdout.write(
    session.json
      ? `${JSON.stringify({ refused: one.keyId })}\n`
      : `the passkey ${one.keyId.slice(0, 16)} of ${one.name} is refused\n`,
  );
}

async function registryOf(session: Session): Promise<Registry> {
  await session.identity();
  return (await session.people()).current();
}

async function list(session: Session): Promise<void> {
  await session.identity();
  const people = await session.people();
  await people.complete();
  const registry = await people.current();
  const listed = listedPeople(registry, readApprovers(session.config.paths.keys));
  const { number, delegations } = registry;
  const waiting = await waitingEnrolments(session.store, registry);
  process.stdout.write(
    session.json
      ? `${JSON.stringify({ number, people: listed, delegations, waiting })}\n`
      : `${[...renderPeople(listed, registry, screen(session)), ...waitingLines(waiting)].join('\n')}\n`,
  );
}

async function add(
  session: Session,
  name: string,
  options: { role: string; issuer?: string; subject?: string },
): Promise<void> {
  const { issuer, subject } = options;
  if ((issuer === undefined) !== (subject === undefined))
    throw new AnnealError('cli.usage', '--issuer and --subject name an account together');
  const account = issuer === undefined ? undefined : signIn.safeParse({ issuer, subject });
  if (account?.success === false) throw new AnnealError('cli.usage', `no account: ${z.prettifyError(account.error)}`);
  const who = { name, role: roleOf(options.role) };
  await change(session, { what: 'person-added', ...who, ...(account && { signIn: account.data }) });
}

async function enrolment(name: string, file: string): Promise<PeopleChange> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AnnealError('cli.usage', `${file} cannot be read`, { cause });
  });
  const parsed = z.union([passkeyEntry, z.looseObject({ passkey: passkeyEntry })]).safeParse(jsonOf(text));
  if (!parsed.success) throw new AnnealError('cli.usage', `${file} is not the JSON of a passkey`);
  const passkey = 'passkey' in parsed.data ? passkeyEntry.parse(parsed.data.passkey) : passkeyEntry.parse(parsed.data);
  return { what: 'passkey-added', name, keyId: keyIdOf(Buffer.from(passkey.publicKey, 'base64url')), passkey };
}

/** At least eight digits of a key's id, else a name. */
async function revoke(session: Session, what: string): Promise<void> {
  const people = await session.people();
  // Not `current`: this is the command that says since when a key of approvers.json is revoked.
  await people.entries();
  const known: readonly Sha256[] = [
    ...[...people.known().keys.values()].map(({ keyId }) => keyId),
    ...readApprovers(session.config.paths.keys).map(({ keyId }) => keyId),
  ];
  const keys = /^[0-9a-f]{8,64}$/.test(what) ? [...new Set(known.filter((keyId) => keyId.startsWith(what)))] : [];
  if (keys.length > 1) throw new AnnealError('cli.usage', `${keys.length} keys begin with ${what}`);
  const [keyId] = keys;
  await change(session, keyId === undefined ? { what: 'person-revoked', name: what } : { what: 'key-revoked', keyId });
}

interface Lent {
  readonly from?: string;
  readonly to: string;
  readonly kinds?: string;
}

async function delegate(session: Session, from: string, to: string, options: Lent): Promise<void> {
  const since = instantOf('--from', options.from ?? new Date().toISOString());
  const until = instantOf('--to', options.to);
  const id = randomUUID();
  await change(session, { what: 'delegated', id, from, to, kinds: kindsOf(options.kinds), since, until });
}

function kindsOf(text: string | undefined): GateKind[] {
  if (text === undefined) return [...gateKind.options];
  const parsed = z.array(gateKind).min(1).safeParse(text.split(','));
  if (!parsed.success)
    throw new AnnealError('cli.usage', `--kinds takes ${gateKind.options.join(',')}; got ${JSON.stringify(text)}`);
  return parsed.data;
}

function roleOf(text: string): Role {
  const parsed = role.safeParse(text);
  if (!parsed.success)
    throw new AnnealError('cli.usage', `a role is one of ${role.options.join(', ')}; got ${JSON.stringify(text)}`);
  return parsed.data;
}

function instantOf(option: string, text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()))
    throw new AnnealError(
      'cli.usage',
      `${option} takes an instant like 2026-12-24T23:00:00Z; got ${JSON.stringify(text)}`,
    );
  return at.toISOString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
