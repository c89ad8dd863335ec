// The registry of people, for admins: passkeys that wait, confirmed by what an admin's own passkey signs. The server adds what it is given, and
// signs nothing.
import type { Context, Hono } from 'hono';
import { AnnealError, asAnnealError } from '../contracts/errors.ts';
import { type PeopleEntry, peopleEntry } from '../contracts/people.ts';
import { refuseEnrolment, waitingEnrolment, waitingEnrolments } from '../infra/people/enrolments.ts';
import type { Env, Parts } from './app.ts';
import { statusOf } from './pages/failure.ts';
import { NEXT_ENTRY_PATH, PEOPLE_ENTRIES_PATH, PEOPLE_PATH, peoplePage } from './pages/people.ts';
import { knownPasskeys } from './passkeys/known.ts';
import { refuseUnlessAllowed } from './sign-in/allowed.ts';
import { errorAsJson } from './sign-in/pages.ts';

const MOST_BYTES = 64 * 1024;
/** What this page changes; everything else is a command's. */
const OFFERED: readonly PeopleEntry['body']['change']['what'][] = ['person-added', 'passkey-added'];

export function addPeopleRoutes(app: Hono<Env>, { ports, signIn, show, passkeys }: Parts): void {
  const { store } = ports;

  app.get(PEOPLE_PATH, async (c) => {
    const viewer = c.get('viewer');
    refuseUnlessAllowed(viewer, 'manage-people');
    const registry = await ports.people();
    const { rpId } = passkeys ?? {};
    const own = rpId === undefined ? undefined : { rpId, keys: await knownPasskeys(ports, viewer.name, rpId) };
    const waiting = await waitingEnrolments(store, registry);
    return show(c, { title: 'People', at: 'people', body: peoplePage({ registry, waiting, viewer, own }) });
  });

  app.get(NEXT_ENTRY_PATH, (c) =>
    asJson(c, async () => {
      const viewer = c.get('viewer');
      refuseUnlessAllowed(viewer, 'manage-people');
      return writable().next();
    }),
  );

  app.post(PEOPLE_ENTRIES_PATH, (c) =>
    asJson(c, async () => {
      const viewer = c.get('viewer');
      await signIn.refuseForged(c.req.raw.clone(), viewer);
      refuseUnlessAllowed(viewer, 'manage-people');
      if (!(Number(c.req.header('content-length')) <= MOST_BYTES))
        throw new AnnealError('console.refused', 'no change is that long');
      const entry = peopleEntry.safeParse(await c.req.json().catch(() => undefined));
      if (!entry.success || entry.data.assertion === undefined)
        throw new AnnealError('people.refused', 'it is not a change that a passkey has signed');
      const { by, change } = entry.data.body;
      if (by !== viewer.name) throw new AnnealError('people.refused', `${viewer.name} sent a change of ${by}`);
      if (!OFFERED.includes(change.what)) throw new AnnealError('people.refused', `${change.what} is a command's`);
      const { number } = await writable().add(entry.data);
      return { number };
    }),
  );

  app.post(`${PEOPLE_PATH}/enrolments/:key/refuse`, async (c) => {
    const viewer = c.get('viewer');
    await signIn.refuseForged(c.req.raw.clone(), viewer);
    refuseUnlessAllowed(viewer, 'manage-people');
    const { enrolment } = await waitingEnrolment(store, await ports.people(), c.req.param('key'));
    await refuseEnrolment(store, enrolment.keyId, viewer.name);
    return c.redirect(PEOPLE_PATH, 303);
  });

  function writable() {
    if (ports.registry === undefined)
      throw new AnnealError('console.refused', 'people are changed by a command here: ./anneal approvers');
    return ports.registry;
  }
}

/** Scripts ask: they are told the code too. */
async function asJson(c: Context<Env>, work: () => Promise<object>): Promise<Response> {
  try {
    return c.json(await work());
  } catch (thrown) {
    const failure = asAnnealError(thrown);
    return c.json(errorAsJson(failure), statusOf(failure.code));
  }
}
