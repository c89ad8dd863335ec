// Writing a campaign's report page from the data that the campaign stored.
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { type ReportData, reportData } from '../contracts/record.ts';
import { renderReport } from './report/render.ts';
import type { Session } from './session.ts';

/**
 * @throws AnnealError `campaign.no_report` while it runs, also after a resume: what was written at its earlier end is no longer
 * its result; `campaign.broken_off` when it stopped without an end
 */
export async function readReport(session: Session, campaign: CampaignName): Promise<ReportData> {
  const campaigns = await session.campaigns();
  const broken = await campaigns.brokenOff(campaign);
  if (broken !== undefined) throw broken;
  const ref = await campaigns.reportRef(campaign);
  if (ref === undefined) {
    // Throws when the name is unknown.
    await campaigns.spec(campaign);
    throw new AnnealError('campaign.no_report', `${campaign} runs: its report is written when it ends`);
  }
  // The last stage is shown as ended a moment before Temporal closes the workflow; a closed one needs no worker to ask.
  if ((await campaigns.phase(campaign)) !== 'closed' && (await campaigns.status(campaign)).stage !== 'ended') {
    const earlier = existsSync(pathOf(session, campaign)) ? `: ${pathOf(session, campaign)} is of its earlier end` : '';
    throw new AnnealError('campaign.no_report', `${campaign} was resumed and runs${earlier}`);
  }
  return reportData.parse(JSON.parse(new TextDecoder().decode(await session.store.get(ref))));
}

const pathOf = (session: Session, campaign: CampaignName): string =>
  join(session.config.home, 'reports', `${campaign}.html`);

export async function writeReport(
  session: Session,
  campaign: CampaignName,
  out?: string,
): Promise<{ path: string; data: ReportData }> {
  const data = await readReport(session, campaign);
  const path = resolve(out ?? pathOf(session, campaign));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, renderReport(data));
  await rename(`${path}.part`, path);
  return { path, data };
}
