// How often one address may try to sign in.
import type { Context } from 'hono';
import { AnnealError } from '../../contracts/errors.ts';

export interface Tries {
  /** @throws AnnealError `sign_in.too_many` */
  count(address: string): void;
}

const PER_MINUTE = 60;
const MINUTE = 60_000;
const MOST_ADDRESSES = 10_000;

/** A bucket for each address that fills again over a minute. */
export function createTries(perMinute = PER_MINUTE, now: () => number = Date.now): Tries {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    count(address) {
      const bucket = buckets.get(address) ?? { left: perMinute, at: now() };
      const left = Math.min(perMinute, bucket.left + ((now() - bucket.at) * perMinute) / MINUTE);
      // Anew at the end: the first of the map is whoever has not tried for longest.
      buckets.delete(address);
      buckets.set(address, { left: Math.max(0, left - 1), at: now() });
      const [oldest] = buckets.keys();
      if (buckets.size > MOST_ADDRESSES && oldest !== undefined) buckets.delete(oldest);
      if (left < 1)
        throw new AnnealError('sign_in.too_many', `more than ${perMinute} tries in a minute from one address`);
    },
  };
}

interface NodeSocket {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
}

/** Whoever asks, as the connection has it; behind a proxy of ours, as the proxy says. */
export function addressOf(context: Context, behindProxy: boolean): string {
  const forwarded = behindProxy ? context.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined;
  const { incoming } = (context.env ?? {}) as NodeSocket;
  return forwarded || incoming?.socket?.remoteAddress || 'unknown';
}
