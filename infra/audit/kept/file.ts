// A file to which heads are appended, one a line. Whoever mounts it decides who may do more than append.
import { open, readFile, stat } from 'node:fs/promises';
import type { HeadPlace } from '../../../contracts/audit-heads.ts';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { headsIn, MOST_BYTES, tooMuch, unkept } from './lines.ts';

export function fileOfHeads(path: string): HeadPlace {
  const name = `the file ${path}`;
  const failed = (failure: unknown): never => {
    throw unkept(name, failure instanceof Error ? failure.message : String(failure), failure);
  };
  return {
    name,
    async keep(head) {
      try {
        const file = await open(path, 'a', 0o640);
        try {
          // In one write, with a line's end before it too: whoever was killed within a line has spoilt that one alone.
          await file.appendFile(`\n${canonicalJson(head)}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (failure) {
        failed(failure);
      }
    },
    async heads() {
      const found = await stat(path).catch((failure: NodeJS.ErrnoException) =>
        failure.code === 'ENOENT' ? undefined : failed(failure),
      );
      if (found === undefined) return { heads: [], strange: 0 };
      if (found.size > MOST_BYTES) throw tooMuch(name);
      return headsIn(await readFile(path, 'utf8').catch(failed));
    },
  };
}
