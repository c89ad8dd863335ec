// Servers that a move of the policy gave up, in words.
import type { PartialMove } from '../contracts/record.ts';

/** For example `v3: 1 engine was given up: http://a:8000 (5 calls failed)`. */
export function givenUpSentence({ policy, servers }: PartialMove): string {
  const named = servers.map(({ url, why }) => `${url} (${why})`).join(', ');
  return `${policy}: ${servers.length === 1 ? '1 engine was' : `${servers.length} engines were`} given up: ${named}`;
}
