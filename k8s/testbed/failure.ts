// Errors of the testbed carry codes of its own part of the error table.

import type { TESTBED_ERRORS } from '../../contracts/errors/testbed.ts';
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';

export type TestbedErrorCode = keyof typeof TESTBED_ERRORS;

export function failure(code: TestbedErrorCode, message: string, cause?: unknown): AnnealError {
  return new AnnealError(code as string as ErrorCode, message, { cause });
}
