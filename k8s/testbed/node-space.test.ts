import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimNetwork, sweepNode } from './node-space.ts';
import { type Layout, layoutOf, networkOf } from './options.ts';

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

describe.skipIf(process.getuid?.() !== 0)('the network of a testbed', () => {
  let dir: string;
  let other: string | undefined;
  let claimed: Layout | undefined;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-network-'));
    await mkdir(layoutOf(dir).run);
  });
  afterEach(async () => {
    if (claimed !== undefined) await sweepNode(claimed);
    if (other !== undefined) ip('link', 'delete', other);
    await rm(dir, { recursive: true, force: true });
  });

  it('follows from its folder, also where its bridge was left there', async () => {
    for (let start = 0; start < 2; start += 1) {
      claimed = await claimNetwork(layoutOf(dir));
      expect(claimed).toEqual(layoutOf(dir));
    }
    const { bridge, gateway, firstService } = networkOf(claimed!);
    expect(ip('-4', '-brief', 'address', 'show', bridge)).toMatch(new RegExp(`${gateway}/24 .*${firstService}/32`));
  });

  it('is another one where a link of the machine has that address; later commands find it by the folder', async () => {
    const wanted = networkOf(layoutOf(dir));
    const name = `other-${process.pid}`.slice(0, 15);
    ip('link', 'add', name, 'type', 'bridge');
    other = name;
    ip('address', 'add', `${wanted.gateway}/24`, 'dev', name);
    ip('link', 'set', name, 'up');
    claimed = await claimNetwork(layoutOf(dir));
    expect(networkOf(claimed).gateway).not.toBe(wanted.gateway);
    expect(layoutOf(dir)).toEqual(claimed);
  });
});
