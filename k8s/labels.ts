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
export const ROLE = 'anneal.dev/role';
/** `serverRank`: part of a server over several nodes, but not the one that is asked. */
export const ROLES = { trainer: 'trainer', server: 'policy-server', serverRank: 'policy-server-rank' } as const;
/**
 * Annotation: SHA-256 of the job document, by which a second submission adopts or refuses. On policy servers and their pods, of
 * what they are made of.
 */
export const SPEC_HASH = 'anneal.dev/spec-hash';
/** Annotation of a campaign's owner: the bucket and prefix of the deployment that it belongs to. */
export const STORE = 'anneal.dev/store';
/** Kueue's: the LocalQueue that admits a workload. */
export const QUEUE = 'kueue.x-k8s.io/queue-name';
/** Kueue's, on its own object for a job: the job's uid. */
export const QUEUED_JOB = 'kueue.x-k8s.io/job-uid';
/** Kueue's, on a pod template: the node label within one value of which all pods must lie, or should. */
export const REQUIRED_TOPOLOGY = 'kueue.x-k8s.io/podset-required-topology';
export const PREFERRED_TOPOLOGY = 'kueue.x-k8s.io/podset-preferred-topology';
/** Kueue's, on a pod template: sets of pods of one name are placed as one. */
export const PLACED_WITH = 'kueue.x-k8s.io/podset-group-name';
/** Field manager of server-side apply. */
export const FIELD_MANAGER = 'anneal';
