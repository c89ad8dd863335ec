// Some clients keep of a model's reasoning only the sealed form and send that back. The gateway has no secrets from them: its seal is
// the text itself, so that the next request holds what the model thought, and its prompt continues the last one token for token.
const SEAL = 'anneal-reasoning:';

export function seal(text: string): string {
  return `${SEAL}${Buffer.from(text, 'utf8').toString('base64')}`;
}

/** The text under a seal of the gateway's own; undefined for everything else. */
export function unseal(sealed: string | null | undefined): string | undefined {
  if (sealed == null || !sealed.startsWith(SEAL)) return undefined;
  return Buffer.from(sealed.slice(SEAL.length), 'base64').toString('utf8');
}
