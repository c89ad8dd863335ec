// Builds programs of the testbed and gives way to all others meanwhile: node tests/support/build-programs.ts NAME…, begun by tests/run.ts.

import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { keepThreadsAwake } from '../../infra/process/wake-threads.ts';
import { ensureBinaries } from '../../k8s/testbed/binaries.ts';
import { type BinaryName, PROGRAMS } from '../../k8s/testbed/programs.ts';
import { endWithParent } from './beside.ts';

keepThreadsAwake();
endWithParent();
setPriority(19);
try {
  // Where Linux shares processors between sessions first, a priority counts only within ours; this one is the session's.
  writeFileSync('/proc/self/autogroup', '19');
} catch {
  // No such sharing here.
}
const names = process.argv.slice(2).filter((name): name is BinaryName => name in PROGRAMS);
try {
  await ensureBinaries(names, (line) => console.log(line));
  process.exit(0);
} catch (failure) {
  console.log(failure instanceof Error ? failure.message : String(failure));
  process.exit(1);
}
