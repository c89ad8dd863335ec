// Shipped profiles for tests, read once and handed out as copies that may be changed.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import { profilePath, shippedProfiles } from './shipped.ts';

export const SHIPPED = new Map<string, ProfileSpec>(
  shippedProfiles().map((name) => [name, profileSpec.parse(parse(readFileSync(profilePath(name), 'utf8')))]),
);

/** A deep copy of a shipped profile, after `change`. */
export function shipped(name: string, change: (profile: ProfileSpec) => void = () => undefined): ProfileSpec {
  const original = SHIPPED.get(name);
  if (original === undefined) throw new RangeError(`no shipped profile ${name}`);
  const copy = structuredClone(original);
  change(copy);
  return copy;
}
