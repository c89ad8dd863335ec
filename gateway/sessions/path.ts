// What an agent's base URL says before `/v1`: `/r/CREDENTIAL`, `/t/ATTEMPT`, `/a/AGENT`, each if it is needed, in any order. An agent that
// can set nothing but an address tells by it whose requests these are.

export interface Address {
  /** What is left: the route. */
  readonly path: string;
  readonly token: string | undefined;
  /** As they stand there; not checked. */
  readonly attempt: string | undefined;
  readonly agent: string | undefined;
}

const MEMBERS = { r: 'token', t: 'attempt', a: 'agent' } as const;
/** A credential's own bound is below it. */
const LONGEST = 8_192;

export function splitPath(url: string): Address {
  const end = url.indexOf('?');
  let path = end === -1 ? url : url.slice(0, end);
  const address: { -readonly [M in keyof Address]: Address[M] } = {
    ...{ path, token: undefined, attempt: undefined, agent: undefined },
  };
  for (;;) {
    const member = path[0] === '/' && path[2] === '/' ? MEMBERS[path[1] as keyof typeof MEMBERS] : undefined;
    if (member === undefined || address[member] !== undefined) break;
    const stop = path.indexOf('/', 3);
    if (stop === -1 || stop === 3 || stop > LONGEST) break;
    address[member] = path.slice(3, stop);
    path = path.slice(stop);
  }
  address.path = path;
  return address;
}

/** For messages and logs: whatever looks like a credential is left out. */
export const withoutCredentials = (text: string): string => text.replace(/anr_[^/\s]*/g, 'anr_…');
