// What a gate showed, by its hash: read once, since bytes under a hash never change. Or why it cannot be read.
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { type Evidence, evidence as evidenceSchema } from '../../contracts/gate.ts';

export type SeenEvidence =
  | { readonly evidence: Evidence }
  | { readonly evidence?: undefined; readonly why: AnnealError };

const KEPT = 200;

export type EvidenceReader = (ref: ArtifactRef) => Promise<SeenEvidence>;

/** Never throws: a gate whose evidence is gone can still be answered with its safe option. */
export function createEvidenceReader(store: Pick<ArtifactStore, 'get'>): EvidenceReader {
  const known = new Map<string, Evidence>();
  return async (ref) => {
    const before = known.get(ref.sha256);
    if (before !== undefined) return { evidence: before };
    try {
      const parsed = evidenceSchema.safeParse(JSON.parse(new TextDecoder().decode(await store.get(ref))));
      if (!parsed.success) throw new AnnealError('store.corrupt_object', 'what lies there is no evidence of a gate');
      known.set(ref.sha256, parsed.data);
      if (known.size > KEPT) known.delete(known.keys().next().value!);
      return { evidence: parsed.data };
    } catch (failure) {
      if (failure instanceof SyntaxError)
        return {
          why: new AnnealError('store.corrupt_object', 'what lies there is no evidence of a gate', { cause: failure }),
        };
      return { why: asAnnealError(failure) };
    }
  };
}
