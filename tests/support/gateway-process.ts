// A gateway in a process of its own, to be killed. argv: JSON {dir, controlUrl, fault?, providers?}. It prints its URL as the first line.
// With `fault` it stops for ever at that moment of the first request and prints the moment's name: the test then kills it.
import { writeSync } from 'node:fs';
import type { PolicyName } from '../../contracts/ids.ts';
import type { FaultPoint } from '../../gateway/capture.ts';
import { createGateway } from '../../gateway/gateway.ts';
import type { Provider } from '../../gateway/turns/providers.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { SECRET } from './gateway.ts';

const options = JSON.parse(process.argv[2]!) as {
  dir: string;
  controlUrl: string;
  fault?: FaultPoint;
  providers?: Record<PolicyName, Provider>;
};
const { url } = await createGateway({
  dir: options.dir,
  servers: oneServer(options.controlUrl),
  secret: SECRET,
  providers: new Map(Object.entries(options.providers ?? {}) as [PolicyName, Provider][]),
  port: 0,
  log: (line) => process.stderr.write(`${line}\n`),
  fault: async (point) => {
    if (point !== options.fault) return;
    writeSync(1, `${point}\n`);
    await new Promise(() => undefined);
  },
});
writeSync(1, `${url}\n`);
