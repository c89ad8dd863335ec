// What this machine has seen of an audit log: its latest head, in a file of the home. Whoever can write to the store can cut its log off, heads
// and all; what a machine beside the store remembers, they cannot.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AuditHead, auditHead } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { jsonOf } from './names.ts';

export interface Witness {
  read(): Promise<AuditHead | undefined>;
  /** Keeps the later one. */
  see(head: AuditHead): Promise<void>;
}

export function createWitness(path: string): Witness {
  const read = async (): Promise<AuditHead | undefined> => {
    const text = await readFile(path, 'utf8').catch((failure: unknown) => {
      if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
      throw new AnnealError('audit.broken', `${path} cannot be read`, { cause: failure });
    });
    if (text === undefined) return undefined;
    const parsed = auditHead.safeParse(jsonOf(text));
    if (!parsed.success) throw new AnnealError('audit.broken', `${path} is not the head of an audit log`);
    return parsed.data;
  };
  return {
    read,
    async see(head) {
      const known = await read();
      if (known !== undefined && known.body.number >= head.body.number) return;
      await mkdir(dirname(path), { recursive: true });
      // Two at a time may leave the earlier of both: a witness that lags is one all the same.
      const part = `${path}.${randomUUID()}.part`;
      await writeFile(part, canonicalJson(head));
      await rename(part, path);
    },
  };
}
