import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentName, type ContextOperation, contextOperation } from '../../contracts/session.ts';
import { type CompletionRecord, completionRecord } from '../../contracts/trajectory.ts';
import { madeOperation } from '../../tests/support/made-up-pool.ts';
import { createRedactor, INEXACT } from './record.ts';
import { RULES } from './rules.ts';
import { maySecret } from './scan.ts';

const OWN = 'a-key-of-our-own-0815';
const { completion: redact, operation: redactOperation } = createRedactor([OWN]);

const letters = (alphabet: string, least: number, most = least) =>
  fc.array(fc.constantFrom(...alphabet), { minLength: least, maxLength: most }).map((all) => all.join(''));
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const ALNUM = `${LOWER}${LOWER.toUpperCase()}0123456789`;
const URLSAFE = `${ALNUM}_-`;
const after = (prefix: string, alphabet: string, least: number, most = least + 20) =>
  letters(alphabet, least, most).map((rest) => prefix + rest);

/** Text in which it stands, and what must be gone. */
interface Planted {
  readonly text: string;
  readonly secret: string;
}
const itself = (secret: fc.Arbitrary<string>): fc.Arbitrary<Planted> =>
  secret.map((one) => ({ text: one, secret: one }));
const random = letters(ALNUM, 24, 40).map((text) => `aZ9${text}bY8cX7`);

const secrets: fc.Arbitrary<Planted> = fc.oneof(
  itself(fc.constant(OWN)),
  itself(after('sk-', ALNUM, 40)),
  itself(after('sk-proj-', URLSAFE, 40)),
  itself(after('sk-ant-api03-', URLSAFE, 80)),
  itself(after('ghp_', ALNUM, 36)),
  itself(after('github_pat_', `${ALNUM}_`, 60)),
  itself(after('glpat-', URLSAFE, 20)),
  itself(after('xoxb-', '0123456789', 12).chain((head) => after(`${head}-`, ALNUM, 24))),
  itself(letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16).map((rest) => `AKIA${rest}`)),
  itself(letters(URLSAFE, 35).map((rest) => `AIza${rest}`)),
  itself(after('hf_', ALNUM, 34)),
  itself(after('npm_', ALNUM, 36, 36)),
  itself(after('glsa_', ALNUM, 32, 32).chain((head) => after(`${head}_`, 'abcdef0123456789', 8, 8))),
  itself(after('glc_', ALNUM, 40)),
  itself(after('lin_api_', ALNUM, 40, 40)),
  itself(after('ntn_', ALNUM, 46, 46)),
  itself(after('figd_', URLSAFE, 40)),
  fc
    .constantFrom('shpat_', 'shpca_', 'shppa_', 'shpss_')
    .chain((head) => itself(after(head, 'abcdef0123456789', 32, 32))),
  fc.constantFrom('hvs.', 'hvb.').chain((head) => itself(after(head, URLSAFE, 24, 90))),
  itself(after('tskey-auth-', ALNUM, 17).chain((head) => after(`${head}-`, ALNUM, 32))),
  itself(after('ops_eyJ', URLSAFE, 200)),
  itself(fc.tuple(after('anr_', URLSAFE, 100), letters(URLSAFE, 43)).map(([claims, mac]) => `${claims}.${mac}`)),
  itself(
    fc
      .tuple(after('eyJ', URLSAFE, 20), after('eyJ', URLSAFE, 40), letters(URLSAFE, 43))
      .map((parts) => parts.join('.')),
  ),
  fc.constantFrom('RSA ', 'EC ', 'OPENSSH ', '').map((kind) => {
    const secret = randomBytes(96).toString('base64');
    return { text: `-----BEGIN ${kind}PRIVATE KEY-----\n${secret}\n-----END ${kind}PRIVATE KEY-----\n`, secret };
  }),
  fc
    .tuple(fc.constantFrom('postgres', 'https', 'redis', 'mongodb+srv'), letters(ALNUM, 12, 24))
    .map(([scheme, secret]) => ({
      text: `${scheme}://user:${secret}@db.example.com:5432/name`,
      secret,
    })),
  random.map((secret) => ({ text: `Authorization: Bearer ${secret}`, secret })),
  random.map((secret) => ({ text: `export SERVICE_API_KEY=${secret}`, secret })),
  random.map((secret) => ({ text: `{"client_secret": "${secret}"}`, secret })),
);

/** In the middle of other text. */
const around = fc
  .tuple(secrets, fc.lorem({ maxCount: 8 }), fc.lorem({ maxCount: 8 }))
  .map(([planted, before, rest]) => ({
    ...planted,
    text: `${before}\n${planted.text}\n${rest}`,
  }));

type Place = (record: CompletionRecord, text: string) => CompletionRecord;
type Turn = NonNullable<CompletionRecord['turn']>;
const inTurn =
  (change: (turn: Turn, text: string) => Partial<Turn>): Place =>
  (record, text) => ({ ...record, turn: { ...record.turn!, ...change(record.turn!, text) } });
const asks = (message: (text: string) => Turn['request']['messages'][number]): Place =>
  inTurn(({ request }, text) => ({ request: { ...request, messages: [...request.messages, message(text)] } }));

const PLACES: readonly Place[] = [
  (record, text) => ({ ...record, text }),
  (record, text) => ({ ...record, error: text }),
  (record, text) => ({ ...record, messages: [{ role: 'user', content: text }] }),
  asks((text) => ({ role: 'system', content: [{ type: 'text', text }] })),
  asks((text) => ({ role: 'user', content: [{ type: 'text', text }] })),
  asks((text) => ({ role: 'user', content: [{ type: 'image', source: { url: text } }] })),
  asks((text) => ({ role: 'tool', callId: 'a', content: [{ type: 'text', text }] })),
  asks((text) => ({ role: 'assistant', content: [{ type: 'reasoning', text }] })),
  // As models write them: JSON in JSON, and once more.
  asks((text) => ({
    role: 'assistant',
    content: [{ type: 'tool_call', id: 'a', name: 'run', arguments: JSON.stringify({ command: text }) }],
  })),
  asks((text) => ({
    role: 'assistant',
    content: [
      { type: 'tool_call', id: 'a', name: 'run', arguments: JSON.stringify({ body: JSON.stringify({ text }) }) },
    ],
  })),
  inTurn(({ answer }, text) => ({ answer: { ...answer, content: [{ type: 'text', text }] } })),
  inTurn(({ request }, text) => ({ request: { ...request, metadata: { note: text } } })),
  inTurn(({ request }, text) => ({ request: { ...request, tools: [{ name: 'f', parameters: { enum: [text] } }] } })),
  inTurn(({ request }, text) => ({ request: { ...request, messages: [], prompt: { text } } })),
];

const RECORD = completionRecord.parse({
  ...{ schema: 'anneal/completion/v1', id: 'demo/r1/train.v0/g0/s0/c0', rollout: 'demo/r1/train.v0/g0/s0' },
  ...{ campaign: 'demo', index: 0, requestHash: 'a'.repeat(64), policy: 'demo.v0', fidelity: 'token-exact' },
  ...{ messages: [], sampling: { temperature: 1, maxTokens: 0 }, promptIds: [1, 2], completionIds: [3, 4, 5] },
  ...{ logprobs: [-1, -1, -1], text: 'sk-learn is a library', finish: 'stop', startedAt: '2026-11-22T10:00:00.000Z' },
  milliseconds: 1,
  turn: {
    dialect: 'chat',
    request: { model: 'm', messages: [], sampling: {}, stream: false, dropped: [] },
    answer: { model: 'm', content: [] },
    upstream: { kind: 'vllm', model: 'm', streamed: false, end: 'whole', lost: [] },
  },
});

it('no secret is in what is kept, wherever it stood', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(around, fc.constantFrom(...PLACES)), { minLength: 1, maxLength: 4 }), (planted) => {
      const record = planted.reduce((into, [{ text }, place]) => place(into, text), RECORD);
      const kept = redact(record);
      const bytes = JSON.stringify(kept);
      // A later one may have taken an earlier one's place.
      const before = JSON.stringify(record);
      for (const [{ secret }] of planted) {
        if (before.includes(secret)) expect(bytes).not.toContain(secret);
      }
      expect(completionRecord.safeParse(kept).success).toBe(true);
    }),
    { numRuns: 600 },
  );
});

it('the quick look never says no where a rule says yes', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'ab_-.:=/@ "\\nKeyABIC09'), maxLength: 60 });
  const pieces = fc.oneof(
    noise,
    around.map(({ text }) => text),
    fc.constantFrom('Authorization: Basic ', 'api_key=', '://u:', 'token" => "'),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
      const text = parts.join('');
      const matched = RULES.some(({ pattern, check }) =>
        [...text.matchAll(pattern)].some((found) => check?.(found.groups?.secret ?? found[0]) !== false),
      );
      if (matched) expect(maySecret(text)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it('what lost a secret has no token ids any more, says why, and still counts', () => {
  const record = PLACES[0]!(RECORD, `it is ${OWN}`);
  const kept = redact(record);
  expect(kept).toMatchObject({
    ...{ text: 'it is [redacted:own]', fidelity: 'text-only', promptIds: [], completionIds: [], logprobs: [] },
    redacted: { secrets: 1, kinds: ['own'], completionTokens: 3 },
    turn: { inexact: [INEXACT] },
  });
  // The client's and the upstream's is untouched.
  expect(record.completionIds).toEqual([3, 4, 5]);
  const prompted = inTurn(({ request }) => ({ request: { ...request, prompt: { ids: [7, 8] } } }))(record, '');
  expect(redact(prompted).turn?.request.prompt).toEqual({ ids: [] });
});

describe('a context operation', () => {
  const made = (more: Partial<ContextOperation>) => madeOperation({ group: 0, sample: 0 }, more);
  const other = `sk-proj-${'aB3'.repeat(12)}`;

  it('has no secret in its note, nor in names, which stay apart', () => {
    const session = { group: 0, attempt: 0, agent: agentName.parse(other) };
    const kept = redactOperation(made({ key: `k-${OWN}`, note: `${other} and ${OWN}`, session }));
    expect(JSON.stringify(kept)).not.toContain(OWN);
    expect(JSON.stringify(kept)).not.toContain(other);
    expect(kept.note).toBe('[redacted:openai-or-anthropic-key] and [redacted:own]');
    expect(kept.redacted).toEqual({ secrets: 4, kinds: ['openai-or-anthropic-key', 'own'] });
    expect(contextOperation.parse(kept)).toEqual(kept);
    expect(redactOperation(made({ key: `l-${OWN}` })).key).not.toBe(kept.key);
  });

  it('is left as it is where there is none', () => {
    const record = made({ note: 'the token count went down' });
    expect(redactOperation(record)).toBe(record);
  });

  it('and a completion whose agent is called like one is still one that tables know', () => {
    const agent = agentName.parse(other);
    const named = inTurn(() => ({ session: { group: 0, attempt: 0, agent } }))(RECORD, '');
    const kept = completionRecord.parse(redact(named));
    expect(kept.turn?.session?.agent).toMatch(/^redacted-[0-9a-f]{16}$/);
  });
});

describe('what is no secret stays as it is', () => {
  it.each([
    'import sklearn; token = tokenizer.encode(text, add_special_tokens=True)',
    'max_tokens: 4096, api_key=os.environ["OPENAI_API_KEY"]',
    'git clone https://github.com/someone/some-repository.git && cd some-repository',
    'see http://localhost:8080/@scope/package and user@example.com',
    'DATABASE_URL=postgres://user:<PASSWORD>@localhost/db',
    'commit 3f786850e387550fdab836ed7e6dc881de23001b fixes the token parser',
    'the secret: basic understanding and a bearer of good news',
    'password = getpass.getpass()',
    'const accessToken = createAccessTokenForUserSession(user)',
    'integrity sha512-9yAx0y8tQfgGmgXYb4zXvRoyNQoLqbPLAZDGPnpLjMzUKcnVqZV8rWvUIbZLNIeTA==',
    'a task-list-of-things-to-do-tomorrow-morning and a risk-based-approach-to-everything',
  ])('%s', (text) => {
    const record = PLACES[0]!(RECORD, text);
    expect(redact(record)).toBe(record);
  });
});
