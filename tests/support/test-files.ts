// Which files are tests, wherever they lie: what a run of everything is held against. A file in no part's folders is run by nobody, and
// no report of a run can tell of it.
import { globSync } from 'node:fs';

/** Installed, built or kept by a home; nothing of it is in the repository. */
const FOREIGN = /^(node_modules|dist|\..*)$/;

/** Relative to the root of the repository. */
export const testFiles = (root = '.'): string[] =>
  globSync('**/*.test.ts', { cwd: root, exclude: (name) => FOREIGN.test(name) }).sort();
