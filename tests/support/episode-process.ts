// A worker's process in the middle of a rollout of several steps, to be killed. argv: JSON {gatewayUrl, folder, harness}.
import { createGatewayClient } from '../../infra/gateway-client/client.ts';
import { openEpisode } from './episode.ts';
import { SECRET } from './gateway.ts';
import { inActivity } from './in-activity.ts';

const options = JSON.parse(process.argv[2]!) as Pick<
  Parameters<typeof openEpisode>[0],
  'gatewayUrl' | 'folder' | 'harness'
>;
const made = await openEpisode({
  ...options,
  gateway: createGatewayClient({ url: options.gatewayUrl, secret: SECRET }),
});
await inActivity(() => made.activities.generate(made.at));
