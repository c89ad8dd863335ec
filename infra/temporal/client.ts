// The connection to Temporal, for commands and the console.
import { Client, Connection } from '@temporalio/client';
import { AnnealError } from '../../contracts/errors.ts';

/**
 * Connects, and proves it with a first call.
 * @throws AnnealError `stack.temporal_unavailable`, naming the address
 */
export async function connectTemporal(address: string, namespace: string, timeoutMs = 5_000): Promise<Client> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: timeoutMs });
    return new Client({ connection, namespace });
  } catch (cause) {
    throw new AnnealError('stack.temporal_unavailable', `Temporal does not answer at ${address}`, { cause });
  }
}
