// Whose key it is, and what they may: by this machine's approvers.json, where trust begins, and by the registry of people.
import { personKey, type Registry, type Role } from '../../contracts/people.ts';
import { roleIn, samePerson } from '../../policies/people.ts';
import { type Approver, unusable } from './keys.ts';
import type { KnownKey } from './signature.ts';

export interface KnownSigner {
  readonly name: string;
  readonly keyId: string;
  readonly key: KnownKey;
  readonly role: Role;
  /** Since when; of the key or of its person. */
  readonly revokedAt: string | undefined;
}

/** @throws AnnealError `decision.unknown_signer` where nobody has the key, or two have it */
export function signerOf(approvers: readonly Approver[], registry: Registry, keyId: string): KnownSigner {
  const own = approvers.find((one) => one.keyId === keyId);
  const registered = registry.keys.get(keyId);
  const key = own ?? registered;
  if (key === undefined) throw unusable(`no approver has the key ${keyId}`);
  if (own !== undefined && registered !== undefined && !samePerson(own.name, registered.name))
    throw unusable(`one key is ${own.name}'s in approvers.json and ${registered.name}'s in the registry`);
  const person = registry.people.get(personKey(key.name));
  const revokedAt = own?.revokedAt ?? registry.revoked.get(keyId) ?? person?.revokedAt;
  // A registered key whose person is nobody cannot be: the fold demands one.
  const role = roleIn(registry, key.name, own?.role ?? (own === undefined ? 'viewer' : 'admin'));
  return { name: key.name, keyId, key, role, revokedAt };
}
