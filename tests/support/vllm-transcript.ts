// What happened at a fleet of scripted vLLM servers, in one order: every control call, every effect, every sample with what it was
// really made with. vllm-invariants.ts judges it.
import type { WeightTag } from '../../contracts/weight-update.ts';
import type { DoorAnswer } from './guard-door.ts';
import type { Content } from './vllm-model.ts';

export type Entry =
  /** A control call has arrived, whatever becomes of it. */
  | {
      readonly what: 'called';
      readonly server: string;
      readonly path: string;
      readonly fence?: number;
      readonly tag?: WeightTag;
    }
  /** From here on nothing is in flight, and what comes waits. */
  | { readonly what: 'paused'; readonly server: string }
  | { readonly what: 'resumed'; readonly server: string }
  /** Its workers' words have been given out: the one version that all of them serve, or null. */
  | { readonly what: 'told'; readonly server: string; readonly serving: WeightTag | null }
  | { readonly what: 'died'; readonly server: string }
  | { readonly what: 'began'; readonly server: string; readonly sample: string }
  | ({ readonly what: 'sampled' } & Sampled)
  /** An orchestrator says that its update is over; `states`: how the servers are at that moment. */
  | ({ readonly what: 'ended'; readonly states: readonly EndState[] } & Ended);

/** What a server answers with whatever weights it has: nobody there looks at what was asked for. */
export interface Sampled {
  readonly server: string;
  readonly sample: string;
  readonly asked: string;
  /** What it was made with when it began and when it ended. */
  readonly contents: readonly [Content, Content];
  /** It came to a paused server, and waited there. */
  readonly waited: boolean;
  /** The server was paused when it ended. */
  readonly whilePaused: boolean;
  readonly finish: string;
}

export interface Ended {
  readonly tag: WeightTag;
  readonly serving: readonly string[];
  readonly lost: readonly string[];
}

export interface EndState {
  readonly server: string;
  readonly paused: boolean;
  readonly content: Content;
}

export interface Transcript {
  readonly entries: Entry[];
  /** Samples that the guard let out, by their ids. */
  readonly given: Set<string>;
  /** Of one server, in order. */
  answersOf(server: string): DoorAnswer[];
  note(entry: Entry): void;
  answered(server: string, answer: DoorAnswer): void;
}

export function openTranscript(): Transcript {
  const entries: Entry[] = [];
  const given = new Set<string>();
  const answers = new Map<string, DoorAnswer[]>();
  const answersOf = (server: string): DoorAnswer[] => {
    const found = answers.get(server) ?? [];
    answers.set(server, found);
    return found;
  };
  return {
    ...{ entries, given, answersOf },
    note: (entry) => void entries.push(entry),
    answered(server, answer) {
      answersOf(server).push(answer);
      if (answer.status === 200) given.add(answer.sample);
    },
  };
}
