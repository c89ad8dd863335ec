// One part of the bench in a process of its own, so that its memory is its own: `node work.ts PART FOLDER RECORDS`. Prints a line of JSON.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replicaName, type SegmentSource } from '../../contracts/segment.ts';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { openTables } from '../../gateway/pool/tables/open.ts';
import { overview } from '../../gateway/pool/tables/overview.ts';
import { storedRecords } from '../../gateway/pool/tables/stored.ts';
import { openChecked, type VerifyOptions, verifyTables } from '../../gateway/pool/tables/verify.ts';
import { createFolderSource } from '../../gateway/segments/folder-source.ts';
import { createFolderTables } from '../../infra/store/table-files/folder.ts';

const [part = '', folder = '', expected = ''] = process.argv.slice(2);
const files = createFolderTables(join(folder, 'tables'), join(folder, 'tmp'));
const gateway = createFolderSource({
  ...{ dir: join(folder, 'gateway'), replica: replicaName.parse('bench'), ended: true },
});

/** Resident memory at each tenth of what passes, MiB: whether it grows is seen there, and not in a peak. */
const tenths: number[] = [];
let passed = 0;
function pass(of: number): void {
  passed += 1;
  if (passed >= ((tenths.length + 1) * of) / 10) tenths.push(process.memoryUsage.rss() / 2 ** 20);
}
/** A completion and a trajectory for each. */
const source: SegmentSource = {
  list: () => gateway.list(),
  async *records(segment) {
    for await (const json of gateway.records(segment)) {
      pass(2 * Number(expected));
      yield json;
    }
  },
};

/** Answers with how many records it went through, which must be all of them. */
const PARTS: Readonly<Record<string, () => Promise<number>>> = {
  ingest: async () => (await compact(source, files)).records / 2,
  async counts() {
    await using tables = await openTables(files);
    return (await overview(tables)).reduce((sum, { completions }) => sum + completions, 0);
  },
  async 'every log-probability'() {
    await using tables = await openTables(files);
    let rows = 0;
    for await (const row of tables.duck.objects(
      'SELECT count(*)::INTEGER AS rows, sum(list_sum(logprobs)) AS total, sum(list_sum("promptIds")) AS ids FROM completions',
    ))
      rows = Number(row.rows);
    return rows;
  },
  async 'rewards joined to answers'() {
    await using tables = await openTables(files);
    let rows = 0;
    for await (const row of tables.duck.objects(
      `SELECT sum(n)::INTEGER AS rows FROM (SELECT t.task, count(*) AS n, avg(t.reward), avg(len(c."completionIds"))
       FROM trajectories t JOIN completions c ON c.id = t.completions[1] GROUP BY t.task)`,
    ))
      rows = Number(row.rows);
    return rows;
  },
  async 'records read back, hashes checked'() {
    await using tables = await openTables(files);
    let rows = 0;
    for await (const { intact } of storedRecords(tables, 'completions', 'true')) {
      pass(Number(expected));
      rows += intact ? 1 : 0;
    }
    return rows;
  },
  async 'verified against segments'() {
    const options: VerifyOptions = {
      onProblem: ({ where, what }) => {
        throw new Error(`${where} ${what}`);
      },
    };
    await using checked = await openChecked(files, options);
    const verified = await verifyTables(checked, source, options);
    return verified.find(({ name }) => name === 'completions')?.records ?? 0;
  },
};

const work = PARTS[part];
if (work === undefined) throw new Error(`no part ${part}: ${Object.keys(PARTS).join(', ')}`);
const started = performance.now();
const records = await work();
const seconds = (performance.now() - started) / 1000;
const peakKiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ records, seconds, cpuSeconds: (user + system) / 1e6, peakMiB: peakKiB / 1024, tenths }));
