// The order of test files: those that take minutes begin first, so that none of them runs alone at the end. Vitest remembers how long a
// file took, but not on a machine that has never run it: there it goes by size, and a corpus of minutes is a file of forty lines.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export const LONGEST = [
  'tests/k8s/campaign.test.ts',
  'tests/k8s/helm-campaign.test.ts',
  'tests/k8s/trainer-pod.test.ts',
  'tests/k8s/logs-command.test.ts',
  'tests/k8s/containers-pods.test.ts',
  'tests/k8s/watch-logs.test.ts',
  'evals/hacks/corpus.test.ts',
  'evals/hacks/documents.test.ts',
  'evals/hacks/web-page/corpus.test.ts',
  'evals/hacks/patch/runners.test.ts',
  'evals/verifiers/patch/patch.test.ts',
  'tests/incidents/remedies.test.ts',
  'tests/incidents/coder.test.ts',
  'tests/journeys/bad-requests.test.ts',
  'tests/journeys/overlap.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: Pick<TestSpecification, 'moduleId'>): number => {
      const index = LONGEST.findIndex((path) => moduleId.endsWith(`/${path}`));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
