// `npm run bench -- NAME`: runs one benchmark; each prints its figures with their spread, beside what it is compared with.
const BENCHES: Readonly<Record<string, () => Promise<{ run(): Promise<unknown> }>>> = {
  gateway: () => import('./gateway.ts'),
};

const name = process.argv[2];
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  process.stderr.write(`Usage: npm run bench -- NAME, one of: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await (await bench()).run();
}
