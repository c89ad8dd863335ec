// The scripted upstream in a process of its own, so that a benchmark's load generator does not share its CPU time.
// argv: milliseconds of a generation. Prints its URL as the first line.
import { writeSync } from 'node:fs';
import { startScriptedUpstream } from './scripted-upstream.ts';

const upstream = await startScriptedUpstream();
upstream.latencyMs = Number(process.argv[2] ?? 0);
// Bodies are kept for tests; a benchmark sends too many.
setInterval(() => upstream.bodies.splice(0), 1_000);
writeSync(1, `${upstream.url}\n`);
