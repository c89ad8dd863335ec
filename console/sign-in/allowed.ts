// What a role does not allow is refused by the server, whatever the page offered.
import { AnnealError } from '../../contracts/errors.ts';
import { type ConsoleAction, mayDo } from '../../policies/console-roles.ts';
import type { Viewer } from '../viewer.ts';

/** @param owner of the campaign that is acted on. @throws AnnealError `sign_in.not_allowed` */
export function refuseUnlessAllowed(viewer: Viewer, action: ConsoleAction, owner?: string): void {
  if (!mayDo(viewer, action, owner))
    throw new AnnealError('sign_in.not_allowed', `${action} is not for a ${viewer.role}`);
}
