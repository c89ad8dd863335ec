import type { TextDetector } from './detector.ts';

const WHO =
  '(?:verif(?:ier|y|ication|ying)|grad(?:er|ing)|judg(?:e|ing|ement)|reward (?:function|model|server|manager|worker|comput\\w*)|scor(?:er|ing)|compute_score|sandbox(?: ?fusion| api)?|math_verify|code execution)';
const HOW =
  '(?:fail(?:ed|ure|s)|crash(?:ed)?|died|timed? ?out|did not (?:answer|respond|finish)|refused|unreachable|unavailable|raised|exception|error(?! ?(?:rate|s? ?[=:] ?0)))';

export const verifierFailure: TextDetector = {
  cause: 'verifier-failure',
  sayings: [
    {
      pattern: new RegExp(`\\b${WHO}\\b.{0,80}\\b${HOW}\\b`, 'i'),
      strength: 0.87,
      unless:
        /signature|certificate|ssl|checksum|verified ok|cannot verify the candidate|warn.*deprecat|failed (?:tests?|transactions)|0 (?:failed|errors)/i,
      example: 'RuntimeError: verifier process died with -6 before it gave a verdict',
    },
    {
      pattern: /TimeoutExpired|TimeoutError|CalledProcessError|ConnectionError|TimeoutException/,
      frames: new RegExp(`\\b${WHO}\\b|verif|grade|reward_fn|score`, 'i'),
      strength: 0.8,
      example: 'subprocess.TimeoutExpired: Command verifier timed out after 2 seconds',
    },
  ],
};
