// What could be done about a cause, the first choice first. Where it is often the program's own mistake, mending that comes last: it takes longest.
import type { Cause, RemedyId } from '../../contracts/diagnosis.ts';

export const REMEDIES: Readonly<Record<Cause, readonly RemedyId[]>> = {
  'nan-or-inf': ['resume-from-earlier-checkpoint', 'skip-bad-batch', 'lower-learning-rate', 'fix-code'],
  'loss-spike': ['skip-bad-batch', 'lower-learning-rate', 'resume-from-earlier-checkpoint', 'fix-code'],
  'entropy-collapse': ['raise-entropy-bonus', 'resume-from-earlier-checkpoint', 'lower-learning-rate', 'fix-code'],
  'kl-blow-up': ['raise-kl-coefficient', 'lower-learning-rate', 'resume-from-earlier-checkpoint', 'fix-code'],
  'reward-length-drift': ['penalise-length', 'raise-kl-coefficient', 'fix-code'],
  'gradient-explosion': ['clip-gradients', 'lower-learning-rate', 'resume-from-earlier-checkpoint', 'fix-code'],
  'throughput-drop': ['compare-ranks', 'check-data-pipeline', 'drain-node', 'fix-code'],
  straggler: ['drain-node', 'compare-ranks', 'fix-code'],
  'oom-device': ['smaller-pieces', 'resume-from-checkpoint'],
  'oom-host': ['more-host-memory', 'smaller-pieces', 'resume-from-checkpoint', 'fix-code'],
  'nccl-timeout': ['take-stacks', 'check-network', 'drain-node', 'raise-collective-timeout', 'fix-code'],
  'collective-desync': ['compare-ranks', 'fix-code'],
  'gpu-hardware': ['drain-node', 'resume-from-checkpoint'],
  'checkpoint-corrupt': ['resume-from-earlier-checkpoint', 'fix-code'],
  'data-starvation': ['check-data-pipeline', 'fix-code'],
  'disk-full': ['free-disk', 'resume-from-checkpoint', 'fix-code'],
  'tokenizer-mismatch': ['match-tokenizer', 'fix-code'],
  'gateway-failure': ['restart-gateway', 'fix-code'],
  'verifier-failure': ['restart-verifier'],
  'silent-hang': ['take-stacks', 'compare-ranks', 'resume-from-checkpoint', 'fix-code'],
  exception: ['fix-code'],
  preempted: ['resume-from-checkpoint'],
  healthy: [],
  undetermined: [],
};
