// What an export writes appears whole under its name, or not at all: it is written beside, and renamed when it is done.
import { randomUUID } from 'node:crypto';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AnnealError } from '../../../contracts/errors.ts';

/** Written at once. */
const CHUNK = 1 << 20;

export interface LineFile {
  add(line: string): Promise<void>;
}

/** Streams lines into a file. @throws AnnealError `cli.usage` where the name is taken */
export async function linesBeside<T>(path: string, work: (file: LineFile) => Promise<T>): Promise<T> {
  return beside(path, async (temporary) => {
    const file = await open(temporary, 'wx');
    try {
      let waiting = '';
      const result = await work({
        async add(line) {
          waiting += `${line}\n`;
          if (waiting.length < CHUNK) return;
          const text = waiting;
          waiting = '';
          await file.writeFile(text);
        },
      });
      await file.writeFile(waiting);
      await file.sync();
      return result;
    } finally {
      await file.close();
    }
  });
}

/** The same of a folder. */
export async function folderBeside<T>(path: string, work: (folder: string) => Promise<T>): Promise<T> {
  return beside(path, async (temporary) => {
    await mkdir(temporary);
    return work(temporary);
  });
}

async function beside<T>(path: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const target = resolve(path);
  const taken = await access(target).then(
    () => true,
    () => false,
  );
  if (taken) throw new AnnealError('cli.usage', `--out names what is there already: ${path}`);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
  await mkdir(dirname(target), { recursive: true });
  try {
    const result = await work(temporary);
    await rename(temporary, target);
    return result;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
