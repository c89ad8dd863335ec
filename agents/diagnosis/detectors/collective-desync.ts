import type { TextDetector } from './detector.ts';

export const collectiveDesync: TextDetector = {
  cause: 'collective-desync',
  sayings: [
    {
      pattern:
        /Detected mismatch between collectives on ranks|Mismatched collective|collective (?:mismatch|desync)|ranks? (?:are|is|went) out of sync|desynchroni[sz]ed? collective|different collective (?:operation|call)s?|Mismatched (?:allreduce|allgather|broadcast|alltoall|reduce)/i,
      strength: 0.95,
      example: 'RuntimeError: Detected mismatch between collectives on ranks. Rank 1 is running collective',
    },
    {
      pattern:
        /(?:desync|flight ?recorder).*(?:mismatch|not match|differs?|missing)|Not all ranks joining collective|Collective sequence number: \d+ .*mismatch/i,
      strength: 0.85,
      example: 'Not all ranks joining collective, sequence number: 931, desync detected',
    },
  ],
};
