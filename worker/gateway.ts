// The gateway's process: configuration in, gateway up, down on SIGTERM or when the stack is gone.
import { readFileSync } from 'node:fs';
import { createGateway } from '../gateway/gateway.ts';
import { loadConfig } from '../infra/config.ts';
import { watchParent } from '../infra/stack/watch-parent.ts';
import { openServing } from './compute.ts';

const config = loadConfig();
const serving = openServing(config);
const gateway = await createGateway({
  dir: config.paths.gateway,
  servers: serving.servers,
  engineToken: serving.token,
  secret: Buffer.from(readFileSync(config.paths.gatewaySecret, 'utf8').trim(), 'hex'),
  port: config.ports.gateway ?? 0,
  host: config.gateway.bind,
});
const stop = (): void => void gateway.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
watchParent(config.stack, stop);
