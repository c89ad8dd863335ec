// Messages and stack traces of failures as payloads, so that the codec encrypts them too: they quote paths, prompts and logs.
// Loaded by path, into the worker, the client and the workflow bundle.
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
