// Whether a failure of a call is that Temporal does not answer, however deep the client has wrapped it.
import { isGrpcServiceError } from '@temporalio/client';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';

/** gRPC's cancelled, deadline exceeded, unavailable: nobody answered, or not in time. */
const NOBODY = new Set([1, 4, 14]);

/** Named by the boundary that was crossed; what is ours stays what it is. */
export function nameFailure(failure: unknown): AnnealError {
  for (let cause = failure; cause instanceof Error && !(cause instanceof AnnealError); cause = cause.cause)
    if (isGrpcServiceError(cause) && NOBODY.has(Number(cause.code)))
      return new AnnealError(
        'stack.temporal_unavailable',
        `Temporal does not answer: ${cause.details || cause.message}`,
        {
          cause: failure,
        },
      );
  return asAnnealError(failure);
}
