import { describe, expect, it } from 'vitest';
import { createServers } from './servers.ts';

class Own extends Error {}

function three(at = { now: 0 }) {
  const servers = createServers({
    ...{ urls: ['a', 'b', 'c'], restMs: 100, now: () => at.now },
    passes: (failure) => failure instanceof Own,
  });
  const asked: string[] = [];
  const ask = (prompt: string, broken: readonly string[] = []) =>
    servers.use(prompt, async (url) => {
      asked.push(url);
      if (broken.includes(url)) throw new Own(url);
      return url;
    });
  return { servers, asked, ask, at };
}

describe('a fleet', () => {
  it('asks the least busy server, and the same one again for the same prompt', async () => {
    const { servers, ask } = three();
    const release: (() => void)[] = [];
    const held = servers.use('p', () => new Promise<string>((resolve) => release.push(() => resolve('a'))));
    expect(await ask('q')).toBe('b');
    expect(await ask('p')).toBe('b');
    release[0]!();
    await held;
    expect(await ask('q')).toBe('b');
    expect(await ask('new')).toBe('a');
  });

  it('passes on to the next where a failure is the server’s own, and leaves it alone for a while', async () => {
    const { ask, asked, at } = three();
    expect(await ask('p', ['a', 'b'])).toBe('c');
    expect(asked.splice(0)).toEqual(['a', 'b', 'c']);
    await ask('q');
    expect(asked.splice(0)).toEqual(['c']);
    at.now = 100;
    await ask('r');
    expect(asked).toEqual(['a']);
  });

  it('asks a session’s own server again and again, and another while that one rests', async () => {
    const { servers, at } = three();
    const asked: string[] = [];
    const stick = (session: string, broken: readonly string[] = []) =>
      servers.stick(session, async (url) => {
        asked.push(url);
        if (broken.includes(url)) throw new Own(url);
        return url;
      });
    const own = await stick('s');
    expect([await stick('s'), await stick('s')]).toEqual([own, own]);
    const spread = new Set(await Promise.all(Array.from({ length: 40 }, (_, of) => stick(`s${of}`))));
    expect(spread.size).toBe(3);
    const next = await stick('s', [own]);
    expect(next).not.toBe(own);
    expect(await stick('s')).toBe(next);
    at.now = 100;
    expect(await stick('s')).toBe(own);
  });

  it('says the last failure when all have failed, and asks them again at once', async () => {
    const { ask, asked } = three();
    await expect(ask('p', ['a', 'b', 'c'])).rejects.toThrow('c');
    expect(await ask('p')).toBe('c');
    expect(asked).toHaveLength(4);
  });

  it('does not pass on what no other server would do better', async () => {
    const { servers } = three();
    const asked: string[] = [];
    const failing = servers.use('p', async (url) => {
      asked.push(url);
      throw new Error('bad request');
    });
    await expect(failing).rejects.toThrow('bad request');
    expect(asked).toEqual(['a']);
  });
});
