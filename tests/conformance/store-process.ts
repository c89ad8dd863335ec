// Another process at work on a store, for the races of the conformance suite. Acknowledged work is printed, a line each.
//   node store-process.ts MODULE FACTORY ARG ACTION …
//   swap KEY NAME COUNT      appends NAME-0 … NAME-(COUNT-1) to the list under KEY, each by compare-and-swap
//   create KEY NAME          creates KEY once
//   put SIZE COUNT NAME      puts COUNT objects of SIZE bytes
//   stream PATH TARGET       puts a file, gets it as TARGET, prints peak memory before and after in KiB
import type { ArtifactStore } from '../../contracts/artifact.ts';

const [module = '', factory = '', argument = '', action = '', ...rest] = process.argv.slice(2);
const exported = (await import(module)) as Record<string, (argument: string) => ArtifactStore>;
const store = exported[factory]!(argument);
// A pipe is written synchronously on Linux: what is printed was acknowledged, whatever happens next.
const acknowledge = (line: string): boolean => process.stdout.write(`${line}\n`);
acknowledge('ready');

const actions: Record<string, (...args: string[]) => Promise<void>> = {
  async swap(key = '', name = '', count = '0') {
    for (let index = 0; index < Number(count); ) {
      const now = await store.readNamed(key);
      const list = now === undefined ? [] : (JSON.parse(new TextDecoder().decode(now.bytes)) as string[]);
      if (await store.swapNamed(key, now?.tag ?? null, JSON.stringify([...list, `${name}-${index}`]))) {
        acknowledge(`${name}-${index}`);
        index += 1;
      }
    }
  },
  async create(key = '', name = '') {
    if (await store.createNamed(key, name)) acknowledge(name);
  },
  async put(size = '0', count = '0', name = '') {
    for (let index = 0; index < Number(count); index += 1) {
      const bytes = new Uint8Array(Number(size)).fill(index % 251);
      bytes.set(new TextEncoder().encode(`${name}-${index}`));
      acknowledge(JSON.stringify(await store.put(bytes)));
    }
  },
  async stream(path = '', target = '') {
    const before = process.resourceUsage().maxRSS;
    await store.getFile(await store.putFile(path), target);
    acknowledge(`${before} ${process.resourceUsage().maxRSS}`);
  },
};
await actions[action]!(...rest);
