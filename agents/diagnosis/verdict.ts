// Which of the findings is the cause. What follows from something else comes after it, what ended the run comes before what only went badly,
// and among what is left the first in time.
import type { Cause } from '../../contracts/diagnosis.ts';
import { before } from './collectives.ts';
import type { Finding } from './detectors/detector.ts';

export interface Verdict {
  readonly root: Finding;
  readonly others: readonly Finding[];
}

/** Courses of numbers; a run goes on through all but the first two. */
const COURSE: readonly Cause[] = [
  ...([
    'gradient-explosion',
    'nan-or-inf',
    'kl-blow-up',
    'entropy-collapse',
    'reward-length-drift',
    'straggler',
    'data-starvation',
  ] as const),
  ...(['throughput-drop', 'loss-spike'] as const),
];
/** What breaks numbers, so that an error after them is theirs. */
const BREAKS: ReadonlySet<Cause> = new Set(['nan-or-inf', 'gradient-explosion']);
/** Consequences, the most telling first. */
const FOLLOWS: readonly Cause[] = [
  'collective-desync',
  'silent-hang',
  'nccl-timeout',
  'gpu-hardware',
  'oom-host',
  'exception',
  'preempted',
];
const LEAST = 0.45;
/** An error of the program gives way to what is said more particularly so soon after it. */
const NEAR = 400;

/** @param said from lines; @param courses from numbers */
export function decide(said: readonly Finding[], courses: readonly Finding[]): Verdict | undefined {
  const enough = said.filter(({ strength }) => strength >= LEAST);
  const roots = enough.filter(({ follows }) => !follows);
  const follows = enough.filter((one) => one.follows);
  const course = firstCourse(courses);
  const root = rootOf(roots, follows) ?? undefined;
  const chosen = withCourse(root, course) ?? withHang(followOf(follows), follows) ?? undefined;
  if (chosen === undefined) return undefined;
  const others = [...enough, ...courses].filter((one) => one !== chosen && one.cause !== chosen.cause);
  return { root: chosen, others: others.sort((a, b) => b.strength - a.strength) };
}

function rootOf(roots: readonly Finding[], follows: readonly Finding[]): Finding | undefined {
  const first = earliest(roots);
  if (first === undefined) return undefined;
  if (first.cause === 'exception') {
    const particular = earliest(
      roots.filter(
        ({ cause, at }) => cause !== 'exception' && cause !== 'preempted' && Math.abs(at.order - first.at.order) < NEAR,
      ),
    );
    // Errors of a thousand kinds end in collectives that never end; what began before all of them is the first.
    if (particular !== undefined) return particular;
    const desync = follows.find(({ cause, at }) => cause === 'collective-desync' && before(at, first.at));
    if (desync !== undefined) return desync;
  }
  // Out of its time because it stood still.
  const hang = follows.find(({ cause }) => cause === 'silent-hang');
  if (first.cause === 'preempted' && hang !== undefined && /TIME LIMIT|time limit|Deadline/.test(first.at.raw))
    return hang;
  // Whoever was waited for too long is ended by a signal as well.
  const waited = follows.find(
    ({ cause, at, strength }) =>
      (cause === 'nccl-timeout' || cause === 'collective-desync') && strength > 0.85 && before(at, first.at),
  );
  if (first.cause === 'preempted' && waited !== undefined) return waited;
  return first;
}

function withCourse(root: Finding | undefined, course: Finding | undefined): Finding | undefined {
  if (course === undefined || root === undefined)
    return root ?? (course !== undefined && BREAKS.has(course.cause) ? course : undefined);
  const early = before(course.at, root.at);
  if (
    BREAKS.has(course.cause) &&
    early &&
    (root.cause === 'exception' || root.cause === 'nan-or-inf' || root.cause === 'preempted')
  )
    return course;
  return root;
}

function withHang(first: Finding | undefined, follows: readonly Finding[]): Finding | undefined {
  if (first?.cause !== 'silent-hang') return first;
  // A watchdog that fires after a while explains the silence before it.
  return follows.find(({ cause, strength }) => cause === 'nccl-timeout' && strength > 0.8) ?? first;
}

const followOf = (follows: readonly Finding[]): Finding | undefined => {
  const [best] = [...follows].sort(
    (a, b) => FOLLOWS.indexOf(a.cause) - FOLLOWS.indexOf(b.cause) || b.strength - a.strength,
  );
  if (best === undefined) return undefined;
  const same = follows.filter(
    ({ cause, collective }) => cause === best.cause && (best.collective === undefined || collective !== undefined),
  );
  // Of one cause the finding that knows who did not come, else the first that is as strong.
  return best.collective !== undefined
    ? best
    : earliest(same.filter(({ strength }) => strength >= best.strength - 0.3));
};

/** Of courses the one that explains the others. */
export function firstCourse(courses: readonly Finding[]): Finding | undefined {
  const nan = earliest(courses.filter(({ cause }) => cause === 'nan-or-inf'));
  const explosion = earliest(courses.filter(({ cause }) => cause === 'gradient-explosion'));
  if (nan !== undefined) return explosion !== undefined && before(explosion.at, nan.at) ? explosion : nan;
  for (const cause of COURSE) {
    const found = earliest(courses.filter((one) => one.cause === cause));
    if (found !== undefined) return found;
  }
  return undefined;
}

const earliest = (findings: readonly Finding[]): Finding | undefined =>
  findings.length === 0 ? undefined : findings.reduce((a, b) => (before(b.at, a.at) ? b : a));
