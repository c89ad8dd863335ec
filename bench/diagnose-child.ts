// The process that is measured: reads one file, says how long it took and how much memory it had.
import { statSync } from 'node:fs';
import { diagnose } from '../agents/diagnosis/diagnose.ts';

const path = process.argv[2]!;
const start = process.hrtime.bigint();
const before = process.cpuUsage();
const found = await diagnose([path]);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const { user, system } = process.cpuUsage(before);
const megabytes = statSync(path).size / 1e6;
const cpuSeconds = (user + system) / 1e6;
process.stdout.write(
  JSON.stringify({
    ...{ megabytes, seconds, cpuSeconds, cause: found.cause, lines: found.read.lines },
    ...{ megabytesPerSecond: megabytes / seconds, megabytesPerCpuSecond: megabytes / cpuSeconds },
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
