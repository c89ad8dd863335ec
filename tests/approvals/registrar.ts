// Somebody at a terminal who changes the registry of people, in a process of its own, to be killed. What broke off they say again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { peopleChange } from '../../contracts/people.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createPeople } from '../../infra/people/registry.ts';
import { createSeenPeople } from '../../infra/people/seen.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { auditIn } from '../support/audit.ts';
import { createBoundaries, death } from '../support/deaths.ts';

const given = z
  .strictObject({ home: z.string(), changes: z.array(peopleChange), death })
  .parse(JSON.parse(readFileSync(process.argv[2]!, 'utf8')));
const keys = join(given.home, 'keys');
const boundaries = createBoundaries(given.death);
const store = boundaries.store(createFolderStore(join(given.home, 'store')));
const registry = {
  store,
  roots: () => readApprovers(keys),
  seen: createSeenPeople(join(given.home, 'audit', 'people.json')),
};
const identity = createLocalIdentity(keys, {}, createPeople(registry));
const people = createPeople({ ...registry, audit: auditIn(given.home, store, identity) });

const { change } = boundaries.activities({
  async change(at: number): Promise<void> {
    const body = await people.propose(given.changes[at]!, identity.approver);
    try {
      await people.add({ body, ...identity.signBytes(canonicalJson(body)) });
    } catch (failure) {
      if (!(failure instanceof AnnealError) || failure.code !== 'people.refused') throw failure;
      // It is there already: whoever added it may have died before it was noted, as `./anneal approvers` sees to.
      await people.complete();
    }
  },
});
for (const at of given.changes.keys()) await change(at);
