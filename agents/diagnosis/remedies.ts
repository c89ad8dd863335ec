// What could be done about a cause, the first choice first.
import type { Cause, RemedyId } from '../../contracts/diagnosis.ts';

export const REMEDIES: Readonly<Record<Cause, readonly RemedyId[]>> = {
  'nan-or-inf': ['resume-from-earlier-checkpoint', 'skip-bad-batch', 'lower-learning-rate'],
  'loss-spike': ['skip-bad-batch', 'lower-learning-rate', 'resume-from-earlier-checkpoint'],
  'entropy-collapse': ['raise-entropy-bonus', 'resume-from-earlier-checkpoint', 'lower-learning-rate'],
  'kl-blow-up': ['raise-kl-coefficient', 'lower-learning-rate', 'resume-from-earlier-checkpoint'],
  'reward-length-drift': ['penalise-length', 'raise-kl-coefficient'],
  'gradient-explosion': ['clip-gradients', 'lower-learning-rate', 'resume-from-earlier-checkpoint'],
  'throughput-drop': ['compare-ranks', 'check-data-pipeline', 'drain-node'],
  straggler: ['drain-node', 'compare-ranks'],
  'oom-device': ['smaller-pieces', 'resume-from-checkpoint'],
  'oom-host': ['more-host-memory', 'smaller-pieces', 'resume-from-checkpoint'],
  'nccl-timeout': ['take-stacks', 'check-network', 'drain-node', 'raise-collective-timeout'],
  'collective-desync': ['compare-ranks', 'fix-code'],
  'gpu-hardware': ['drain-node', 'resume-from-checkpoint'],
  'checkpoint-corrupt': ['resume-from-earlier-checkpoint'],
  'data-starvation': ['check-data-pipeline'],
  'disk-full': ['free-disk', 'resume-from-checkpoint'],
  'tokenizer-mismatch': ['match-tokenizer'],
  'gateway-failure': ['restart-gateway'],
  'verifier-failure': ['restart-verifier'],
  'silent-hang': ['take-stacks', 'compare-ranks', 'resume-from-checkpoint'],
  exception: ['fix-code'],
  preempted: ['resume-from-checkpoint'],
  healthy: [],
  undetermined: [],
};
