import type { Hono } from 'hono';

export type Role = 'viewer' | 'submitter' | 'approver' | 'admin';

export interface Viewer {
  readonly name: string;
  readonly role: Role;
  readonly how: 'local' | 'oidc';
  readonly csrf: string;
}
/** What stands before every page. */
export interface SignIn {
  readonly routes: Hono;
  viewerOf(request: Request): Promise<Viewer | undefined>;
  /** where somebody without a session is sent */
  readonly signInPath: string;
  refuseForged(request: Request, viewer: Viewer): Promise<void>;
}
