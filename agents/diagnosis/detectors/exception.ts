import type { TextDetector } from './detector.ts';

/** What a program says last: an error's name at the beginning of a line, or the words of runtimes and shells. */
export const exception: TextDetector = {
  cause: 'exception',
  sayings: [
    {
      pattern:
        /^(?:ray\.exceptions\.)?(?:RayTaskError\(\w+\)|RayActorError|ActorDiedError|EngineDeadError|(?:vllm\.\S+\.)?EngineDeadError)|EngineCore encountered an issue|(?:Engine core|EngineCore).{0,40}(?:died|failed)|The actor died unexpectedly|worker (?:process )?(?:has )?died|device-side assert triggered|^Error executing job|^Exception in thread (?!")/,
      strength: 0.5,
      follows: true,
      example: 'ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.',
    },
    {
      pattern:
        /ChildFailedError|ProcessRaisedException|ProcessExitedException|subprocess\.CalledProcessError: Command .*(?:torchrun|accelerate|deepspeed|python)/,
      strength: 0.2,
      follows: true,
      example: 'torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ',
    },
    {
      pattern:
        /^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Failure|Timeout|NotFound|Mismatch|Violation|Abort|Fault|Interrupt|Expired|Denied|Refused|Invalid)\w*(?:\(\w+\))?(?::|$)/,
      strength: 0.85,
      unless: /Warning:/,
      example: "KeyError: 'instruction'",
    },
    {
      pattern:
        /Fatal Python error|Segmentation fault|\bcore dumped\b|terminate called|^panic: |^FAILED \S+::|^=+ .*\b\d+ failed\b|thread '.*' panicked|^Exception in thread "|SIGSEGV|SIGABRT|illegal memory access|misaligned address|stack smashing|double free|Unhandled exception|illegal instruction/i,
      strength: 0.8,
      example: 'Fatal Python error: Segmentation fault',
    },
    {
      pattern:
        /^(?:error|fatal|critical)(?:\[\w+\])?: \S|Could not override|is not in struct|error: (?:unrecognized|the following|invalid|argument)|: command not found|ErrImagePull|ImagePullBackOff|CreateContainer(?:Config)?Error|InvalidImageName|: cannot execute|No module named|cannot import name|unrecognized arguments/i,
      strength: 0.75,
      unless: /pip's dependency resolver|^error: 0|error: none/i,
      example: "Could not override 'trainer.foo'.",
    },
  ],
};
