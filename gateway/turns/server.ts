// Who answers turns: an OpenAI-compatible server, lent for as long as one answer takes.
import type { PolicyName } from '../../contracts/ids.ts';
import type { WeightTag } from '../../contracts/weight-update.ts';
import type { Upstream } from '../wire/upstream/request.ts';

export interface TurnServer {
  readonly upstream: Upstream;
  /** `http://HOST:PORT`. */
  readonly origin: string;
  /** What stands before `/v1/chat/completions` and the others, without a trailing slash: mostly nothing. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked for by header, and to be named by the answer's. */
  readonly weights?: WeightTag;
}

export interface TurnServers {
  /**
   * Does the work with a server of the policy. When the work fails with a ConnectionFailure, nothing has been answered yet: it may be
   * done again with another server.
   * @param key requests of one key go to one server, which may still hold their prefix evaluated, unless it is far busier than others
   * @throws AnnealError as `Engines.generate`, and what the work throws
   */
  lend<T>(policy: PolicyName, key: string, signal: AbortSignal, work: (server: TurnServer) => Promise<T>): Promise<T>;
}
