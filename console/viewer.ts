// Who looks at a page: the fixed contract between the pages and whatever signs people in.
import type { Hono, MiddlewareHandler } from 'hono';
import type { ConsoleRole } from '../policies/console-roles.ts';

export type Role = ConsoleRole;

export interface Viewer {
  readonly name: string;
  readonly role: Role;
  /** `local`: the machine's own key signs what they decide; `oidc`: their passkey does, in the browser. */
  readonly how: 'local' | 'oidc';
  /** Stands in every form, and comes back with it. */
  readonly csrf: string;
}

/** What stands before every page. */
export interface SignIn {
  readonly routes: Hono;
  /** Before every page, the public ones too. */
  readonly guard?: MiddlewareHandler;
  viewerOf(request: Request): Promise<Viewer | undefined>;
  /** Where somebody without a session is sent. */
  readonly signInPath: string;
  /** Throws when a form was sent by another page than ours. The request's body may be read. */
  refuseForged(request: Request, viewer: Viewer): Promise<void>;
}
