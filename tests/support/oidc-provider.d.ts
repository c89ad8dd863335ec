// What the tests use of `oidc-provider`, which has no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Stored {
    destroy(): Promise<void>;
  }
  interface ProviderContext {
    readonly path: string;
    readonly body?: unknown;
    readonly oidc?: { readonly params?: Record<string, unknown> };
  }
  export default class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    on(event: string, listener: (context: ProviderContext, thrown?: unknown) => void): this;
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ readonly params: { readonly client_id: string; readonly scope: string } }>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: unknown): Promise<void>;
    readonly AccessToken: { find(token: string): Promise<Stored | undefined> };
    readonly RefreshToken: { find(token: string): Promise<Stored | undefined> };
    readonly Grant: new (of: {
      accountId: string;
      clientId: string;
    }) => { addOIDCScope(scope: string): void; save(): Promise<string> };
  }
}
