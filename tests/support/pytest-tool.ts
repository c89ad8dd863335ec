// pytest out of the environment of the trainer's tests, as the patch verifier takes it.
import type { Artifact } from '../../evals/verifiers/artifact.ts';
import { packedPytest } from '../../infra/graders/pytest.ts';
import { trainerPython } from './trainer-python.ts';

/** For `Instruments.tools`, under the name `pytest`. */
export async function pytestTool(): Promise<Artifact> {
  const packed = await packedPytest(await trainerPython());
  if (packed === undefined) throw new Error('the environment of the tests has no pytest');
  return packed;
}
