// Who may have payloads decrypted: holders of the token in a file, or whoever Temporal itself lets read the namespace. The
// second is what suits a UI with a log-in: it forwards its user's token, and rights are kept in one place.
import { createHash, timingSafeEqual } from 'node:crypto';
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import { AnnealError } from '../../contracts/errors.ts';
import { openApiKey } from '../temporal/api-key.ts';

export interface Gatekeeper {
  admits(token: string): Promise<boolean>;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The file may be replaced at any time. @throws AnnealError `temporal.credentials` */
export function byTokenFile(path: string): Gatekeeper {
  const file = openApiKey(path);
  // Of digests, so that neither the time nor a length tells how much of a guess was right.
  return { admits: async (token) => timingSafeEqual(digest(token), digest(file.current())) };
}

const REFUSALS: ReadonlySet<number> = new Set([7, 16]);
/** How long an answer stands: a right that was taken away ends within it. */
const REMEMBER_MS = 30_000;
const MOST_REMEMBERED = 10_000;

/**
 * Asks Temporal with the caller's own token. The connection must have no API key of its own.
 * @throws AnnealError `codec.unprotected` when Temporal lets anybody read the namespace
 */
export async function byTemporal(server: ConnectionLike, namespace: string, now = Date.now): Promise<Gatekeeper> {
  const remembered = new Map<string, { readonly admitted: boolean; readonly until: number }>();

  async function ask(authorization: string | undefined): Promise<boolean> {
    const call = () => server.workflowService.describeNamespace({ namespace });
    const late = Date.now() + 5_000;
    try {
      await server.withDeadline(late, () =>
        authorization === undefined ? call() : server.withMetadata({ authorization }, call),
      );
      return true;
    } catch (failure) {
      if (isGrpcServiceError(failure) && REFUSALS.has(failure.code)) return false;
      throw failure;
    }
  }

  // A certificate on this connection may be all that Temporal asks for; then a token proves nothing.
  if (await ask(undefined))
    throw new AnnealError(
      'codec.unprotected',
      `Temporal lets this server read namespace ${namespace} without any token, so that one proves nothing; set ANNEAL_CODEC_TOKEN_FILE`,
    );
  return {
    async admits(token) {
      const key = digest(token).toString('base64');
      const known = remembered.get(key);
      if (known !== undefined && known.until > now()) return known.admitted;
      const admitted = await ask(`Bearer ${token}`);
      if (remembered.size >= MOST_REMEMBERED) remembered.clear();
      remembered.set(key, { admitted, until: now() + REMEMBER_MS });
      return admitted;
    },
  };
}
