// People to test with: a machine whose key is the root of trust, its store, its audit log and its registry.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { PeopleChange, Registry, Role } from '../../contracts/people.ts';
import { createAuditLog } from '../../infra/audit/log.ts';
import { createWitness } from '../../infra/audit/witness.ts';
import { readApprovers } from '../../infra/identity/keys.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../../infra/identity/local.ts';
import { createPeople, type People } from '../../infra/people/registry.ts';
import { createSeenPeople } from '../../infra/people/seen.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import type { Critical } from '../../policies/critical.ts';
import { type SoftwarePasskey, softwarePasskey } from './software-passkey.ts';

export interface PeopleAtHand {
  readonly root: string;
  readonly keys: string;
  readonly store: ArtifactStore;
  /** Of this machine, whose approver is `local`. */
  readonly identity: LocalIdentity;
  readonly audit: AuditLog;
  readonly people: People;
  /** Another process that reads the same store. */
  reader(): People;
  /** Signed by this machine's key. */
  change(change: PeopleChange): Promise<Registry>;
  /** Somebody with a passkey of theirs. */
  join(name: string, role: Role): Promise<SoftwarePasskey>;
}

export async function openPeople(approvals: Partial<Critical['approvals']> = {}): Promise<PeopleAtHand> {
  const root = await mkdtemp(join(tmpdir(), 'anneal-people-'));
  const keys = join(root, 'keys');
  const store = createFolderStore(join(root, 'store'));
  await initIdentity(keys);
  const seen = createSeenPeople(join(root, 'audit', 'people.json'));
  const roots = () => readApprovers(keys);
  const reader = () => createPeople({ store, roots, seen });
  const identity = createLocalIdentity(keys, approvals, reader());
  const audit = createAuditLog(store, identity, createWitness(join(root, 'audit', 'head.json')));
  const people = createPeople({ store, roots, seen, audit });
  const change = async (asked: PeopleChange): Promise<Registry> => {
    const body = await people.propose(asked, identity.approver);
    return people.add({ body, ...identity.signBytes(canonicalJson(body)) });
  };
  return {
    ...{ root, keys, store, identity, audit, people, reader, change },
    async join(name, role) {
      const passkey = softwarePasskey(name, 'ES256');
      await change({ what: 'person-added', name, role });
      await change({ what: 'passkey-added', name, keyId: passkey.entry.keyId, passkey: passkey.entry.passkey });
      return passkey;
    },
  };
}
