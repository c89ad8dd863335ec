// Keys of models, by the address that they are for: whoever names another address gets no key sent there.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { AnnealError } from '../contracts/errors.ts';

const keys = z.record(z.url(), z.string().min(1));

/**
 * @param file a JSON file; undefined: there is no key for anybody
 * @param variable that names it, for the message
 * @throws AnnealError `cli.usage`
 */
export function modelKey(file: string | undefined, address: string, variable: string): string | undefined {
  if (file === undefined) return undefined;
  try {
    const known = keys.parse(JSON.parse(readFileSync(file, 'utf8')));
    return Object.hasOwn(known, address) ? known[address] : undefined;
  } catch {
    // What stands in it is not shown: it is made of keys.
    throw new AnnealError('cli.usage', `${variable}=${file} is no JSON object of keys by address`);
  }
}
