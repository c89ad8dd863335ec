import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitPath, withoutCredentials } from './path.ts';

const part = fc.stringMatching(/^[A-Za-z0-9._%-]{1,12}$/);

describe('a base URL', () => {
  it('says whose requests these are, in any order, and leaves the route', () => {
    const members = fc.uniqueArray(fc.tuple(fc.constantFrom('r', 't', 'a'), part), { selector: ([name]) => name });
    const route = fc.constantFrom('/v1/messages', '/v1/chat/completions', '/chat/completions', '/v1/models/a/b');
    fc.assert(
      fc.property(members, route, fc.boolean(), (named, path, query) => {
        const before = named.map(([name, value]) => `/${name}/${value}`).join('');
        const of = (name: string) => named.find(([known]) => known === name)?.[1];
        expect(splitPath(`${before}${path}${query ? '?beta=true' : ''}`)).toEqual({
          ...{ path, token: of('r'), attempt: of('t'), agent: of('a') },
        });
      }),
    );
  });

  it('that says something twice, nothing, or no route, names no route', () => {
    const paths = [
      '/r/x/r/y/v1/messages',
      '/r//v1/messages',
      '/r/x',
      '/a/',
      '/r',
      '/',
      '',
      `/r/${'x'.repeat(9_000)}/v1`,
    ];
    for (const path of paths) expect(splitPath(path).path).not.toMatch(/^\/v1/);
  });

  it('never throws, and what it leaves is the end of what it was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (url) => {
        expect(url.split('?', 1)[0]!.endsWith(splitPath(url).path)).toBe(true);
      }),
    );
  });
});

it('a message holds no credential', () => {
  expect(withoutCredentials('POST /r/anr_eyJ2.x-_/v1 anr_abc.def')).toBe('POST /r/anr_…/v1 anr_…');
});
