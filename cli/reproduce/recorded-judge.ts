// The judge of a campaign that is reproduced: what it said is found in the campaign's record, and the model itself is not asked again. It
// may be another one by now under the same name, and a second answer would say nothing of the first.
import { createJudges, type Judges, type OpenJudge } from '../../activities/judges.ts';
import type { Documents } from '../../activities/read.ts';
import type { ArtifactStore } from '../../contracts/artifact.ts';

export interface RecordedJudges extends Judges {
  /** Questions so far to which no answer is kept. */
  unheard(): number;
}

export function createRecordedJudges(store: ArtifactStore, documents: Documents): RecordedJudges {
  let unheard = 0;
  const silent: OpenJudge = ({ model, family }) => ({
    ...{ model, family },
    answer: () => {
      unheard += 1;
      return Promise.reject(new Error('no answer of it is kept, and it is not asked again'));
    },
  });
  return { ...createJudges(store, documents, silent), unheard: () => unheard };
}
