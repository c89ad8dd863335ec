import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
    other = undefined;
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

  it('keeps its own hardware address whatever pods come and go: those that know it would speak to nobody', async () => {
    claimed = await claimNetwork(layoutOf(dir));
    const { bridge } = networkOf(claimed);
    const address = (): string => readFileSync(`/sys/class/net/${bridge}/address`, 'utf8').trim();
    const before = address();
    const pod = `pod-${process.pid}`.slice(0, 15);
    // Without one of its own a bridge has the lowest of those that are joined to it.
    ip('link', 'add', pod, 'address', '02:00:00:00:00:01', 'type', 'veth', 'peer', 'name', `${pod}p`.slice(-15));
    other = pod;
    ip('link', 'set', pod, 'master', bridge);
    ip('link', 'set', pod, 'up');
    expect(address()).toBe(before);
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
