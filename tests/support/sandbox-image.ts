// An image for sandboxes of nothing but this machine's Python: what a program in a pod may be.
import { existsSync, readdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hostPrograms } from '../../k8s/testbed/host-files.ts';
import { buildImages } from '../../k8s/testbed/images.ts';

export const SANDBOX_IMAGE = 'anneal.testbed/sandbox:dev';
const PYTHON = '/usr/bin/python3';
const LEFT_OUT = /(^|\/)(__pycache__|test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|config-[^/]*)$/;

export const canMakeSandboxImage = (): boolean => existsSync(PYTHON);

/** @returns the archive */
export async function sandboxImage(folder: string): Promise<string> {
  const python = await realpath(PYTHON);
  const library = join('/usr/lib', basename(python));
  const dynamic = join(library, 'lib-dynload');
  const extensions = readdirSync(dynamic).map((name) => join(dynamic, name));
  const needed = await hostPrograms([PYTHON, python, ...extensions]);
  const rootfs = [
    [
      ...needed.filter(({ to }) => !to.startsWith(library)),
      { from: library, to: library, skip: (relative: string) => LEFT_OUT.test(relative) },
    ],
  ];
  return buildImages(join(folder, 'sandbox.tar'), [{ name: SANDBOX_IMAGE, rootfs, entrypoint: [PYTHON] }]);
}
