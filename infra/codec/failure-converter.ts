// Messages and stack traces of failures as payloads, so that the codec encrypts them too: they quote paths, prompts and logs. Only
// what says that a key is missing stays readable: who needs to read it may lack that very key.
// Loaded by path, into the worker, the client and the workflow bundle.
import { DefaultFailureConverter, type FailureConverter } from '@temporalio/common';

const hidden = new DefaultFailureConverter({ encodeCommonAttributes: true });
const open = new DefaultFailureConverter();

export const failureConverter: FailureConverter = {
  failureToError: (...args) => hidden.failureToError(...args),
  errorToFailure: (error, ...rest) => (isAboutKeys(error) ? open : hidden).errorToFailure(error, ...rest),
};

function isAboutKeys(error: unknown): boolean {
  return error instanceof Error && 'type' in error && String(error.type).startsWith('payload.');
}
