// The Kubernetes cluster that jobs run on.
import { type ErrorEntry, entry } from './entry.ts';

export const CLUSTER_ERRORS = {
  'cluster.no_config': entry('unavailable', false, 'No Kubernetes cluster is configured', 'Name a kubeconfig.'),
  'cluster.unavailable': entry(
    'unavailable',
    true,
    'The Kubernetes API does not answer',
    'Check the server; running jobs are not touched meanwhile.',
  ),
  'cluster.unauthenticated': entry(
    'unavailable',
    false,
    'The Kubernetes API does not know the credentials',
    'Renew the token or the certificate in the kubeconfig.',
  ),
  'cluster.denied': entry(
    'unavailable',
    false,
    'A right is missing on the cluster',
    'Grant it to the service account: docs/kubernetes.md lists them all.',
  ),
  'cluster.quota': entry('unavailable', false, "The namespace's quota is used up", 'Free quota, or raise it.'),
  'cluster.missing_crd': entry(
    'unavailable',
    false,
    'The cluster lacks an API that is needed',
    'Install the controller that the message names, or choose workload: job.',
  ),
  'cluster.not_found': entry(
    'notFound',
    false,
    'An object is not on the cluster',
    'Create what the message names; Anneal creates no namespaces and no secrets.',
  ),
  'cluster.rejected': entry(
    'failed',
    false,
    'The cluster refuses an object',
    'Read the message; it names the field or the policy.',
  ),
  'cluster.name_too_long': entry(
    'badInput',
    false,
    'A name becomes too long on Kubernetes',
    'Shorten it by as much as the message says.',
  ),
  'cluster.name_taken': entry(
    'badInput',
    false,
    'Another deployment has a campaign of that name on the cluster',
    'Give the campaign another name, or the deployment a namespace of its own.',
  ),
} as const satisfies Record<string, ErrorEntry>;
