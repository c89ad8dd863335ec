// A folder of Markdown files as a source of tickets. Links are not followed: what is read lies in the folder.

import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import type { FoundTicket, TicketSource } from '../../contracts/ticket.ts';
import { MOST_TICKET_BYTES, readTicket } from './page.ts';

/** @param repository of files that name none */
export const ticketFolder = (folder: string, repository?: string): TicketSource => ({
  async *list(): AsyncIterable<FoundTicket> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
      throw new AnnealError('spec.missing_file', `${folder} cannot be read`, { cause });
    });
    for (const { name } of entries
      .filter((one) => one.name.endsWith('.md'))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, name);
      const key = `file:${resolve(path)}`;
      const bytes = await readPlain(path);
      if (typeof bytes === 'string') yield { how: 'unfit', key, why: bytes };
      else {
        const read = readTicket(name, bytes, repository);
        yield 'why' in read ? { how: 'unfit', key, why: read.why } : { how: 'found', key, draft: read.draft };
      }
    }
  },
});

/** @returns why not, in words */
async function readPlain(path: string): Promise<Uint8Array | string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (!(await file.stat()).isFile()) return 'it is no plain file';
      if (size > MOST_TICKET_BYTES) return `it has ${size} bytes, and may have ${MOST_TICKET_BYTES}`;
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (failure) {
    return `it cannot be read: ${(failure as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}
