// The order of test files: those that take minutes begin first, so that none of them runs alone at the end. Vitest remembers how long a
// file took, but not on a machine that has never run it.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONGEST = ['campaign', 'helm-campaign', 'trainer-pod', 'logs-command', 'containers-pods', 'watch-logs'];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`tests/k8s/${name}.test.ts`));
      return index < 0 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
