// A Temporal that may go away and come back, perhaps elsewhere: the console outlives it.
import type { Client } from '@temporalio/client';
import { AnnealError } from '../contracts/errors.ts';
import type { Config } from '../infra/config.ts';
import { stackStatus } from '../infra/stack/stack.ts';
import { type Connected, connect } from '../infra/temporal/connect.ts';

/** Where the stack is, is looked up again after this. */
const KNOWN_MS = 2_000;

export interface FoundTemporal {
  client(): Promise<Client>;
  close(): Promise<void>;
}

/** A named server stays the one; the embedded one may have another port after it was started again. */
export function findTemporal(config: Config): FoundTemporal {
  let connected: { readonly address: string; readonly to: Connected } | undefined;
  let lookedAt = 0;
  let looking: Promise<Client> | undefined;

  async function look(): Promise<Client> {
    const { external } = config.temporal;
    const address = external ?? (await stackStatus(config)).endpoints?.temporal;
    if (address === undefined)
      throw new AnnealError('stack.not_running', 'the stack is down: start it with ./anneal up');
    if (connected?.address !== address) {
      const to = await connect({ ...config.production.access, address }, { needs: 'read' });
      // What still waits for an answer of the old one is told so.
      void connected?.to.close().catch(() => undefined);
      connected = { address, to };
    }
    lookedAt = performance.now();
    return connected.to.client;
  }

  return {
    client() {
      if (connected !== undefined && performance.now() - lookedAt < KNOWN_MS)
        return Promise.resolve(connected.to.client);
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    async close() {
      await connected?.to.close();
    },
  };
}
