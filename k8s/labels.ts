// What Anneal writes on its objects. Selectors and alerts of others may rely on these names.

/** Who made it; every list of ours selects by it. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const MANAGER = 'anneal';
/** The campaign's name. */
export const CAMPAIGN = 'anneal.dev/campaign';
/** The logical job: the same for every attempt at it. */
export const JOB = 'anneal.dev/job';
/** 1, 2, …: each attempt is an object of its own. */
export const ATTEMPT = 'anneal.dev/attempt';
/** `trainer`, `policy-server`. */
export const ROLE = 'anneal.dev/role';
/** Annotation: SHA-256 of the job document, by which a second submission adopts or refuses. */
export const SPEC_HASH = 'anneal.dev/spec-hash';
/** Kueue's: the LocalQueue that admits a workload. */
export const QUEUE = 'kueue.x-k8s.io/queue-name';
/** Field manager of server-side apply. */
export const FIELD_MANAGER = 'anneal';
