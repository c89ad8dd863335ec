// What gateways told the store of themselves and of volumes that vanished.
import type { ArtifactStore } from '../contracts/artifact.ts';
import { type ReplicaClaim, replicaClaim } from '../contracts/replica.ts';

export async function readClaims(store: Pick<ArtifactStore, 'listNamed' | 'readNamed'>): Promise<ReplicaClaim[]> {
  const found = await Promise.all((await store.listNamed('replicas/')).map((key) => store.readNamed(key)));
  return found.flatMap((one) =>
    one === undefined ? [] : [replicaClaim.parse(JSON.parse(new TextDecoder().decode(one.bytes)))],
  );
}
