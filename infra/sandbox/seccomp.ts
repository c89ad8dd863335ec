// The system calls that a candidate never needs, refused by a classic-BPF program that bubblewrap loads with --seccomp.
// Bubblewrap takes privileges and name spaces away; this narrows what is left of the kernel's surface.

/** x86-64 system call numbers that return EPERM, by what they would open up. */
const DENIED: Readonly<Record<string, readonly number[]>> = {
  'io_uring_setup, _enter, _register': [425, 426, 427],
  'ptrace, process_vm_readv, process_vm_writev, kcmp, process_madvise, process_mrelease': [
    101, 310, 311, 312, 440, 448,
  ],
  // What can be done with a handle on a process but wait for it, for which drivers open one.
  'pidfd_getfd, pidfd_send_signal': [438, 424],
  'add_key, request_key, keyctl': [248, 249, 250],
  'bpf, userfaultfd, perf_event_open': [321, 323, 298],
  'mount, umount2, pivot_root, chroot': [165, 166, 155, 161],
  'open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr': [428, 429, 430, 431, 432, 433, 442],
  'unshare, setns': [272, 308],
  'kexec_load, kexec_file_load, init_module, finit_module, delete_module': [246, 320, 175, 313, 176],
  'reboot, swapon, swapoff, acct, quotactl, quotactl_fd, syslog, iopl, ioperm': [
    169, 167, 168, 163, 179, 443, 103, 172, 173,
  ],
  'settimeofday, clock_settime, adjtimex, clock_adjtime': [164, 227, 159, 305],
  'name_to_handle_at, open_by_handle_at, fanotify_init': [303, 304, 300],
  // Memory that no resource limit of a process counts.
  'memfd_create, memfd_secret, shmget, msgget, semget, mq_open, vmsplice': [319, 447, 29, 68, 64, 240, 278],
  'personality, modify_ldt, set_mempolicy, mbind, migrate_pages, move_pages, lookup_dcookie, vhangup': [
    135, 154, 238, 237, 256, 279, 212, 153,
  ],
};

/**
 * What a process may do to itself alone, whose number is then 0: all processes of a sandbox are of one user, process 1 among them, and
 * whoever sets the limits of a driver ends it, and with it the judgement.
 */
const OWN_ALONE: Readonly<Record<string, number>> = {
  sched_setparam: 142,
  sched_setscheduler: 144,
  sched_setaffinity: 203,
  get_robust_list: 274,
  sched_setattr: 314,
};

const NR = {
  ...{
    ioctl: 16,
    socket: 41,
    socketpair: 53,
    clone: 56,
    setpriority: 141,
    prctl: 157,
    ioprio_set: 251,
    prlimit64: 302,
  },
  clone3: 435,
} as const;

/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const CLONE_NEW = 0x7e020080;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const PR_SET_PDEATHSIG = 1;
/** Gives other processes its own tag, beside which nothing else runs on a core. */
const PR_SCHED_CORE = 62;
const PRIO_PROCESS = 0;
const IOPRIO_WHO_PROCESS = 1;
/** AF_UNIX, AF_INET, AF_INET6: the others (netlink, packet, vsock, alg) reach past the empty network name space or into rare code. */
const SOCKET_FAMILIES = [1, 2, 10];

const AUDIT_ARCH_X86_64 = 0xc000003e;
const X32_BIT = 0x40000000;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const LD_W_ABS = 0x20;
const JEQ = 0x15;
const JGE = 0x35;
const JSET = 0x45;
const RET = 0x06;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
/** Offsets in struct seccomp_data. Arguments are 64-bit; of a number the kernel takes the low half alone, of a pointer both. */
const OFFSET = { nr: 0, arch: 4, arg0: 16, arg1: 24, arg2: 32, arg2High: 36 } as const;

interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly jt?: number;
  readonly jf?: number;
}

const load = (offset: number): Instruction => ({ code: LD_W_ABS, k: offset });
const give = (action: number): Instruction => ({ code: RET, k: action });
/** Skips the next instruction unless the test holds. */
const when = (code: number, k: number): Instruction => ({ code, k, jt: 0, jf: 1 });
/** Skips the next instruction when the test holds. */
const unless = (code: number, k: number): Instruction => ({ code, k, jt: 1, jf: 0 });

/** Runs `body` (which ends in a return) when the call's number is `nr`. */
function forCall(nr: number, body: readonly Instruction[]): Instruction[] {
  return [{ code: JEQ, k: nr, jt: 0, jf: body.length }, ...body];
}

/** Of a process, by its first two arguments, unless it is the caller's own. */
const ofItself = (which: number): Instruction[] => [
  ...[load(OFFSET.arg0), unless(JEQ, which), give(ERRNO | EPERM)],
  ...[load(OFFSET.arg1), unless(JEQ, 0), give(ERRNO | EPERM)],
  give(ALLOW),
];

function program(): Instruction[] {
  const denied = Object.values(DENIED).flat();
  const sockets = SOCKET_FAMILIES.flatMap((family) => [when(JEQ, family), give(ALLOW)]);
  return [
    load(OFFSET.arch),
    unless(JEQ, AUDIT_ARCH_X86_64),
    give(KILL_PROCESS),
    load(OFFSET.nr),
    when(JGE, X32_BIT),
    give(KILL_PROCESS),
    ...denied.flatMap((nr) => [when(JEQ, nr), give(ERRNO | EPERM)]),
    // A filter cannot follow clone3's pointer to its flags; on ENOSYS the C library falls back to clone.
    ...forCall(NR.clone3, [give(ERRNO | ENOSYS)]),
    ...forCall(NR.clone, [load(OFFSET.arg0), when(JSET, CLONE_NEW), give(ERRNO | EPERM), give(ALLOW)]),
    ...forCall(NR.ioctl, [
      load(OFFSET.arg1),
      when(JEQ, TIOCSTI),
      give(ERRNO | EPERM),
      when(JEQ, TIOCLINUX),
      give(ERRNO | EPERM),
      give(ALLOW),
    ]),
    // The program is process 1 of its name space: were it to unset this, it would outlive a killed watchdog.
    ...forCall(NR.prctl, [
      load(OFFSET.arg0),
      ...[PR_SET_PDEATHSIG, PR_SCHED_CORE].flatMap((option) => [when(JEQ, option), give(ERRNO | EPERM)]),
      give(ALLOW),
    ]),
    // Limits of another process may be read: then nothing new is given.
    ...forCall(NR.prlimit64, [
      ...[load(OFFSET.arg0), when(JEQ, 0), give(ALLOW)],
      ...[load(OFFSET.arg2), unless(JEQ, 0), give(ERRNO | EPERM)],
      ...[load(OFFSET.arg2High), unless(JEQ, 0), give(ERRNO | EPERM)],
      give(ALLOW),
    ]),
    ...forCall(NR.setpriority, ofItself(PRIO_PROCESS)),
    ...forCall(NR.ioprio_set, ofItself(IOPRIO_WHO_PROCESS)),
    ...Object.values(OWN_ALONE).flatMap((nr) =>
      forCall(nr, [load(OFFSET.arg0), when(JEQ, 0), give(ALLOW), give(ERRNO | EPERM)]),
    ),
    ...forCall(NR.socket, [load(OFFSET.arg0), ...sockets, give(ERRNO | EAFNOSUPPORT)]),
    ...forCall(NR.socketpair, [load(OFFSET.arg0), ...sockets, give(ERRNO | EAFNOSUPPORT)]),
    give(ALLOW),
  ];
}

/** The filter as an array of `struct sock_filter {u16 code; u8 jt, jf; u32 k}`, little-endian, for x86-64 only. */
export function seccompFilter(): Buffer {
  const instructions = program();
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [at, { code, k, jt = 0, jf = 0 }] of instructions.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(jt, at * 8 + 2);
    bytes.writeUInt8(jf, at * 8 + 3);
    bytes.writeUInt32LE(k >>> 0, at * 8 + 4);
  }
  return bytes;
}
