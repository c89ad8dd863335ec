// Who is signed in, in this process's memory: a restart ends every session, and signing in again leads back to where somebody was.
import { createHash, randomBytes } from 'node:crypto';

export interface SessionLimits {
  readonly absoluteMs: number;
  readonly idleMs: number;
  /** Default 10,000. */
  readonly most?: number;
  /** Of one person, default 20: nobody pushes others out. */
  readonly mostOfOne?: number;
}

export interface Session<Who> {
  readonly who: Who;
  /** Whose it is: ended together. */
  readonly subject: string;
  readonly csrf: string;
  readonly startedAt: number;
  seenAt: number;
}

export interface Sessions<Who> {
  /** @returns the secret that the cookie carries */
  begin(subject: string, who: Who): { readonly id: string; readonly session: Session<Who> };
  /** @param touch whether a person did something, rather than a page by itself */
  find(id: string | undefined, touch: boolean): Session<Who> | undefined;
  end(id: string | undefined): void;
  endSession(session: Session<Who>): void;
  endAllOf(subject: string): void;
  readonly count: number;
}

const SECRET_BYTES = 32;
export const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

export function createSessions<Who>(
  { absoluteMs, idleMs, most = 10_000, mostOfOne = 20 }: SessionLimits,
  now: () => number = Date.now,
): Sessions<Who> {
  // By the hash: neither a look-up's timing nor a picture of the memory's keys tells a secret. In order of their beginning.
  const byHash = new Map<string, Session<Who>>();
  const hashOf = (id: string): string => createHash('sha256').update(id).digest('base64url');
  const over = ({ startedAt, seenAt }: Session<Who>): boolean =>
    now() - startedAt >= absoluteMs || now() - seenAt >= idleMs;

  function make(subject: string): void {
    const own = [...byHash].filter(([, session]) => session.subject === subject);
    for (const [hash] of own.slice(0, Math.max(0, own.length - mostOfOne + 1))) byHash.delete(hash);
    if (byHash.size < most) return;
    for (const [hash, session] of byHash) if (over(session)) byHash.delete(hash);
    const [oldest] = byHash.keys();
    if (byHash.size >= most && oldest !== undefined) byHash.delete(oldest);
  }

  function endSession(session: Session<Who>): void {
    for (const [hash, one] of byHash) if (one === session) byHash.delete(hash);
  }

  return {
    begin(subject, who) {
      make(subject);
      const id = secret();
      const session = { who, subject, csrf: secret(), startedAt: now(), seenAt: now() };
      byHash.set(hashOf(id), session);
      return { id, session };
    },
    find(id, touch) {
      const session = id === undefined ? undefined : byHash.get(hashOf(id));
      if (session === undefined) return undefined;
      if (over(session)) {
        endSession(session);
        return undefined;
      }
      if (touch) session.seenAt = now();
      return session;
    },
    end(id) {
      if (id !== undefined) byHash.delete(hashOf(id));
    },
    endSession,
    endAllOf(subject) {
      for (const [hash, session] of byHash) if (session.subject === subject) byHash.delete(hash);
    },
    get count() {
      return byHash.size;
    },
  };
}

/** A page that asks for news by itself keeps nobody signed in: only going somewhere, and sending something, is a person's. */
export function isByHand(request: Request): boolean {
  const dest = request.headers.get('sec-fetch-dest');
  return dest === null || dest === 'document' || (request.method !== 'GET' && request.method !== 'HEAD');
}
