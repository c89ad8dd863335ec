// The tools that this machine's graders have.
import { packedPytest } from './pytest.ts';

type Tools = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** @param python one that may have pytest; packed once, when it is first asked for */
export function graderTools(python = 'python3'): () => Promise<Tools> {
  let packing: Promise<Tools> | undefined;
  return () => (packing ??= pack(python));
}

async function pack(python: string): Promise<Tools> {
  const pytest = await packedPytest(python);
  return new Map(pytest === undefined ? [] : [['pytest', pytest]]);
}
