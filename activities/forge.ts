// Changes as people see them at a forge. What is written there is made from records; what is read there is a fact for people, and decides nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import { diagnosis as diagnosisSchema } from '../contracts/diagnosis.ts';
import { AnnealError } from '../contracts/errors.ts';
import { changeBranch, type Forge, type ForgeRequest, type ForgeTold, forgeTold } from '../contracts/forge.ts';
import { incidentKey } from '../contracts/names.ts';
import { outcomeText, requestText, requestTitle } from '../policies/forge-page.ts';
import { judgePaths } from '../policies/path-policy.ts';
import { actionFor } from '../policies/retry.ts';
import type { ForgeActivities } from './incident-interface.ts';
import { decisionFor } from './merge-decision.ts';
import { type Asked, askedFor, type MergePorts } from './merges.ts';
import { lastWord } from './once.ts';
import { messageOf } from './proposals.ts';

const TESTS = 'anneal/tests';
const SMOKE = 'anneal/smoke';
/** A forge sees by itself that what it shows was pushed to the branch; it may take a while. */
const LOOKS = 5;

export interface ForgePorts extends Pick<MergePorts, 'store' | 'documents' | 'identity' | 'open'> {
  /** Between two looks. */
  readonly pauseMs?: number;
}

export function createForgeActivities(ports: ForgePorts): ForgeActivities {
  const { store, documents, pauseMs = 1_000 } = ports;

  return {
    async showAtForge({ request: ref, asked }) {
      const of = await askedFor(ports, ref);
      return told(of, async (forge) => {
        const { git, spec, change, patch, request } = of;
        const made = await git.commitPatch(change.base, patch, messageOf(change, request.at));
        // A forge runs what a branch holds, with secrets of its own: to push it there is consequential.
        const isPlain = judgePaths(made.paths, spec.paths).length === 0;
        if (!(isPlain && spec.forge?.show === 'proposed'))
          await decisionFor(ports, { ...of, made }, asked).catch((failure: unknown) => {
            throw isUndecided(failure) ? new NotYet() : failure;
          });
        await git.offer(made.commit, change.id);
        const { diagnosis } = request;
        const cause = diagnosis === undefined ? null : (await documents.read(diagnosisSchema, diagnosis)).cause;
        const place = { change: change.id, branch: changeBranch(change.id), onto: spec.branch };
        const text = requestText(request, change, cause);
        const shown = await forge.open({ ...place, title: requestTitle(change), text });
        const { failToPass, passToPass } = request.checked;
        const says = `${failToPass.length} that failed pass, ${passToPass} still do`;
        await forge.check({ commit: made.commit, name: TESTS, state: 'passed', says });
        if (spec.smoke !== undefined)
          await forge.check({ commit: made.commit, name: SMOKE, state: 'pending', says: 'runs before it lands' });
        return shown;
      });
    },

    async tellForge({ request: ref, outcome }) {
      const of = await askedFor(ports, ref);
      return told(of, async (forge) => {
        const { git, spec, change, request } = of;
        if (outcome.how === 'landed') {
          await forge.check({
            commit: outcome.commit,
            name: TESTS,
            state: 'passed',
            says: 'on the branch as it was then',
          });
          if (spec.smoke !== undefined)
            await forge.check({ commit: outcome.commit, name: SMOKE, state: 'passed', says: 'it went well' });
        }
        const place = { change: change.id, branch: changeBranch(change.id), onto: spec.branch };
        const there = await forge.find(place);
        if (there === null) throw new NotYet();
        const { number } = there;
        await forge.comment({ number, what: `${outcome.how}-${change.id}`, text: outcomeText(outcome, request) });
        const settled = outcome.how === 'landed' ? await seenMerged(forge, number) : there;
        const closed = settled.state === 'open' ? await forge.close(number) : settled;
        await git.withdraw(change.id);
        return closed;
      });
    },
  };

  async function seenMerged(forge: Forge, number: number): Promise<ForgeRequest> {
    for (let looks = 1; ; looks += 1) {
      const there = await forge.look(number);
      if (there.state !== 'open' || looks === LOOKS) return there;
      await sleep(pauseMs);
    }
  }

  /** What passes by itself is left to be tried again; all else is told, and kept for whoever looks. */
  async function told({ forge, request }: Asked, tell: (forge: Forge) => Promise<ForgeRequest>): Promise<ForgeTold> {
    if (forge === undefined) return { how: 'not-told', why: 'it has no forge' };
    const say = async (): Promise<ForgeTold> => {
      try {
        const { number, url } = await tell(forge);
        const reviews = (await forge.reviews(number)).map(({ by, said }) => `${by}: ${said}`);
        return { how: 'told', number, url, reviews: reviews.slice(0, MOST_REVIEWS) };
      } catch (failure) {
        if (failure instanceof NotYet) return { how: 'not-told', why: failure.message };
        if (!(failure instanceof AnnealError) || actionFor(failure.code) === 'retry') throw failure;
        return { how: 'not-told', why: `${failure.code}: ${failure.message}` };
      }
    };
    const said = forgeTold.parse(await say());
    const key = incidentKey(request.incident, 'forge');
    // That it was not shown yet takes nothing away from what was.
    await lastWord(store, key, forgeTold, said, () => said.how === 'not-told');
    return said;
  }
}

const MOST_REVIEWS = 20;

class NotYet extends Error {
  constructor() {
    super('it is shown when a human has said yes');
  }
}

const isUndecided = (failure: unknown): boolean =>
  failure instanceof AnnealError && (failure.code.startsWith('decision.') || failure.code === 'gate.expired');
