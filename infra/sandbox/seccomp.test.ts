import { expect, test } from 'vitest';
import { seccompFilter } from './seccomp.ts';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const X86_64 = 0xc000003e;

/** Interprets the filter as the kernel does, so that it is tested without a kernel. */
function decide(data: { arch?: number; nr: number; args?: readonly number[] }): number {
  const bytes = seccompFilter();
  const memory = Buffer.alloc(64);
  memory.writeUInt32LE(data.nr, 0);
  memory.writeUInt32LE(data.arch ?? X86_64, 4);
  for (const [index, value] of (data.args ?? []).entries()) memory.writeBigUInt64LE(BigInt(value), 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < bytes.length / 8; at += 1) {
    const code = bytes.readUInt16LE(at * 8);
    const k = bytes.readUInt32LE(at * 8 + 4);
    const jump = (holds: boolean) => {
      at += bytes.readUInt8(at * 8 + (holds ? 2 : 3));
    };
    if (code === 0x20) accumulator = memory.readUInt32LE(k);
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x45) jump((accumulator & k) !== 0);
    else if (code === 0x06) return k;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('fell off the end');
}

test.each([
  ['read', { nr: 0 }, ALLOW],
  ['another architecture', { nr: 0, arch: 0x40000003 }, KILL],
  ['x32', { nr: 0x40000000 }, KILL],
  ['ptrace', { nr: 101 }, 0x50001],
  ['io_uring_setup', { nr: 425 }, 0x50001],
  ['clone3', { nr: 435 }, 0x50026],
  ['fork by clone', { nr: 56, args: [0x1200011] }, ALLOW],
  ['a thread by clone', { nr: 56, args: [0x3d0f00] }, ALLOW],
  ['clone with CLONE_NEWUSER', { nr: 56, args: [0x10000011] }, 0x50001],
  ['an ordinary ioctl', { nr: 16, args: [0, 0x5401] }, ALLOW],
  ['TIOCSTI', { nr: 16, args: [0, 0x5412] }, 0x50001],
  ['TIOCSTI with high bits', { nr: 16, args: [0, 0x100005412] }, 0x50001],
  ['PR_SET_PDEATHSIG', { nr: 157, args: [1] }, 0x50001],
  ['PR_SCHED_CORE', { nr: 157, args: [62] }, 0x50001],
  ['its own limits', { nr: 302, args: [0, 7, 0x1000] }, ALLOW],
  ['another’s limits, read', { nr: 302, args: [1, 7, 0, 0x1000] }, ALLOW],
  ['another’s limits, set', { nr: 302, args: [1, 7, 0x1000] }, 0x50001],
  ['another’s limits, from high memory', { nr: 302, args: [1, 7, 0x7f0000000000] }, 0x50001],
  // The kernel takes the low half of a number.
  ['another’s limits, with high bits', { nr: 302, args: [0x100000001, 7, 0x1000] }, 0x50001],
  ['its own priority', { nr: 141, args: [0, 0, 5] }, ALLOW],
  ['another’s priority', { nr: 141, args: [0, 1, 5] }, 0x50001],
  ['its user’s priority', { nr: 141, args: [2, 0, 5] }, 0x50001],
  ['its own disk priority', { nr: 251, args: [1, 0, 0] }, ALLOW],
  ['another’s disk priority', { nr: 251, args: [1, 1, 0] }, 0x50001],
  ['its group’s disk priority', { nr: 251, args: [2, 0, 0] }, 0x50001],
  ...[142, 144, 203, 314, 274].flatMap((nr): [string, { nr: number; args: number[] }, number][] => [
    [`${nr} of itself`, { nr, args: [0] }, ALLOW],
    [`${nr} of another`, { nr, args: [1] }, 0x50001],
  ]),
  ['pidfd_open', { nr: 434, args: [1] }, ALLOW],
  ['pidfd_send_signal', { nr: 424 }, 0x50001],
  ['process_mrelease', { nr: 448 }, 0x50001],
  ['PR_SET_NAME', { nr: 157, args: [15] }, ALLOW],
  ['a Unix socket', { nr: 41, args: [1] }, ALLOW],
  ['a netlink socket', { nr: 41, args: [16] }, 0x50061],
])('%s', (_name, data, verdict) => {
  expect(decide(data)).toBe(verdict);
});
