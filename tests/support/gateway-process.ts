// A gateway in a process of its own, to be killed. argv: JSON {dir, controlUrl, fault?}. It prints its URL as the first line.
// With `fault` it stops for ever at that moment of the first request and prints the moment's name: the test then kills it.
import { writeSync } from 'node:fs';
import type { FaultPoint } from '../../gateway/capture.ts';
import { createGateway } from '../../gateway/gateway.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { SECRET } from './gateway.ts';

const options = JSON.parse(process.argv[2]!) as { dir: string; controlUrl: string; fault?: FaultPoint };
const { url } = await createGateway({
  dir: options.dir,
  servers: oneServer(options.controlUrl),
  secret: SECRET,
  port: 0,
  log: (line) => process.stderr.write(`${line}\n`),
  fault: async (point) => {
    if (point !== options.fault) return;
    writeSync(1, `${point}\n`);
    await new Promise(() => undefined);
  },
});
writeSync(1, `${url}\n`);
