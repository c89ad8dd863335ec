// A gateway before a scripted engine, anew for each test of the file that asks for it.
import { afterEach, beforeEach } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { SECRET, temporaryFolder } from './gateway.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts';

type Client = ReturnType<typeof createGatewayClient>;

export interface UsedGateway {
  readonly upstream: ScriptedUpstream;
  /** The one that was opened last. */
  readonly gateway: Gateway;
  readonly client: Client;
  /** Opens one on the same folder; the one before must have been closed. */
  open(options?: Partial<GatewayOptions>): Promise<void>;
  /** Runs after the test. */
  defer(work: () => void | Promise<void>): void;
  records(prefix?: string): ReturnType<Client['completions']>;
  metric(name: string): Promise<unknown>;
  /** Lets every generation wait until the returned function is called: no test depends on how long something takes. */
  hold(): () => void;
}

/** Patient: the machine may be busy. */
export const soon = { timeout: 15_000 };

export function useGateway(): UsedGateway {
  let stack: AsyncDisposableStack;
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let dir: string;

  async function open(options: Partial<GatewayOptions> = {}): Promise<void> {
    const fixed = { dir, servers: oneServer(upstream.url), secret: SECRET, port: 0, log: () => undefined };
    const made = await createGateway({ ...fixed, ...options });
    stack.defer(() => made.close());
    gateway = made;
  }

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    dir = stack.use(await temporaryFolder()).path;
    upstream = await startScriptedUpstream();
    stack.defer(() => upstream.close());
    await open();
  });
  afterEach(() => stack.disposeAsync());

  return {
    get upstream() {
      return upstream;
    },
    get gateway() {
      return gateway;
    },
    get client() {
      return createGatewayClient({ url: gateway.url, secret: SECRET });
    },
    open,
    defer: (work) => stack.defer(work),
    records: (prefix = 'demo/') => createGatewayClient({ url: gateway.url, secret: SECRET }).completions(prefix),
    async metric(name) {
      const answer = await fetch(`${gateway.url}/metrics`).then((response) => response.json());
      return (answer as Record<string, unknown>)[name];
    },
    hold() {
      const gate = Promise.withResolvers<void>();
      upstream.script = () => gate.promise;
      return gate.resolve;
    },
  };
}
