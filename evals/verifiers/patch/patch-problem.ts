/** Why a patch is not taken: the policy's fault. */
export class PatchProblem extends Error {}
