// The codec server's settings: the variables, and what they come to. `infra/config.ts` reads them.
import { z } from 'zod';

export const codecVariables = {
  /** Where the codec server listens, HOST:PORT; default 127.0.0.1:8081. TLS is the ingress's. */
  ANNEAL_CODEC_LISTEN: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/, 'HOST:PORT')
    .optional(),
  /** The one origin whose pages may ask, such as https://temporal.example.com. Unset: no page may, only command lines. */
  ANNEAL_CODEC_UI_ORIGIN: z
    .string()
    .refine(
      (text) => URL.canParse(text) && new URL(text).origin === text,
      'SCHEME://HOST[:PORT], without a path and without a slash at the end',
    )
    .optional(),
  /** Holds the one token that is accepted; read again when it changes. Unset: Temporal is asked with the caller's token. */
  ANNEAL_CODEC_TOKEN_FILE: z.string().min(1).optional(),
} as const;
const variables = z.object(codecVariables);

export interface CodecSettings {
  readonly listen: string;
  readonly uiOrigin: string | undefined;
  readonly tokenFile: string | undefined;
}

export function codecSettings(set: z.infer<typeof variables>): CodecSettings {
  return {
    listen: set.ANNEAL_CODEC_LISTEN ?? '127.0.0.1:8081',
    uiOrigin: set.ANNEAL_CODEC_UI_ORIGIN,
    tokenFile: set.ANNEAL_CODEC_TOKEN_FILE,
  };
}
