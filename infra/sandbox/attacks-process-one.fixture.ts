// Attacks on process 1, which runs the cases of a driver and is of the same user as they are: who ends or slows it has the sample masked.
import type { Attack } from './attacks.fixture.ts';

export const PROCESS_ONE_ATTACKS: readonly Attack[] = [
  {
    name: 'process 1: its limits, priority, scheduler, processors, from a child of its own user',
    source: `
import resource
state = lambda: [resource.getrlimit(resource.RLIMIT_NOFILE), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), os.sched_getaffinity(0)]
before = state()
def own():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard - 1, hard))
    os.nice(1)
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    print('own', resource.prlimit(1, resource.RLIMIT_NOFILE)[1] == hard)
if os.fork() == 0:
    own()
    for name in dir(resource):
        if name.startswith('RLIMIT_'): attempt(lambda: resource.prlimit(1, getattr(resource, name), (0, 0)), name)
    for which, who in ((os.PRIO_PROCESS, 1), (os.PRIO_PGRP, os.getpgid(1)), (os.PRIO_PGRP, 0), (os.PRIO_USER, os.getuid()), (os.PRIO_USER, 0)):
        attempt(lambda: os.setpriority(which, who, 19), f'priority {which} {who}')
    attempt(lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)), 'scheduler')
    attempt(lambda: os.sched_setparam(1, os.sched_param(0)), 'parameters')
    attempt(lambda: os.sched_setaffinity(1, {min(os.sched_getaffinity(0))}), 'processors')
    attributes = ctypes.create_string_buffer(b'\\x30\\0\\0\\0\\5', 48)
    attempt(lambda: call(314, 1, attributes, 0), 'attributes')
    attempt(lambda: call(314, (1 << 32) + 1, attributes, 0), 'attributes, high bits')
    for which, who in ((1, 1), (2, os.getpgid(1)), (2, 0), (3, os.getuid())):
        attempt(lambda: call(251, which, who, 3 << 13), f'disk {which} {who}')
    handle = os.pidfd_open(1)
    attempt(lambda: call(424, handle, 9, 0, 0), 'signal by handle')
    attempt(lambda: call(438, handle, 0, 0), 'descriptor by handle')
    attempt(lambda: call(440, handle, 0, 0, 21, 0), 'memory by handle')
    attempt(lambda: call(308, handle, 0), 'name space by handle')
    attempt(lambda: call(157, 62, 2, 1, 1, 0), 'core')
    attempt(lambda: call(448, handle, 0), 'reap')
    os._exit(0)
print('left' if os.wait()[1] == 0 else 'ESCAPED')
print('as before' if state() == before else f'ESCAPED {state()}')`,
    says: /own True[\s\S]*left\nas before/,
  },
  {
    name: 'process 1: signals by other ways than kill',
    source: `
import fcntl
signal.signal(signal.SIGINT, signal.SIG_DFL)
def quietly(f):
    try: f()
    except OSError: pass
if os.fork() == 0:
    for s in (1, 2, 3, 6, 9, 15, 19, 20, 25, 34, 64):
        quietly(lambda: call(234, 1, 1, s))
        quietly(lambda: call(200, 1, s))
        for code in (-1, -5, -6, -60, 128):
            quietly(lambda: call(129, 1, s, (ctypes.c_int * 32)(s, 0, code, 0, 0, 0)))
            quietly(lambda: call(297, 1, 1, s, (ctypes.c_int * 32)(s, 0, code, 0, 0, 0)))
    for s in (0, 9, 19):
        one, other = socket.socketpair()
        fcntl.fcntl(one, 10, s)
        fcntl.fcntl(one, fcntl.F_SETOWN, 1)
        fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC)
        for _ in range(3): other.send(b'x')
        other.close()
    os._exit(0)
status = os.wait()[1]
print('alive' if status == 0 else f'ESCAPED {status}')`,
    says: /alive/,
  },
];
