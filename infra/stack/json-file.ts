// Small state files: written whole or not at all, read through a schema.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';

/** Writes beside the file and renames over it. */
export async function writeJson(path: string, value: unknown, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(value, undefined, 2)}\n`, { mode });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Undefined when the file is absent or is not what the schema says: state that cannot be trusted is state that is not there. */
export async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch (failure) {
    if (
      failure instanceof SyntaxError ||
      (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT')
    ) {
      return undefined;
    }
    throw failure;
  }
}
