// Campaigns, their rounds, and what rollouts left.
import type { Context, Hono } from 'hono';
import { AnnealError } from '../contracts/errors.ts';
import { reportData } from '../contracts/record.ts';
import { parseCampaignName } from '../infra/temporal/campaign-names.ts';
import { createCampaigns } from '../infra/temporal/campaigns.ts';
import type { Env, Parts } from './app.ts';
import { versionOfStatus } from './live/watch.ts';
import { campaignPage } from './pages/campaign.ts';
import { campaignsPage } from './pages/campaigns.ts';
import { rolloutPage } from './pages/rollout.ts';
import { restOf, rolloutsPage } from './pages/rollouts.ts';
import { listedCampaigns, lookAtCampaign } from './read/campaign.ts';
import { lookAtRollout, rolloutsOf } from './read/rollouts.ts';

/** A report's looks and one script stand in it; it is given no origin, and so none of this console's cookies or pages. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts";

export function addCampaignRoutes(app: Hono<Env>, { ports, show }: Parts): void {
  app.get('/campaigns', async (c) =>
    show(c, { title: 'Campaigns', at: 'campaigns', body: campaignsPage(await listedCampaigns(ports)) }),
  );

  app.get('/campaigns/:name', async (c) => {
    const looked = await lookAtCampaign(ports, c.req.param('name'));
    const version = looked.status === undefined ? '' : versionOfStatus(looked.status);
    return show(c, {
      ...{ title: looked.name, at: 'campaigns', live: { topic: `campaign:${looked.name}`, version } },
      body: campaignPage(looked, new Date()),
    });
  });

  app.get('/campaigns/:name/report', async (c) => {
    const name = parseCampaignName(c.req.param('name'));
    const ref = await createCampaigns(await ports.temporal(), ports.store).reportRef(name);
    if (ref === undefined || ports.renderReport === undefined)
      throw new AnnealError('campaign.no_report', `${name} has none yet`);
    const data = reportData.parse(JSON.parse(new TextDecoder().decode(await ports.store.get(ref))));
    c.header('content-security-policy', REPORT_POLICY);
    return c.html(ports.renderReport(data));
  });

  app.get('/campaigns/:name/rounds/:round/rollouts', async (c) => {
    const [campaign, round] = whichRound(c);
    const body = rolloutsPage({
      ...{ campaign, round, all: await rolloutsOf(ports, campaign, round) },
      ...{ outcome: c.req.query('outcome'), purpose: c.req.query('purpose') },
      page: Number(c.req.query('page') ?? 1) || 1,
    });
    return show(c, { title: `${campaign}, round ${round}`, at: 'campaigns', body });
  });

  app.get('/campaigns/:name/rounds/:round/rollouts/:set/:group/:sample', async (c) => {
    const [campaign, round] = whichRound(c);
    const rest = `${c.req.param('set')}/${c.req.param('group')}/${c.req.param('sample')}`;
    const looked = await lookAtRollout(ports, campaign, round, rest);
    const all = (await rolloutsOf(ports, campaign, round)).map(restOf);
    const at = all.indexOf(rest);
    const [before, after] = [all[at - 1], all[at + 1]];
    const neighbours = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
    return show(c, { title: rest, at: 'campaigns', body: rolloutPage(looked, neighbours) });
  });
}

function whichRound(c: Context<Env>): [ReturnType<typeof parseCampaignName>, number] {
  const round = c.req.param('round') ?? '';
  if (!/^\d{1,4}$/.test(round)) throw new AnnealError('console.no_page', `${round} is no round's number`);
  return [parseCampaignName(c.req.param('name') ?? ''), Number(round)];
}
