// A command that reserves its place in a team's quota and is killed before it starts anything.
//   node killed-submit.ts TEMPORAL STORE TEAM ASKED     (the last two as JSON)
import { Client, Connection } from '@temporalio/client';
import { reserve } from '../../cli/team/admission.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createCampaigns } from '../../infra/temporal/campaigns.ts';

const [address = '', folder = '', team = '', asked = ''] = process.argv.slice(2);
const store = createFolderStore(folder);
const client = new Client({ connection: await Connection.connect({ address }) });
await reserve(JSON.parse(team), JSON.parse(asked), { store, campaigns: createCampaigns(client, store) });
process.kill(process.pid, 'SIGKILL');
