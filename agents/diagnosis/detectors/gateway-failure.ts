import type { TextDetector } from './detector.ts';

const RETRY = /retry(?:ing)? in|attempt 1\b|succeeded/i;

export const gatewayFailure: TextDetector = {
  cause: 'gateway-failure',
  sayings: [
    {
      pattern:
        /(?:could not|cannot|can't|failed to|unable to) (?:reach|connect to|contact|call)\b.{0,40}(?:gateway|policy server|inference|rollout server|model server|llm|endpoint|vllm|sglang|engine)/i,
      strength: 0.82,
      example: 'could not reach policy server after 10 attempts',
    },
    {
      pattern:
        /(?:openai|anthropic|litellm)\.(?:\w+\.)*(?:APIConnectionError|APITimeoutError|InternalServerError|RateLimitError|ServiceUnavailableError|APIStatusError|APIError|Timeout|BadGatewayError)|ServiceUnavailableError/i,
      strength: 0.88,
      unless: RETRY,
      example: 'openai.APIConnectionError: Connection error.',
    },
    {
      pattern:
        /\bgateway\b.{0,80}(?:did not answer|unreachable|refused|down\b|crash|died|fail(?:ed|s|ure)|closed|reset|5\d\d)|(?:502 Bad Gateway|504 Gateway Time-?out|upstream connect error|no healthy upstream|upstream (?:prematurely|timed out|unavailable|request timeout))/i,
      strength: 0.86,
      unless: RETRY,
      example: 'ConnectionError: gateway did not answer rollout 12 in 5 attempts',
    },
    {
      pattern:
        /(?:HTTP(?:Error|StatusError)?|Error code|status(?:[ _]code)?)\b[ :='"]*(?:HTTP Error )?(?:429|50[0234])\b|503 Service Unavailable|Too Many Requests/i,
      strength: 0.75,
      often: 6,
      unless: /verif|judge|grader|sandbox|reward|object store|s3|upload/i,
      example: 'httpx.HTTPStatusError: Server error 503 Service Unavailable',
    },
    {
      pattern:
        /(?:policy server|inference (?:server|engine)|vllm server|sglang server|rollout server|model server|engine)\b.{0,60}(?:unreachable|not reachable|connection refused|did not (?:answer|respond)|is (?:down|dead))/i,
      strength: 0.8,
      unless: RETRY,
      example: 'rollout server 3 is unreachable: connection refused',
    },
    {
      pattern:
        /Connection refused|\[Errno 111\]|ECONNREFUSED|NewConnectionError|ClientConnectorError|ConnectError\b|MaxRetryError/i,
      frames: /chat|completions|openai|gateway|rollout|v1\b|generate|llm/i,
      strength: 0.75,
      often: 6,
      example: 'ConnectError: [Errno 111] Connection refused /v1/chat/completions',
    },
  ],
};
