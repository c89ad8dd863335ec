// Loading policy versions at the policy servers (trainer/anneal_server).
import { z } from 'zod';
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';
import type { PolicyVersion } from '../../contracts/policy-version.ts';
import type { PolicyHost, PolicyServers } from '../../contracts/ports.ts';
import { parseJson, send } from './http.ts';

export interface PolicyHostOptions {
  readonly servers: PolicyServers;
  /** Bearer token that the servers ask for; undefined on one machine. */
  readonly token?: string | undefined;
  /** A start loads the model, the first one also prepares it; default 90 s. */
  readonly timeoutMs?: number;
}

const refused = z.looseObject({ code: z.string(), message: z.string() });

/** The policy server's own codes; every other failure means that it cannot serve now. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  adapter_corrupt: 'policy.adapter_corrupt',
  adapter_format: 'policy.adapter_corrupt',
  adapter_rejected: 'policy.adapter_corrupt',
  model_unavailable: 'policy.model_corrupt',
  store_unavailable: 'store.unavailable',
  policy_conflict: 'gateway.conflict',
  bad_request: 'internal.bug',
};

export function createPolicyHost({ servers, token, timeoutMs = 90_000 }: PolicyHostOptions): PolicyHost {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function load(server: string, version: PolicyVersion): Promise<void> {
    const answer = await send({
      method: 'PUT',
      url: `${server}/policies/${version.name}`,
      headers,
      // The engine reads GGUF; version 0 is the base model and has no adapter.
      body: { adapter: version.adapterGguf },
      timeoutMs,
      unreachable: 'stack.policy_unavailable',
      late: 'stack.policy_unavailable',
    });
    if (answer.status === 200) return;
    // Repeated, it would be answered in the same way until somebody changes the file or the secret.
    if (answer.status === 401 || answer.status === 403)
      throw new AnnealError('policy.unauthorised', `${server} answered ${answer.status} about ${version.name}`);
    const body = parseJson(answer.text);
    const { code, message } = refused.safeParse(body).data ?? { code: '', message: `HTTP ${answer.status}` };
    throw new AnnealError(CODES[code] ?? 'stack.policy_unavailable', `${version.name}: ${message}`);
  }

  /** Rollouts that ask at the same time about one version ask once. */
  const asking = new Map<string, Promise<void>>();

  /** @throws AnnealError `policy.adapter_corrupt`, `policy.model_corrupt`, `policy.unauthorised`, `gateway.conflict` (the name serves another adapter), `stack.policy_unavailable`. */
  function ensure(version: PolicyVersion): Promise<void> {
    const key = `${version.name} ${version.adapterGguf?.sha256}`;
    const known = asking.get(key);
    if (known !== undefined) return known;
    const asked = everywhere(version).finally(() => asking.delete(key));
    asking.set(key, asked);
    return asked;
  }

  async function everywhere(version: PolicyVersion): Promise<void> {
    try {
      await Promise.all((await servers.of(version.campaign)).map((server) => load(server, version)));
    } catch (failure) {
      // Another server may have taken the place of one that is gone.
      if (failure instanceof AnnealError && failure.code === 'stack.policy_unavailable')
        servers.forget(version.campaign);
      throw failure;
    }
  }

  // They serve several adapters at once, so that there is nothing to move, and load again what they lost whenever they are asked to.
  return {
    ensure,
    async serve(version) {
      await ensure(version);
      return { lost: [] };
    },
    repair: async () => undefined,
  };
}
