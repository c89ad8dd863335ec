// A compactor in a process of its own, to be killed: `node compact-process.ts FOLDER [written|committed N]`. With a point it kills itself
// when it comes there for the N-th time. Prints how many segments it took.
import { join } from 'node:path';
import { replicaName } from '../../contracts/segment.ts';
import { compact } from '../../gateway/pool/tables/compact.ts';
import { createFolderSource } from '../../gateway/segments/folder-source.ts';
import { createFolderTables } from '../../infra/store/table-files/folder.ts';

const [folder = '', point, times = '1'] = process.argv.slice(2);
let left = Number(times);
const done = await compact(
  createFolderSource({ dir: join(folder, 'gateway'), replica: replicaName.parse('here'), ended: true }),
  createFolderTables(join(folder, 'tables'), join(folder, 'tmp')),
  {
    groupBytes: 1,
    fault: (at) => {
      if (at !== point) return;
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  },
);
console.log(JSON.stringify(done));
