// Where the testbed keeps what it builds and what it runs.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Builds and downloads; shared by all testbeds of a checkout. */
export const CACHE = join(here, '..', '..', '.testbed');
/** The one that `npm run testbed` means. */
export const DEFAULT_DIR = CACHE;
export const MODULES = join(here, 'modules');
export const STAGES = join(here, 'stages');
