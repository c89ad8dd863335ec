// The sign-in file of a console: which identity provider, and which of its groups has which role. Secret when it holds the client's secret.
import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import { duration } from '../../contracts/units.ts';
import { CONSOLE_ROLES } from '../../policies/console-roles.ts';
import { isLoopback } from './loopback.ts';

const server = z
  .url('an address like https://login.example.org')
  .refine((text) => isPrivate(new URL(text)), 'https, or http on this machine');

/** Where browsers find the console: nothing but scheme, host and port. */
const origin = server
  .refine(
    (text) => new URL(text).origin === text.replace(/\/$/, ''),
    'an origin without a path, like https://anneal.example.org',
  )
  .transform((text) => new URL(text).origin);

const claim = z.string().min(1);

export const signInSpec = z.strictObject({
  apiVersion: z.literal('anneal/v1'),
  kind: z.literal('SignIn'),
  issuer: server,
  client: z.strictObject({
    id: z.string().min(1),
    /** Without it the client is a public one: PKCE alone. */
    secret: z.string().min(1).optional(),
    /** How the secret is shown to the provider. */
    auth: z.enum(['basic', 'post']).default('basic'),
  }),
  origin,
  /** Of the provider's userinfo. */
  claims: z.strictObject({
    /**
     * Who somebody is here: approvals, ownership and the audit log go by it. A claim that people can change themselves lets them
     * take another's name.
     */
    name: claim,
    groups: claim.default('groups'),
  }),
  /** By group. Of several the highest role counts; whoever has none is refused. */
  roles: z
    .record(z.string().min(1), z.enum(CONSOLE_ROLES))
    .refine((roles) => Object.keys(roles).length > 0, 'at least one group with a role'),
  /** What the provider is asked for; `openid` is always among it. */
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope')).default(['profile', 'email']),
  session: z
    .strictObject({
      /** From the sign-in to the end, however busy. */
      absolute: duration.default('12h'),
      /** Without anything done by hand. */
      idle: duration.default('1h'),
    })
    .default({ absolute: '12h', idle: '1h' }),
  /** Requests come through a proxy of ours: whose tries are counted is told by the last entry of its `X-Forwarded-For`. */
  behindProxy: z.boolean().default(false),
});
export type SignInSpec = z.infer<typeof signInSpec>;

/** @throws AnnealError `spec.missing_file`, `spec.syntax`; `sign_in.configuration` with every problem at once */
export async function readSignIn(path: string): Promise<SignInSpec> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new AnnealError('spec.missing_file', `${path} cannot be read`);
  });
  const document = parseDocument(text);
  const [mistake] = document.errors;
  // The message of the mistake shows the line, which may be that of the secret.
  if (mistake !== undefined)
    throw new AnnealError('spec.syntax', `${path}: ${mistake.code} in line ${mistake.linePos?.[0].line ?? '?'}`);
  return parseSignIn(document.toJS(), path);
}

export function parseSignIn(content: unknown, path: string): SignInSpec {
  const parsed = signInSpec.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => ({
    ...({
      code: 'sign_in.configuration',
      path: at.join('.'),
      expected: message,
      hint: 'docs/console.md describes the file.',
    } as const),
  }));
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new AnnealError('sign_in.configuration', `${path} has ${count}`, { problems });
}

/** Nobody on the way reads it: encrypted, or never on a wire. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
