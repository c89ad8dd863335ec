// Writing a campaign's report page from the data that the campaign stored.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AnnealError } from '../contracts/errors.ts';
import type { CampaignName } from '../contracts/ids.ts';
import { type ReportData, reportData } from '../contracts/record.ts';
import { renderReport } from './report/render.ts';
import type { Session } from './session.ts';

export async function readReport(session: Session, campaign: CampaignName): Promise<ReportData> {
  const ref = await (await session.campaigns()).reportRef(campaign);
  if (ref === undefined)
    throw new AnnealError('campaign.not_found', `${campaign} has no report yet: it is written when the campaign ends`);
  return reportData.parse(JSON.parse(new TextDecoder().decode(await session.store.get(ref))));
}

export async function writeReport(
  session: Session,
  campaign: CampaignName,
  out?: string,
): Promise<{ path: string; data: ReportData }> {
  const data = await readReport(session, campaign);
  const path = resolve(out ?? join(session.config.home, 'reports', `${campaign}.html`));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, renderReport(data));
  await rename(`${path}.part`, path);
  return { path, data };
}
