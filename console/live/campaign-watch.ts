// Campaigns that somebody has open: each is asked how it goes once for all who look, and by nobody's request.
import { createHash } from 'node:crypto';
import type { CampaignName } from '../../contracts/ids.ts';
import type { CampaignStatus } from '../../contracts/record.ts';

const EVERY_MS = 2_000;

interface Watched {
  readonly listeners: Set<() => void>;
  version: string;
  timer: NodeJS.Timeout | undefined;
}

export type CampaignWatch = ReturnType<typeof createCampaignWatch>;

/** @param read how a campaign goes; it gives up by itself */
export function createCampaignWatch(read: (name: CampaignName) => Promise<CampaignStatus | undefined>) {
  const watched = new Map<string, Watched>();

  function follow(name: string, one: Watched): void {
    one.timer = setTimeout(async () => {
      // What cannot be read now stays as it was: the gates' poller tells that nobody answers.
      const status = await read(name as CampaignName).catch(() => undefined);
      const version = status === undefined ? one.version : versionOfStatus(status);
      if (version !== one.version) {
        one.version = version;
        for (const listener of one.listeners) listener();
      }
      if (watched.get(name) === one) follow(name, one);
    }, EVERY_MS);
  }

  return {
    watch(name: string, listener: () => void): () => void {
      const one = watched.get(name) ?? { listeners: new Set(), version: '', timer: undefined };
      if (!watched.has(name)) {
        watched.set(name, one);
        follow(name, one);
      }
      one.listeners.add(listener);
      return () => {
        one.listeners.delete(listener);
        if (one.listeners.size > 0) return;
        clearTimeout(one.timer);
        watched.delete(name);
      };
    },
    /** Empty until it is known: a page that is as new as that stays as it is. */
    versionOf: (name: string): string => watched.get(name)?.version ?? '',
    close(): void {
      for (const { timer } of watched.values()) clearTimeout(timer);
      watched.clear();
    },
  };
}

export const versionOfStatus = (status: CampaignStatus): string =>
  createHash('sha256').update(JSON.stringify(status)).digest('base64url').slice(0, 16);
