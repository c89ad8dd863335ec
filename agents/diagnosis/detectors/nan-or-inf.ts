import type { TextDetector } from './detector.ts';

export const nanOrInf: TextDetector = {
  cause: 'nan-or-inf',
  sayings: [
    {
      pattern:
        /found (?:NaN|Inf)\w*|Unexpected result (?:nan|inf)|loss (?:is|was|became|=|:)? ?(?:nan|inf(?:inite)?\b|not finite)|(?:nan|inf)[ /_-]*(?:or[ _]inf )?(?:loss|gradient|detected|encountered)|(?:non|not)[- ]?finite|contains? (?:either )?[`'"]?(?:nan|inf)|returned nan values|FloatingPointError|(?:NaN|Inf)s? (?:detected|found|in (?:the )?(?:loss|grad|logits|input|output|tensor|weights|parameters))|training (?:has )?diverged|diverged\]/i,
      ...{
        strength: 0.92,
        unless:
          /skip_nan|no (?:nan|inf)|without nan|nan_policy|check_for_nan|(?:nan|inf)\w*\s*[:=]\s*(?:0\b|false|none)|0 nan/i,
        example: 'AssertionError: Rank 3: found NaN in local grad norm in backwards pass',
      },
    },
    {
      pattern:
        /loss scale (?:already )?(?:at|reached) (?:its )?minimum|Minimum loss scale reached|loss scale.{0,20}(?:below|less than) (?:the )?minimum/i,
      ...{
        strength: 0.93,
        example: 'Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.',
      },
    },
    {
      pattern: /(?:invalid value|overflow|divide by zero) encountered in/i,
      strength: 0.5,
      often: 1e9,
      example: 'RuntimeWarning: invalid value encountered in subtract',
    },
  ],
};
