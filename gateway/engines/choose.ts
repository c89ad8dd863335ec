// Two kinds of engines behind one gateway: adapters on one base model, and fleets that hold whole models. A campaign has one kind.
import type { PolicyName } from '../../contracts/ids.ts';
import type { Engines } from '../engine.ts';
import type { TurnServers } from '../turns/server.ts';

export interface EngineChoice {
  readonly adapters: Engines & TurnServers;
  readonly whole: Engines & TurnServers;
  /** Remembered by whoever answers: it never changes. */
  readonly isWhole: (policy: PolicyName) => Promise<boolean>;
}

export function chooseEngines({ adapters, whole, isWhole }: EngineChoice): Engines & TurnServers {
  const all = [adapters, whole];
  return {
    async generate(policy, messages, sampling, signal) {
      const engines = (await isWhole(policy)) ? whole : adapters;
      return engines.generate(policy, messages, sampling, signal);
    },
    async lend(policy, key, signal, work) {
      const engines = (await isWhole(policy)) ? whole : adapters;
      return engines.lend(policy, key, signal, work);
    },
    // Where one kind has no servers, the other may have some.
    async list(signal) {
      const found = await Promise.allSettled(all.map((engines) => engines.list(signal)));
      const known = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (known.length === 0) throw found.find((one) => one.status === 'rejected')?.reason;
      return known.flat();
    },
    forget(policy) {
      for (const engines of all) engines.forget(policy);
    },
    close() {
      for (const engines of all) engines.close();
    },
  };
}
