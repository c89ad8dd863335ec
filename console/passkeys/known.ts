// Somebody's passkeys that count: of approvers.json and of the registry, those that nobody revoked.
import type { Passkey } from '../../contracts/passkey.ts';
import { personKey } from '../../contracts/people.ts';
import type { ConsolePorts } from '../ports.ts';

export interface KnownPasskey {
  readonly keyId: string;
  readonly credential: string;
}

/** @param rpId the console's domain: a browser asks for no passkey of another */
export async function knownPasskeys(
  { approvers, people }: Pick<ConsolePorts, 'approvers' | 'people'>,
  name: string,
  rpId: string,
): Promise<readonly KnownPasskey[]> {
  const registry = await people();
  const person = registry.people.get(personKey(name));
  if (person?.revokedAt !== undefined) return [];
  const passkeys = [...approvers(), ...registry.keys.values()].flatMap((one) => {
    const revoked = one.revokedAt !== undefined || registry.revoked.has(one.keyId);
    const own = personKey(one.name) === personKey(name) && !revoked && 'passkey' in one;
    return own ? [{ keyId: one.keyId, passkey: one.passkey as Passkey }] : [];
  });
  const byKey = new Map(passkeys.map(({ keyId, passkey }) => [keyId, passkey]));
  return [...byKey]
    .filter(([, passkey]) => passkey.rpId === rpId)
    .map(([keyId, { credential }]) => ({ keyId, credential }));
}
