// The gateway's process: configuration in, gateway up, down on SIGTERM or when the stack is gone.
import { readFileSync } from 'node:fs';
import { createGateway } from '../gateway/gateway.ts';
import { withAgentModels } from '../gateway/turns/agent-models.ts';
import { readProviders } from '../gateway/turns/providers.ts';
import { loadConfig } from '../infra/config.ts';
import { observeGateway } from '../infra/metrics/observe.ts';
import { modelKey } from '../infra/model-keys.ts';
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { watchParent } from '../infra/stack/watch-parent.ts';
import { openStore } from '../infra/store/open.ts';
import { traceServer } from '../infra/tracing/http.ts';
import { startTracing } from '../infra/tracing/tracing.ts';
import { openServing } from './compute.ts';

keepThreadsAwake();
const config = loadConfig();
const { gateway: metricsAt, otlp } = config.observing;
const serveMetrics = observeGateway(metricsAt);
const tracing = await startTracing({ endpoint: otlp, service: 'anneal-gateway' });
if (tracing !== undefined) traceServer(tracing);
const serving = openServing(config);
const secret = readFileSync(config.paths.gatewaySecret, 'utf8').trim();
const { url, name, keys } = config.agentModel;
const key = url === undefined ? undefined : modelKey(keys, url, 'ANNEAL_AGENT_MODEL_KEYS');
const providers = withAgentModels(readProviders(config.providers), { url, name, key });
const gateway = await createGateway({
  dir: config.paths.gateway,
  servers: serving.servers,
  engineToken: serving.token,
  weights: serving.weights,
  providers,
  secret: Buffer.from(secret, 'hex'),
  keep: { store: openStore(config), mode: config.gateway.capture, seat: config.gateway.seat },
  secrets: [secret, serving.token ?? '', ...[...providers.values()].map(({ key = '' }) => key)],
  port: config.ports.gateway ?? 0,
  host: config.gateway.bind,
});
await serveMetrics(gateway);
const stop = (): void =>
  void gateway
    .close()
    .then(() => tracing?.close())
    .then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
watchParent(config.stack, stop);
