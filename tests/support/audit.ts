// The audit log of a test: a real one, in the test's own store, seen by a witness beside it.
import { join } from 'node:path';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { createAuditLog, type Signing } from '../../infra/audit/log.ts';
import { createWitness } from '../../infra/audit/witness.ts';

export const auditIn = (folder: string, store: ArtifactStore, identity: Signing) =>
  createAuditLog(store, identity, createWitness(join(folder, 'audit', 'head.json')));
