// What a grader's secret inputs follow from: worker and command line derive the same from what only the gateway's side knows.
import { createHash } from 'node:crypto';

/** @param gatewaySecret as its file has it; the result tells nothing of it */
export const secretInputs = (gatewaySecret: string): string =>
  createHash('sha256').update(`anneal/secret-inputs\n${gatewaySecret.trim()}`).digest('hex');
