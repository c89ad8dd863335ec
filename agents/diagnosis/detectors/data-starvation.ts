import type { TextDetector } from './detector.ts';

export const dataStarvation: TextDetector = {
  cause: 'data-starvation',
  sayings: [
    {
      pattern:
        /DataLoader timed out|data ?loader.{0,40}(?:timed? ?out|starv|stall|exited unexpectedly)|(?:ran|run) out of (?:training )?(?:data|samples|batches|prompts)|(?:data(?:set)?|iterator|stream) (?:is |was )?exhausted|(?:batch|data|prefetch|input|rollout|sample) (?:queue|buffer) (?:is |was |remained )?(?:empty|starved)|starv(?:ed|ing|ation) (?:for|of) (?:data|batches|input)|waiting (?:for|on) (?:the )?(?:data|batch|dataloader|input)\b.{0,60}(?:\d{2,} ?s|timed out|minutes?)|input pipeline .{0,40}(?:bottleneck|stall)|no (?:more )?(?:data|batches|samples) (?:available|left|to)/i,
      strength: 0.85,
      unless: /may be a bottleneck|consider increasing/i,
      example: 'RuntimeError: DataLoader timed out after 120 seconds',
    },
    {
      pattern: /^StopIteration\b/,
      strength: 0.6,
      frames: /load|data|iter|batch/i,
      example: 'StopIteration: next(data_iterator)',
    },
  ],
};
