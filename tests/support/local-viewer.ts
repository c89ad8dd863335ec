// NOT A SIGN-IN. Whoever reaches the port is the one viewer given here: for tests, and for looking at pages while the console is worked on.
// It refuses to stand before anything but a loopback address.
import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import type { SignIn, Viewer } from '../../console/viewer.ts';
import { AnnealError } from '../../contracts/errors.ts';

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** @throws AnnealError `console.refused` where it would be reached from elsewhere */
export function everybodyIsThisViewer(
  address: string,
  {
    name,
    role,
    how = 'local',
    csrf = randomBytes(24).toString('base64url'),
  }: Pick<Viewer, 'name' | 'role'> & Partial<Viewer>,
): SignIn {
  if (!LOOPBACK.includes(address))
    throw new AnnealError('console.refused', `nobody signs in here, and ${address} is not this machine alone`);
  const viewer: Viewer = { name, role, how, csrf };
  return {
    routes: new Hono(),
    signInPath: '/',
    viewerOf: async () => viewer,
    async refuseForged(request, known) {
      const form = await request.formData();
      if (form.get('csrf') !== known.csrf)
        throw new AnnealError('console.refused', 'the form is not one of this console');
    },
  };
}
