// A sandbox whose programs all run on one task's root file system, so that verifiers need not know of it.
import type { Sandbox } from '../../contracts/ports.ts';

/** @param path a folder as `SandboxRequest.root` wants it */
export const withRoot = (sandbox: Sandbox, path: string): Sandbox => ({
  describe: async () => `${await sandbox.describe()}; a root file system of the task's own`,
  run: (request) => sandbox.run({ ...request, root: { path } }),
});
