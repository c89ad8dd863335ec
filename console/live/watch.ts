// Campaigns and cases that somebody has open: each is asked how it goes once for all who look, and by nobody's request.
import { createHash } from 'node:crypto';
import type { CampaignStatus } from '../../contracts/record.ts';

const EVERY_MS = 2_000;

interface Watched {
  readonly listeners: Set<() => void>;
  version: string;
  timer: NodeJS.Timeout | undefined;
}

export type Watch = ReturnType<typeof createWatch>;

/** @param read the version of what a topic is about, undefined where nobody answers; it gives up by itself */
export function createWatch(read: (topic: string) => Promise<string | undefined>) {
  const watched = new Map<string, Watched>();

  function follow(topic: string, one: Watched): void {
    one.timer = setTimeout(async () => {
      // What cannot be read now stays as it was: the gates' poller tells that nobody answers.
      const version = (await read(topic).catch(() => undefined)) ?? one.version;
      if (version !== one.version) {
        one.version = version;
        for (const listener of one.listeners) listener();
      }
      if (watched.get(topic) === one) follow(topic, one);
    }, EVERY_MS);
  }

  return {
    watch(topic: string, listener: () => void): () => void {
      const one = watched.get(topic) ?? { listeners: new Set(), version: '', timer: undefined };
      if (!watched.has(topic)) {
        watched.set(topic, one);
        follow(topic, one);
      }
      one.listeners.add(listener);
      return () => {
        one.listeners.delete(listener);
        if (one.listeners.size > 0) return;
        clearTimeout(one.timer);
        watched.delete(topic);
      };
    },
    /** Empty until it is known: a page that is as new as that stays as it is. */
    versionOf: (topic: string): string => watched.get(topic)?.version ?? '',
    close(): void {
      for (const { timer } of watched.values()) clearTimeout(timer);
      watched.clear();
    },
  };
}

export const versionOfStatus = (status: CampaignStatus): string =>
  createHash('sha256').update(JSON.stringify(status)).digest('base64url').slice(0, 16);
