// A reference that names its content by its hash, of content that is stored nowhere.
import { createHash } from 'node:crypto';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { sha256 } from '../../contracts/ids.ts';

export const refOf = (value: unknown): ArtifactRef => {
  const text = canonicalJson(value);
  const hash = sha256.parse(createHash('sha256').update(text).digest('hex'));
  return { uri: `store:objects/${hash.slice(0, 2)}/${hash}`, sha256: hash, bytes: text.length };
};
