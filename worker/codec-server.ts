// The codec server's process, for Temporal's UI: `node worker/codec-server.ts`. It holds the payload keys and no rights: who asks must
// bring a token. Behind an ingress with TLS; a browser sends a token nowhere else.

import { AnnealError } from '../contracts/errors.ts';
import { createCodec } from '../infra/codec/codec.ts';
import { byTemporal, byTokenFile, type Gatekeeper } from '../infra/codec/gatekeeper.ts';
import { readPayloadKeys } from '../infra/codec/keys.ts';
import { startCodecServer } from '../infra/codec/server.ts';
import { loadConfig } from '../infra/config.ts';
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { connectKeyless } from '../infra/temporal/connect.ts';
import { partsOf } from '../infra/temporal/probe.ts';

keepThreadsAwake();
const config = loadConfig();
const { access, codec } = config.production;
const { namespace, payloadKeysFile } = access;
if (payloadKeysFile === undefined) throw new AnnealError('payload.keys', 'ANNEAL_PAYLOAD_KEYS names no file');

async function gatekeeper(): Promise<Gatekeeper> {
  if (codec.tokenFile !== undefined) return byTokenFile(codec.tokenFile);
  const address = config.temporal.external;
  if (address === undefined) throw new AnnealError('stack.not_running', 'ANNEAL_TEMPORAL names no server to ask');
  const connection = await connectKeyless({ ...access, address });
  return byTemporal(connection, namespace);
}

const { host, port } = partsOf(codec.listen);
const server = await startCodecServer({
  ...{ codec: createCodec(readPayloadKeys(payloadKeysFile), namespace), namespace },
  ...{ uiOrigin: codec.uiOrigin, gatekeeper: await gatekeeper(), host, port },
});
process.stdout.write(`codec server of namespace ${namespace} at ${server.url}\n`);
const stop = (): void => void server.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
