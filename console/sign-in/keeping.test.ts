// What the console keeps of people in memory and in their browsers: bounded, unreadable, gone in time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cookiesOf, createSealer, readCookie } from './cookies.ts';
import { returnAddress } from './return-to.ts';
import { createSessions } from './sessions.ts';
import { createTries } from './tries.ts';

describe('sessions', () => {
  const limits = { absoluteMs: 1_000, idleMs: 1_000, most: 5, mostOfOne: 2 };

  it('are so many at most, and nobody pushes out others with their own', () => {
    const sessions = createSessions<string>(limits, () => 0);
    const ada = sessions.begin('s-ada', 'ada').id;
    const eves = Array.from({ length: 50 }, () => sessions.begin('s-eve', 'eve').id);
    expect(eves.filter((id) => sessions.find(id, true))).toEqual(eves.slice(-2));
    expect(sessions.find(ada, true)?.who).toBe('ada');
    for (let at = 0; at < 20; at += 1) sessions.begin(`s-${at}`, 'x');
    expect(sessions.count).toBe(5);
  });

  it('that are over make room before one that goes on', () => {
    let now = 0;
    const sessions = createSessions<string>({ ...limits, absoluteMs: 10_000 }, () => now);
    const kept = sessions.begin('s-ada', 'ada').id;
    for (let at = 0; at < 4; at += 1) sessions.begin(`s-${at}`, 'x');
    now = 900;
    sessions.find(kept, true);
    now = 1_100;
    sessions.begin('s-new', 'new');
    expect([sessions.find(kept, false)?.who, sessions.count]).toEqual(['ada', 2]);
  });

  it('have secrets of 256 bits, and another token each', () => {
    const sessions = createSessions<string>({ absoluteMs: 1, idleMs: 1 });
    const all = Array.from({ length: 20 }, (_, at) => sessions.begin(`s-${at}`, 'x'));
    expect(new Set(all.flatMap(({ id, session }) => [id, session.csrf])).size).toBe(40);
    for (const { id } of all) expect(Buffer.from(id, 'base64url')).toHaveLength(32);
  });
});

it('cookies are of this host alone, and of https where there is any', () => {
  const cookies = cookiesOf('https://anneal.example.org');
  expect(cookies.set(cookies.session, 'x')).toBe('__Host-anneal=x; Path=/; HttpOnly; SameSite=Lax; Secure');
  expect(cookies.set(cookies.flow('1'), 'x', 600)).toBe(
    '__Host-anneal-flow-1=x; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600',
  );
  expect(cookiesOf('http://localhost:8700').session).toBe('anneal-8700');
});

it('a cookie that stands there twice is none', () => {
  const read = (cookie: string) => readCookie(new Request('http://x', { headers: { cookie } }), 'a');
  expect([read('a=1'), read('b=2; a=1;c'), read('a=1; a=2'), read('A=1'), read('xa=1')]).toEqual([
    '1',
    '1',
    ...Array(3),
  ]);
});

it('what a browser keeps for us comes back as it was, or not at all', () => {
  const [ours, theirs] = [createSealer(), createSealer()];
  const sealed = ours.seal({ state: 'hidden' });
  expect(ours.open(sealed)).toEqual({ state: 'hidden' });
  expect([theirs.open(sealed), ours.open(''), ours.open('AAAA')]).toEqual([undefined, undefined, undefined]);
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('hidden');
  fc.assert(
    fc.property(fc.nat(Buffer.from(sealed, 'base64url').length * 8 - 1), (bit) => {
      const bytes = Buffer.from(sealed, 'base64url');
      bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
      return ours.open(bytes.toString('base64url')) === undefined;
    }),
  );
});

it('whatever a link says, signing in ends at a page of ours', () => {
  const origin = 'https://anneal.example.org';
  const odd = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\t',
    '\n',
    '@',
    ':',
    '?',
    '#',
    'evil.example',
    'https:',
    'a',
  );
  fc.assert(
    fc.property(fc.array(odd, { maxLength: 8 }), (parts) => {
      const address = returnAddress(`/${parts.join('')}`, origin);
      expect(address.startsWith(`${origin}/`)).toBe(true);
      expect(new URL(address).origin).toBe(origin);
    }),
    { numRuns: 5_000 },
  );
  expect(returnAddress('/gates/demo.release?tab=diff', origin)).toBe(`${origin}/gates/demo.release?tab=diff`);
  for (const path of ['/sign-in', '/sign-in/out', '//sign-in', '/x/../sign-in/link'])
    expect(returnAddress(path, origin)).toBe(`${origin}/`);
});

it('tries come back over a minute, and one address costs another nothing', () => {
  let now = 0;
  const tries = createTries(2, () => now);
  const often = (address: string): boolean[] =>
    [1, 2, 3].map(() => {
      try {
        tries.count(address);
        return true;
      } catch {
        return false;
      }
    });
  expect([often('a'), often('b')]).toEqual([
    [true, true, false],
    [true, true, false],
  ]);
  now = 30_000;
  expect(often('a')).toEqual([true, false, false]);
});
