// How a Temporal that is not ours is reached: the variables, and what they come to. `infra/config.ts` reads them.
import { z } from 'zod';
import { AnnealError, type Problem } from '../../contracts/errors.ts';

const path = z.string().min(1).optional();
const name = z.string().min(1).max(200).optional();

/** For the variables of `infra/config.ts`. Files may be replaced while a process runs only where it says so. */
export const temporalVariables = {
  /** `on`: TLS by the system's authorities. Every other variable of TLS, and an API key, turn it on as well. */
  ANNEAL_TEMPORAL_TLS: z.enum(['on'], 'on, or unset').optional(),
  /** PEM; the authorities that Temporal's certificate may come from, in place of the system's. */
  ANNEAL_TEMPORAL_TLS_CA: path,
  /** PEM; our certificate with its chain, and its key, for a server that asks for one. */
  ANNEAL_TEMPORAL_TLS_CERT: path,
  ANNEAL_TEMPORAL_TLS_KEY: path,
  /** The name in Temporal's certificate, where it is not the host of the address. */
  ANNEAL_TEMPORAL_TLS_SERVER_NAME: name,
  /** Holds nothing but the key. Read again when it changes. */
  ANNEAL_TEMPORAL_API_KEY_FILE: path,
  /** The keys that payloads are encrypted with (docs/temporal.md). Unset: payloads are plain. */
  ANNEAL_PAYLOAD_KEYS: path,
} as const;
const variables = z.object(temporalVariables);
export type TemporalVariables = z.infer<typeof variables>;

/** Paths of PEM files. None of them: TLS by the system's authorities. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
}

/** What is needed beside the address. */
export interface TemporalAccess {
  readonly namespace: string;
  /** Undefined: a connection in the clear. */
  readonly tls?: TlsFiles;
  readonly apiKeyFile?: string;
  readonly payloadKeysFile?: string;
}

export interface TemporalSettings extends TemporalAccess {
  /** HOST:PORT */
  readonly address: string;
}

/** @throws AnnealError `cli.usage` naming what is missing from a pair */
export function temporalAccess(set: TemporalVariables, namespace: string): TemporalAccess {
  const { ANNEAL_TEMPORAL_TLS_CA: ca, ANNEAL_TEMPORAL_TLS_CERT: cert, ANNEAL_TEMPORAL_TLS_KEY: key } = set;
  const { ANNEAL_TEMPORAL_TLS_SERVER_NAME: serverName, ANNEAL_TEMPORAL_API_KEY_FILE: apiKeyFile } = set;
  if ((cert === undefined) !== (key === undefined)) throw halfAPair(cert === undefined ? 'CERT' : 'KEY');
  const files: TlsFiles = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
  };
  // A key that went out in the clear would be everybody's.
  const secure = set.ANNEAL_TEMPORAL_TLS === 'on' || apiKeyFile !== undefined || Object.keys(files).length > 0;
  return {
    namespace,
    ...(secure && { tls: files }),
    ...(apiKeyFile !== undefined && { apiKeyFile }),
    ...(set.ANNEAL_PAYLOAD_KEYS !== undefined && { payloadKeysFile: set.ANNEAL_PAYLOAD_KEYS }),
  };
}

function halfAPair(missing: 'CERT' | 'KEY'): AnnealError {
  const problem: Problem = {
    code: 'cli.usage',
    path: `ANNEAL_TEMPORAL_TLS_${missing}`,
    expected: `the client's ${missing === 'CERT' ? 'certificate' : 'key'}, since the other half of the pair is set`,
    got: 'nothing',
    hint: 'Set both, or neither.',
  };
  return new AnnealError('cli.usage', `${problem.path} is missing`, { problems: [problem] });
}
