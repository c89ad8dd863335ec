// Whether the sandbox's user, who owns nothing, can come to a folder.
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The first folder above that only its owner and his group may enter. */
export function closedFolder(path: string): string | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
