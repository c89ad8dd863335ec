import type { TextDetector } from './detector.ts';

export const oomHost: TextDetector = {
  cause: 'oom-host',
  sayings: [
    {
      pattern:
        /oom[-_ ]?kill(?:er|ed)?\b(?! ?= ?(?:0|false))|detected \d+ oom[-_]kill|out of memory: kill(?:ed)? process|memory cgroup out of memory|OOMKilled(?!["']?\s*[:=]\s*false)/i,
      ...{
        strength: 0.95,
        unless: /oom_score_adj=|"OOMKilled": false|oom_kill_disable|oomkilled=false|enable|_retry/i,
        example: 'slurmstepd: error: Detected 1 oom_kill event in StepId=1.0.',
      },
    },
    {
      pattern: /invoked oom-killer|: Out Of Memory\s*$/,
      strength: 0.94,
      example: 'python3 invoked oom-killer: gfp_mask=0x101cca',
    },
    {
      pattern:
        /^(?:[\w.]*\.)?_?(?:Array)?MemoryError\b|Unable to allocate [\d.]+ [KMGTP]iB for an array|std::bad_alloc|DefaultCPUAllocator: (?:can't|not enough)|Cannot allocate memory|\[Errno 12\]|OpenBLAS.*memory allocation/i,
      ...{
        strength: 0.93,
        unless: /CUDA|device memory/,
        example: 'MemoryError: Unable to allocate 12.2 GiB for an array with shape (1,)',
      },
    },
    {
      pattern:
        /killed due to the node running low on memory|workers? \(tasks \/ actors\) killed due to memory pressure|low on resource: memory|exceed(?:s|ed)? the memory usage threshold|node had condition: \[MemoryPressure\]|ray\.exceptions\.OutOfMemoryError/i,
      ...{
        strength: 0.94,
        example: 'ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.',
      },
    },
    {
      pattern:
        /DataLoader worker \(pid\(?s?\)? ?[\d, ]+\) is killed by signal: (?:Killed|Bus error)|insufficient shared memory|out of shared memory/i,
      ...{
        strength: 0.85,
        example:
          "RuntimeError: DataLoader worker (pid 3002) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
      },
    },
    {
      pattern:
        /(?:Nicht genügend Speicher|Kein Speicher verfügbar|Nicht genügend Hauptspeicher|Mémoire insuffisante|Impossible d'allouer de la mémoire|No se pudo asignar memoria|无法分配内存|内存不足|メモリを確保できません)/i,
      ...{ strength: 0.85, example: 'bash: fork: Nicht genügend Hauptspeicher verfügbar' },
    },
    {
      // What the kernel did is nowhere said; most often it was for memory.
      pattern:
        /(?:^|line \d+:\s+\d+ )Killed(?:\s{2,}|$)|SIGKILL\) received by PID|exit(?: ?code|code)?[: =]+\(?(?:-9|137)\b|signal 9\b|(?:Getötet|Processus arrêté|Terminado \(killed\)|已杀死|強制終了)/i,
      ...{
        strength: 0.55,
        follows: true,
        unless: /signal 9 to/i,
        example: 'traceback : Signal 9 (SIGKILL) received by PID 36071',
      },
    },
  ],
};
