import { expect, test } from 'vitest';
import { bubblewrapArguments } from './profile.ts';

const limits = { wallMs: 2_500, memoryBytes: 1_000, diskBytes: 0, processes: 7, outputBytes: 10 };
const profile = (diskBytes: number, disableUserns = true, alone = false) =>
  bubblewrapArguments({
    argv: ['/usr/bin/python3.11', 'x.py'],
    files: ['x.py'],
    binds: ['/opt/python'],
    limits: { ...limits, diskBytes },
    rootLinks: [{ path: '/bin', link: 'usr/bin' }],
    prlimit: '/usr/bin/prlimit',
    disableUserns,
    alone,
  }).join(' ');

test('the profile asks for everything that isolates, also where another layer would catch the same attack', () => {
  const text = profile(0);
  for (const wanted of [
    ...['user', 'ipc', 'pid', 'net', 'uts', 'cgroup'].map((name) => `--unshare-${name} `),
    '--disable-userns --uid 65534 --gid 65534 --cap-drop ALL',
    '--new-session --die-with-parent --as-pid-1 --clearenv',
    '--seccomp 3 --json-status-fd 4 --block-fd 5',
    '--ro-bind /usr /usr',
    '--ro-bind /opt/python /opt/python',
    '--perms 0444 --file 6 /work/x.py',
    '--dev /dev --remount-ro /dev',
    '--remount-ro / --chdir /work -- /usr/bin/prlimit --cpu=4 --as=1000 --nproc=7 --fsize=0',
    '--core=0',
  ])
    expect(text).toContain(wanted);
  expect(text).not.toMatch(/ --(bind|dev-bind|share-net|proc) /);
  expect(text).not.toContain('/tmp');
});

test('without the kernel’s limit all else stays', () => {
  expect(profile(0, false)).toBe(profile(0).replace(' --disable-userns', ''));
});

test('a writable place is sized', () => {
  expect(profile(4_096)).toContain('--size 4096 --tmpfs /tmp');
});

test('a program that is alone has a file for its input and sized memory to share, in a /dev that is read-only', () => {
  const text = profile(4_096, true, true);
  expect(text).toContain('--tmpfs /dev --dev /dev/own --remount-ro /dev/own --dev-bind /dev/null /dev/null');
  expect(text).toContain('--perms 0444 --file 7 /dev/stdin --size 4096 --tmpfs /dev/shm --remount-ro /dev');
  expect(profile(0, true, true)).not.toContain('/dev/shm');
});
