// Requests that no client in its right mind sends: every dialect's, with something in them that does not belong there.
import fc from 'fast-check';
import { DIALECTS, type DialectName } from '../../gateway/wire/dialects.ts';
import { requests } from './turn-arbitraries.ts';

export interface Malformed {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Which of the keys it was sent with. */
  readonly key: KeyName;
}

export type KeyName = 'own' | 'other' | 'pool' | 'foreign' | 'expired' | 'altered' | 'none';
export type Keys = Readonly<Record<Exclude<KeyName, 'altered' | 'none'>, string>>;

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** What stands where something else belongs. */
const misfit: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, false, 0, -1, 0.5, 1e308, -0, 2 ** 53, '', ' ', '\0', '\ud800', '__proto__', 'constructor'],
    ...['../../etc/passwd', 'demo/r1/train.v0/g0/s9', 'anr_x.y', '{"a":1}', 'x'.repeat(20_000), [], {}, [[]], [null]],
    ...[{ type: 'text' }, { type: null }, { toString: 1 }, nested(63), nested(80), nested(3_000)],
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.array(fc.integer(), { maxLength: 40 }),
);

/** The value with another one in some place, chosen by the numbers. */
function misplace(value: unknown, way: readonly number[], other: unknown): unknown {
  const [turn, ...rest] = way;
  if (turn === undefined || typeof value !== 'object' || value === null) return other;
  const keys = Object.keys(value);
  if (keys.length === 0) return other;
  const key = keys[turn % keys.length]!;
  if (Array.isArray(value)) return value.with(Number(key), misplace(value[Number(key)], rest, other));
  return { ...value, [key]: misplace((value as Record<string, unknown>)[key], rest, other) };
}

const way = fc.array(fc.nat({ max: 40 }), { maxLength: 5 });
const renamed = (text: string): string => text.replace('"model"', '"__proto__"');

function bodyOf(dialect: DialectName): fc.Arbitrary<string | Buffer> {
  // Made once: making one takes longer than answering it.
  const made = fc.sample(requests(dialect), 60).map((request) => DIALECTS[dialect].renderRequest(request));
  const valid = fc.constantFrom(...made);
  const wrong = fc
    .tuple(valid, way, misfit)
    .map(([body, where, other]) => JSON.stringify(misplace(body, where, other)));
  return fc.oneof(
    { weight: 12, arbitrary: wrong },
    { weight: 1, arbitrary: valid.map((body) => JSON.stringify(body)) },
    { weight: 1, arbitrary: valid.map((body) => renamed(JSON.stringify(body))) },
    // Cut off, with bytes that are no UTF-8, said twice.
    { weight: 1, arbitrary: fc.tuple(wrong, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))) },
    {
      weight: 1,
      arbitrary: fc.tuple(valid, fc.uint8Array({ maxLength: 9 })).map(([body, bytes]) => {
        const text = Buffer.from(JSON.stringify(body));
        return Buffer.concat([text.subarray(0, text.length >> 1), bytes, text.subarray(text.length >> 1)]);
      }),
    },
    { weight: 1, arbitrary: misfit.map((value) => JSON.stringify(value) ?? '') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...[
          '',
          '{',
          '[',
          'null',
          '"',
          '[1e999]',
          '{"a":1,"a":2}',
          `${'['.repeat(200_000)}`,
          `${'{"a":'.repeat(50_000)}`,
        ],
        ...[`[${'0,'.repeat(600_000)}0]`, '\u{feff}{}', 'NaN', '{"messages":{"length":1e9}}'],
      ),
    },
  );
}

const context = fc.record(
  {
    key: fc.oneof(fc.string(), fc.constantFrom('k', 'k1', '../k', '__proto__', 'x'.repeat(200))),
    kind: fc.oneof(fc.constantFrom('truncate', 'fork', 'sub-agent-start', 'forget'), misfit),
    completions: fc.oneof(
      fc.array(fc.constantFrom('demo/r1/train.v0/g0/s0/c0', 'demo/r1/train.v0/g0/s9/c0', 'c0', '/c0', '../../c0')),
      misfit,
    ),
    child: fc.oneof(fc.string(), misfit),
    note: misfit,
  },
  { requiredKeys: [] },
);

type Base = readonly [prefix: string, headers: Record<string, string>];
const base = (token: string): fc.Arbitrary<Base> => {
  const valid = fc.constantFrom<Base>(
    ['', { authorization: `Bearer ${token}` }],
    ['', { 'x-api-key': token }],
    [`/r/${token}`, {}],
    [`/r/${token}/a/agent/t/1`, {}],
    [`/t/1/r/${token}`, {}],
  );
  const wrong = fc.constantFrom<Base>(
    [`/a/..%2f..%2fpool/r/${token}`, {}],
    [`/a/${'n'.repeat(65)}/r/${token}`, {}],
    [`/r/${token}/r/${token}`, {}],
    [`//r/${token}`, {}],
    [`/r/%2e%2e/r/${token}`, {}],
    [`/r/../../${token}`, {}],
  );
  return fc.oneof({ weight: 9, arbitrary: valid }, { weight: 1, arbitrary: wrong });
};

const header = fc.constantFrom<Record<string, string>>(
  ...[{}, {}, {}, { 'x-anneal-index': '0' }, { 'x-anneal-index': '-1' }, { 'x-anneal-index': '1e9' }],
  ...[{ 'x-anneal-record': 'full' }, { 'x-anneal-record': 'full', 'x-anneal-index': '0' }],
  ...[{ 'x-anneal-agent': '../x' }, { 'x-anneal-agent': '' }, { 'x-anneal-attempt': '-7' }],
  ...[{ 'anthropic-version': '\u00ff' }, { 'content-type': 'text/plain; charset=utf-16' }, { accept: '*/*;q=9' }],
  ...[{ 'x-forwarded-for': '127.0.0.1', 'x-original-url': '/pool/completions' }, { traceparent: '00-zz' }],
);

function altered(token: string): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(), fc.constantFrom('', 'A', '.', '/', '%00', '%2e', 'é', '-', 'anr_')).map(([at, put]) => {
    const place = 4 + (at % (token.length - 4));
    const changed = token.slice(0, place) + put + token.slice(place + 1);
    return changed === token ? `${token}A` : changed;
  });
}

const routes = fc.constantFrom(
  ...['GET /v1/models', 'GET /v1/models/%', 'GET /v1/models/..%2f', 'GET /v1/models/demo.v0', 'GET /v1/models/demo.v9'],
  ...[
    'GET /v1/anneal/context',
    'POST /v1/anneal/context',
    'GET /pool/completions?prefix=demo/',
    'GET /pool/completions',
  ],
  ...[
    'GET /pool/operations?prefix=demo/',
    'GET /pool/trajectories?prefix=demo/r1/train.v0/g0/s0',
    'POST /pool/trajectories',
  ],
  ...[
    'GET /pool/completions?prefix=..%2f',
    'GET /pool/completions?prefix=demo/%00',
    'GET /pool/../pool/completions?prefix=demo/',
  ],
  ...[
    'GET /',
    'GET /admin',
    'DELETE /v1/messages',
    'PUT /v1/chat/completions',
    'OPTIONS *',
    'GET /v1/messages/count_tokens',
  ],
  ...[
    'POST /v1/messages/count_tokens',
    'GET /health?x=%',
    'HEAD /metrics',
    'POST /v1/chat/completions/',
    'TRACE /v1/models',
  ],
);

export function malformed(keys: Keys): fc.Arbitrary<Malformed> {
  const key = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<KeyName>('own', 'other') },
    { weight: 3, arbitrary: fc.constantFrom<KeyName>('pool', 'foreign', 'expired', 'altered', 'none') },
  );
  const named = key.chain((name) => {
    const token =
      name === 'altered' ? altered(keys.own) : fc.constant(name === 'none' ? 'anr_' : keys[name as keyof Keys]);
    return fc.tuple(fc.constant(name), token.chain(base));
  });
  const names = Object.keys(DIALECTS) as DialectName[];
  const bodies = new Map(names.map((dialect) => [dialect, bodyOf(dialect)]));
  const turn = fc.constantFrom(...names).chain((dialect) =>
    fc.tuple(named, header, bodies.get(dialect)!).map(
      ([[name, [prefix, headers]], more, body]): Malformed => ({
        ...{ method: 'POST', path: prefix + DIALECTS[dialect].path, headers: { ...headers, ...more }, body, key: name },
      }),
    ),
  );
  const other = fc
    .tuple(
      named,
      header,
      routes,
      fc.oneof(
        context.map((of) => JSON.stringify(of)),
        bodyOf('chat'),
      ),
    )
    .map(([[name, [prefix, headers]], more, route, body]): Malformed => {
      const [method = '', path = ''] = route.split(' ');
      const bodied = method === 'POST' || method === 'PUT' ? { body } : {};
      return {
        method,
        path: path === '*' ? '/*' : prefix + path,
        headers: { ...headers, ...more },
        ...bodied,
        key: name,
      };
    });
  return fc.oneof({ weight: 3, arbitrary: turn }, { weight: 2, arbitrary: other });
}

/** What is written to a socket as it stands. */
export function unframed(token: string): fc.Arbitrary<string> {
  const line = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n`;
  const bytes = fc.string({ unit: 'binary-ascii', maxLength: 200 });
  return fc.oneof(
    bytes,
    bytes.map((text) => `${line}${text}\r\n\r\n`),
    bytes.map((text) => `${line}content-length: ${text.length + 5}\r\n\r\n${text}`),
    bytes.map((text) => `${line}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n${text}`),
    bytes.map((text) => `${line}transfer-encoding: chunked\r\n\r\n${text}\r\n0\r\n\r\n`),
    fc.constantFrom(
      `${line}content-length: -1\r\n\r\n{}`,
      `${line}content-length: 99999999999999999999\r\n\r\n{}`,
      `${line}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
      `${line}transfer-encoding: chunked, identity\r\n\r\n`,
      `${line}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
      `${line}transfer-encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
      `${line}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`,
      `${line}upgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
      `${line}x-long: ${'x'.repeat(100_000)}\r\n\r\n`,
      `${line}${'x: y\r\n'.repeat(5_000)}\r\n`,
      `${line}x-anneal-agent: a\nx-anneal-record: full\r\n\r\n`,
      `${line}x-anneal-agent: a\r\n folded\r\n\r\n`,
      `GET /r/${token}/../pool/completions?prefix=demo/ HTTP/1.1\r\nhost: x\r\n\r\n`,
      `GET http://elsewhere/pool/completions?prefix=demo/ HTTP/1.1\r\nhost: x\r\n\r\n`,
      'GET / HTTP/0.9\r\n\r\n',
      'GET / HTTP/9.9\r\nhost: x\r\n\r\n',
      'GET /health HTTP/1.1\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      `GET ${'/'.repeat(60_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      `CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: x\r\n\r\n`,
      '\x16\x03\x01\x02\x00\x01\x00\x01',
    ),
  );
}
