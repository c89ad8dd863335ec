// Programs of this machine as parts of an image, with the shared libraries that they need.
import { realpath } from 'node:fs/promises';
import { capture } from '../../infra/process/capture.ts';
import { failure } from './failure.ts';
import type { LayerSource } from './images.ts';

/**
 * The program at its own path and its libraries at theirs, as ldd finds them. Libraries that a program loads while it runs
 * (plug-ins, Python's extension modules) must be given too: they count as programs here.
 */
export async function hostPrograms(paths: readonly string[]): Promise<LayerSource[]> {
  const found = new Map<string, string>();
  for (const path of paths) {
    found.set(path, await realpath(path));
    const { code, stdout, stderr } = await capture(['ldd', path], { timeoutMs: 20_000 });
    if (code !== 0 && !/not a dynamic executable/.test(stderr + stdout)) {
      throw failure('testbed.image_failed', `ldd ${path}: ${stderr.trim()}`);
    }
    for (const [, library] of stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)) {
      if (library !== undefined) found.set(library, await realpath(library));
    }
  }
  return [...found].map(([to, from]) => ({ from, to }));
}
