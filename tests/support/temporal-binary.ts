// Where tests find the Temporal server: the same place, by the same steps, as the stack.
import { loadConfig } from '../../infra/config.ts';
import { findPython } from '../../infra/stack/setup/python.ts';
import { ensureTemporal } from '../../infra/stack/setup/temporal-binary.ts';

let found: Promise<string> | undefined;

export function temporalBinary(): Promise<string> {
  found ??= (async () => {
    const config = loadConfig();
    return (await ensureTemporal(config, await findPython(config), () => undefined)).path;
  })();
  return found;
}
