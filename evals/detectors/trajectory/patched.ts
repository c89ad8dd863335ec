// The writes of a diff.
import type { Deed } from './deed.ts';
import { placed } from './places.ts';

/** A diff, or a patch in the form that some agents write. */
export function* ofPatch(text: string): Generator<Deed, undefined> {
  let [path, old, now]: [string | undefined, string[], string[]] = [undefined, [], []];
  const done = function* (): Generator<Deed, undefined> {
    if (path !== undefined)
      yield { kind: 'write', path: placed(path, ''), how: 'replace', old: old.join('\n'), text: now.join('\n') };
    [path, old, now] = [undefined, [], []];
    return undefined;
  };
  let before: string | undefined;
  for (const line of text.split('\n')) {
    const named = /^\*\*\* (Add|Update|Delete) File: (.+)$/.exec(line);
    const from = /^--- (?:a\/)?(\S+)/.exec(line);
    const to = /^\+\+\+ (?:b\/)?(\S+)/.exec(line);
    if (named !== null) {
      yield* done();
      path = named[2]!.trim();
      if (named[1] === 'Delete') old = ['all of it'];
    } else if (from !== null) {
      yield* done();
      before = from[1];
    } else if (to !== null) {
      path = to[1] === '/dev/null' ? before : to[1];
    } else if (path !== undefined && line.startsWith('-')) old.push(line.slice(1));
    else if (path !== undefined && line.startsWith('+')) now.push(line.slice(1));
  }
  yield* done();
  return undefined;
}
