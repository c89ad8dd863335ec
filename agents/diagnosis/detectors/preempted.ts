import type { TextDetector } from './detector.ts';

export const preempted: TextDetector = {
  cause: 'preempted',
  sayings: [
    {
      pattern:
        /DUE TO PREEMPTION|job preempted|\bPreempted\b|PreemptionByScheduler|DisruptionTarget|TerminationByKubelet|spot (?:instance|interruption|reclaim)|(?:instance|node|vm|pod) (?:is |will be |was |being )?(?:reclaimed|preempted)|ACPI G2|maintenance event|preemption (?:notice|signal|event)|DUE TO NODE FAILURE/i,
      strength: 0.93,
      unless: /previous attempt|was resumed|preempted request|sequence group|preemption mode|recompute|KV cache/i,
      example: 'slurmstepd: error: *** JOB 1 ON cn1 CANCELLED AT 2025-01-01T00:00:00 DUE TO PREEMPTION ***',
    },
    {
      pattern:
        /DUE TO TIME LIMIT|time limit (?:reached|exceeded)|DeadlineExceeded|active deadline|walltime (?:limit )?exceeded|TIMEOUT.*JobState/i,
      strength: 0.8,
      unless: /grpc|context deadline|rpc/i,
      example: 'slurmstepd: error: *** JOB 1 ON n1 CANCELLED AT 2025-01-01T00:00:00 DUE TO TIME LIMIT ***',
    },
    {
      pattern:
        /(?:received|caught|got|handling|on|stop:) (?:signal )?(?:SIGTERM|SIGUSR1|SIGINT)|(?:Received|got) (?:15|2) death signal|got signal: (?:15|2)\b|SignalException|received signal(?: ?:)? ?(?:15|SIGTERM)|termination (?:signal|notice)|stopping on SIGTERM/i,
      strength: 0.85,
      unless: /handler (?:for|registered|installed)|will be/i,
      example: 'W0101 Received 15 death signal, shutting down workers',
    },
    {
      pattern:
        /\*\*\* (?:JOB|STEP) \S+ ON \S+ CANCELLED AT(?!.*DUE TO)|^Terminated\b|(?:line \d+:\s+\d+ )Terminated|^KeyboardInterrupt|exit code:? 143\b|exitcode: -15\b|cancelled by (?:user|admin)/i,
      strength: 0.55,
      follows: true,
      example: 'slurmstepd: error: *** STEP 4405.0 ON nid001 CANCELLED AT 2023-12-05T07:16:01 ***',
    },
    {
      pattern: /\bEvicted\b|TaintManagerEviction|evict(?:ed|ing) pod/i,
      strength: 0.5,
      follows: true,
      unless: /low on resource|cache|block/i,
      example: 'Warning  Evicted  pod/trainer-0  Pod was evicted',
    },
  ],
};
