// Hostile programs, each with what must (not) come of it. Every line printed as ESCAPED is a hole.
import type { SandboxLimits, SandboxRequest, SandboxResult } from '../../contracts/ports.ts';
import { PROCESS_ONE_ATTACKS } from './attacks-process-one.fixture.ts';

const MB = 2 ** 20;
const LIMITS: SandboxLimits = {
  wallMs: 8_000,
  memoryBytes: 256 * MB,
  diskBytes: 4 * MB,
  processes: 16,
  outputBytes: 20_000,
};

/** `attempt(f)` prints ESCAPED when f succeeds, and the error's name when it does not. `told` is a file outside. */
const PRELUDE = `
import ctypes, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
marker, told = sys.argv[1:3] if len(sys.argv) > 2 else ('', '')
def attempt(f, label=''):
    try:
        value = f()
        print('ESCAPED', label, value, flush=True)
    except BaseException as error:
        print('refused', label, type(error).__name__, flush=True)
def call(*numbers):
    if libc.syscall(*numbers) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
`;

export interface Attack {
  readonly name: string;
  readonly source: string;
  readonly limits?: Partial<SandboxLimits>;
  readonly how?: SandboxResult['how'];
  readonly says?: RegExp;
}

export const ATTACKS: readonly Attack[] = [
  {
    name: 'fork bomb',
    source: `
n = 0
try:
    while True:
        if os.fork() == 0: time.sleep(60)
        n += 1
except OSError: print('stopped' if n < 20 else 'ESCAPED', n)`,
    says: /stopped/,
  },
  {
    name: 'memory hog',
    source: `
try: x = bytearray(${300 * MB}); print('ESCAPED')
except MemoryError: print('stopped')`,
    says: /stopped/,
  },
  {
    name: 'sparse file',
    source: `attempt(lambda: os.truncate(os.open('/tmp/f', os.O_CREAT | os.O_RDWR), 1 << 40))`,
    limits: { diskBytes: MB },
    // SIGXFSZ is ignored by Python, so truncate fails with EFBIG.
    says: /refused {2}OSError/,
  },
  {
    name: 'many files fill the disk',
    source: `
total = 0
try:
    for i in range(50):
        with open(f'/tmp/{i}', 'wb') as f: total += f.write(b'x' * ${MB})
    print('ESCAPED', total)
except OSError: print('stopped' if total <= ${4 * MB} else 'ESCAPED', total)
shared = 0
try:
    for i in range(50):
        with open(f'/dev/shm/{i}', 'wb') as f: shared += f.write(b'x' * ${MB})
    print('ESCAPED', shared)
except OSError: print('bounded' if shared <= ${4 * MB} else 'ESCAPED', shared)`,
    says: /stopped[\s\S]*bounded/,
  },
  {
    name: 'no writable place at all when diskBytes is 0',
    source: `
for place in ['/tmp/x', '/dev/shm/x', '/work/x', '/usr/x', '/x', '/dev/x']:
    attempt(lambda: open(place, 'w'), place)`,
    limits: { diskBytes: 0 },
  },
  {
    name: 'stdout flood',
    source: `while True: os.write(1, b'x' * 65536)`,
    how: 'output-limit',
  },
  { name: 'stderr flood', source: `while True: os.write(2, b'x' * 65536)`, how: 'output-limit' },
  { name: 'sleep for ever', source: `time.sleep(999)`, how: 'timeout', limits: { wallMs: 400 } },
  {
    name: 'sleep with all signals blocked and the parent-death signal unset',
    source: `
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
attempt(lambda: call(157, 1, 0, 0, 0, 0), 'pdeathsig')
while True: time.sleep(1)`,
    how: 'timeout',
    // It has to come to its first words.
    limits: { wallMs: 3_000 },
    says: /refused pdeathsig/,
  },
  {
    name: 'orphan in a session of its own',
    source: `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(60)
    os._exit(0)
print('done')`,
    says: /done/,
  },
  {
    name: 'zombies',
    source: `
n = 0
try:
    while n < 100:
        if os.fork() == 0: os._exit(0)
        n += 1
    print('ESCAPED')
except OSError: print('stopped', n)`,
    says: /stopped/,
  },
  {
    name: 'ptrace, other processes’ memory, keys, bpf, userfaultfd, perf, io_uring, kexec, modules',
    source: `
for name, number in dict(ptrace=101, readv=310, writev=311, pidfd_getfd=438, add_key=248, keyctl=250, bpf=321,
    userfaultfd=323, perf=298, io_uring=425, kexec=246, init_module=175, finit=313, mount=165, umount=166, pivot=155,
    open_tree=428, move_mount=429, fsopen=430, setns=308, unshare=272, settime=164, memfd=319, shmget=29, reboot=169).items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    print('refused' if result == -1 and ctypes.get_errno() == 1 else 'ESCAPED', name, ctypes.get_errno())`,
  },
  {
    name: 'kill everything',
    source: `
signal.signal(signal.SIGINT, signal.SIG_DFL)
if os.fork() == 0:
    for target in (1, -1, os.getppid()):
        for s in range(1, 65):
            try:
                if target == 1 or s == 9: os.kill(target, s)
            except OSError: pass
    os._exit(0)
os.wait()
print('alive')`,
    says: /alive/,
  },
  ...PROCESS_ONE_ATTACKS,
  {
    name: 'setuid, capabilities, chroot',
    source: `
attempt(lambda: os.setuid(0), 'setuid')
attempt(lambda: os.setgid(0), 'setgid')
attempt(lambda: os.setgroups([0]), 'setgroups')
attempt(lambda: os.chroot('/tmp'), 'chroot')
attempt(lambda: os.nice(-5), 'nice')`,
  },
  {
    name: 'nested user name space',
    source: `
for flags in (0x10000000, 0x20000, 0x80):
    attempt(lambda: call(272, flags), 'unshare')
    attempt(lambda: call(56, flags | 17, 0, 0, 0, 0), 'clone')
ctypes.set_errno(0); libc.syscall(435, 0, 0)
print('refused clone3' if ctypes.get_errno() == 38 else 'ESCAPED clone3')`,
  },
  { name: 'environment of process 1', source: `attempt(lambda: open('/proc/1/environ').read())` },
  {
    name: 'inherited descriptors',
    source: `
for fd in range(3, 65536):
    try: kept = os.fstat(fd)
    except OSError: continue
    if kept.st_rdev != os.makedev(1, 3): print('ESCAPED', fd)
print(sorted(os.environ))`,
    says: /^\['HOME', 'LC_ALL', 'LOGNAME', 'PATH', 'PWD', 'PYTHONHASHSEED', 'USER'\]$/m,
  },
  {
    name: 'files of the host by .., symbolic link, hard link, FIFO, device',
    source: `
for path in ('/work/../etc/passwd', '/etc/shadow', '/root/.bashrc', '/home', '/var', '/sys', '/proc/self/root'):
    attempt(lambda: os.stat(path), path)
os.symlink('/etc/passwd', '/tmp/link')
attempt(lambda: open('/tmp/link'), 'symlink')
attempt(lambda: os.link('/usr/bin/env', '/tmp/hard'), 'hardlink')
attempt(lambda: os.mknod('/tmp/disk', 0o60666, os.makedev(8, 0)), 'mknod')
os.mkfifo('/tmp/fifo')
attempt(lambda: os.open('/dev/mem', os.O_RDWR), 'mem')`,
  },
  {
    name: 'a file of the host, by the path that it is told: read, changed, linked, replaced, its folder listed',
    source: `
beside = os.path.join(os.path.dirname(told), 'beside-' + marker)
attempt(lambda: open(told).read(), 'read')
attempt(lambda: open(told, 'a').write('changed'), 'append')
attempt(lambda: os.listdir(os.path.dirname(told)).index(os.path.basename(told)), 'folder')
attempt(lambda: open(beside, 'w'), 'beside')
os.symlink(told, '/tmp/link')
attempt(lambda: open('/tmp/link').read(), 'symlink')
attempt(lambda: open('/tmp/link', 'a').write('changed'), 'append by symlink')
attempt(lambda: os.link(told, '/tmp/hard'), 'hardlink')
for root in ('/proc/1/root', '/proc/self/root', '/proc/self/cwd/..', '/work/../..', '/tmp/../..', '/dev/fd/..'):
    attempt(lambda: open(root + told).read(), root)
attempt(lambda: os.rename(told, told + '.gone'), 'rename')
attempt(lambda: os.unlink(told), 'unlink')`,
  },
  {
    name: 'inode flood: files, folders and links without a byte in them',
    source: `
made, until = 0, time.monotonic() + 1.5
try:
    while time.monotonic() < until:
        name = f'/tmp/{marker}-{made}'
        if made % 3 == 0: os.mkdir(name)
        elif made % 3 == 1: os.symlink(told, name)
        else: os.close(os.open(name, os.O_CREAT | os.O_EXCL))
        made += 1
except OSError: pass
for place in ('/', '/work', '/dev', '/dev/pts', '/var/tmp', os.path.dirname(told)):
    attempt(lambda: os.mkdir(os.path.join(place, marker)), place)
print('ended', made)`,
    limits: { diskBytes: MB },
    says: /ended \d{3}/,
  },
  {
    name: 'network: TCP, DNS, abstract socket, netlink, packet, vsock, alg',
    source: `
attempt(lambda: socket.create_connection(('1.1.1.1', 80), 0.3), 'tcp')
attempt(lambda: socket.create_connection(('127.0.0.1', 22), 0.3), 'loopback')
attempt(lambda: socket.getaddrinfo('example.com', 80), 'dns')
attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53)), 'udp')
s = socket.socket(socket.AF_UNIX)
attempt(lambda: s.connect('\\0/tmp/.X11-unix/X0'), 'abstract')
for family in (16, 17, 40, 38): attempt(lambda: socket.socket(family, socket.SOCK_RAW if family != 40 else 1), family)`,
  },
  {
    name: 'terminal input injection and clock',
    source: `
import fcntl
attempt(lambda: fcntl.ioctl(0, 0x5412, b'x'), 'TIOCSTI')
ctypes.set_errno(0); libc.ioctl(0, ctypes.c_ulong(0x100005412), b'x')
print('refused high bits' if ctypes.get_errno() == 1 else 'ESCAPED high bits')
attempt(lambda: time.clock_settime(time.CLOCK_REALTIME, 0), 'clock')`,
  },
  {
    name: 'its own files, the interpreter and the system’s programs, changed',
    source: `
for path in ('/work/attack.py', sys.executable, os.path.realpath(sys.executable), '/usr/bin/env', '/etc/passwd', os.__file__):
    attempt(lambda: open(path, 'r+b'), path)
    attempt(lambda: os.chmod(path, 0o777), path)
    attempt(lambda: os.rename(path, '/tmp/stolen'), path)`,
  },
  {
    name: 'programs that are run as root',
    source: `
import subprocess
for argv in (['/bin/su', '-c', 'id'], ['/usr/bin/sudo', '-n', 'id'], ['/bin/mount', '-o', 'remount,rw', '/'], ['/usr/bin/newuidmap', '1', '0', '0', '1']):
    try: done = subprocess.run(argv, capture_output=True, timeout=2, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error: print('refused', argv[0], type(error).__name__); continue
    print('ESCAPED' if done.returncode == 0 else 'refused', argv[0], done.returncode)`,
  },
  {
    name: 'thread bomb',
    source: `
import threading
n = 0
try:
    while n < 100:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        n += 1
    print('ESCAPED', n, flush=True)
except RuntimeError: print('stopped', n, flush=True)
os._exit(0)`,
    says: /stopped/,
  },
  {
    name: 'as many descriptors as there are',
    source: `
kept = []
try:
    while len(kept) < 100_000: kept.append(os.open('/dev/null', os.O_RDONLY))
    print('ESCAPED', len(kept))
except OSError: print('stopped', len(kept))`,
    says: /stopped/,
  },
  {
    name: 'devices: terminal, KVM, FUSE, TUN, loop, block, memory',
    source: `
for path in ('/dev/tty', '/dev/console', '/dev/kvm', '/dev/fuse', '/dev/net/tun', '/dev/loop-control', '/dev/loop0', '/dev/vda',
    '/dev/sda', '/dev/kmsg', '/dev/port'):
    attempt(lambda: os.open(path, os.O_RDWR), path)`,
  },
  {
    name: 'the machine’s name, log, accounts, swap, ports, quota, priorities',
    source: `
for name, number in dict(sethostname=170, setdomainname=171, syslog=103, acct=163, swapon=167, swapoff=168, iopl=172, ioperm=173,
    quotactl=179, lookup_dcookie=212, delete_module=176, adjtimex=159, clock_adjtime=305, vhangup=153).items():
    ctypes.set_errno(0)
    result = libc.syscall(number, b'x', 1, 0, 0, 0, 0)
    print('refused' if result == -1 and ctypes.get_errno() in (1, 38) else 'ESCAPED', name, ctypes.get_errno())
attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)), 'real time')
attempt(lambda: os.setpriority(os.PRIO_PROCESS, 0, -10), 'priority')`,
  },
  {
    name: 'messages past its end: queues, semaphores, shared memory of the system',
    source: `
for name, number in dict(msgget=68, semget=64, shmget=29, mq_open=240).items():
    ctypes.set_errno(0)
    result = libc.syscall(number, b'/left' if name == 'mq_open' else 4711, 0o1101 if name == 'mq_open' else 16, 0o1666, 0, 0, 0)
    print('refused' if result == -1 else 'ESCAPED', name, ctypes.get_errno())`,
  },
  {
    name: 'daemon that keeps the output open',
    source: `
if os.fork() == 0:
    os.setsid()
    while True: time.sleep(1)
print('done', flush=True)`,
    says: /done/,
  },
  {
    name: 'a child that is stopped, and waited for',
    source: `
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
os.waitpid(child, 0)`,
    how: 'timeout',
    limits: { wallMs: 1_500 },
  },
  {
    name: 'every core kept busy until the end',
    source: `
for _ in range(8):
    if os.fork() == 0:
        while True: pass
while True: pass`,
    how: 'timeout',
    limits: { wallMs: 1_500 },
  },
];

/**
 * @param marker stands in the command line of every process that comes of it, and in the name of whatever it leaves
 * @param told a file of the host that no program may reach, and which the attacks know
 */
export const requestOf = ({ source, limits }: Attack, marker: string, told = '/etc/hostname'): SandboxRequest => ({
  argv: ['python3', '-s', '-P', '-S', '-B', 'attack.py', marker, told],
  files: { 'attack.py': PRELUDE + source },
  stdin: '',
  limits: { ...LIMITS, ...limits },
});

/** What is wrong with how it ended; nothing when it was held. */
export function holesIn({ how, says }: Attack, result: SandboxResult): string[] {
  return [
    ...result.stdout.split('\n').filter((line) => line.includes('ESCAPED')),
    ...(result.stderr.includes('Traceback') ? [result.stderr] : []),
    ...(result.how === (how ?? 'exited') ? [] : [`it ${result.how}`]),
    ...(says === undefined || says.test(result.stdout)
      ? []
      : [`it says ${JSON.stringify(result.stdout.slice(0, 300))}`]),
    ...(result.stdout.length <= LIMITS.outputBytes ? [] : ['too much output']),
  ];
}

export const FOREIGN_CALL: SandboxRequest = {
  argv: ['python3', '-s', '-P', '-S', '-B', '-c', `${PRELUDE}\nlibc.syscall(0x40000000 + 39)\nprint('ESCAPED')`],
  files: {},
  stdin: '',
  limits: LIMITS,
};
