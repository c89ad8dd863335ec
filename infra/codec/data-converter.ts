// The data converters of clients and workers, for a namespace whose payloads are encrypted.
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, type DataConverter, type PayloadCodec } from '@temporalio/common';
import { AnnealError } from '../../contracts/errors.ts';
import type { TemporalAccess } from '../temporal/settings.ts';
import { createCodec } from './codec.ts';
import { type PayloadKeys, readPayloadKeys } from './keys.ts';

/** `bundleWorkflowCode` must be given the same one, or workflows would write their failures in the clear. */
export const FAILURE_CONVERTER = fileURLToPath(
  new URL(`./failure-converter${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

export interface Converters {
  readonly client: DataConverter;
  readonly worker: DataConverter;
}

/** Undefined where payloads are plain. @throws AnnealError `payload.keys` */
export function convertersOf({ payloadKeysFile, namespace }: TemporalAccess): Converters | undefined {
  return payloadKeysFile === undefined ? undefined : encrypting(readPayloadKeys(payloadKeysFile), namespace);
}

export function encrypting(keys: PayloadKeys, namespace: string): Converters {
  const codec = createCodec(keys, namespace);
  const failureConverterPath = FAILURE_CONVERTER;
  return {
    client: { payloadCodecs: [codec], failureConverterPath },
    worker: { payloadCodecs: [acrossTemporal(codec)], failureConverterPath },
  };
}

/**
 * In a worker a failure becomes part of history, where only an ApplicationFailure keeps its code. It may be retried: the key may
 * come with the next release of the worker.
 */
function acrossTemporal(codec: PayloadCodec): PayloadCodec {
  return {
    encode: (payloads) => codec.encode(payloads),
    decode: async (payloads) => {
      try {
        return await codec.decode(payloads);
      } catch (failure) {
        if (!(failure instanceof AnnealError)) throw failure;
        throw ApplicationFailure.create({ type: failure.code, message: failure.message });
      }
    },
  };
}
