// Texts whose form Kubernetes prescribes: refused here, with what is expected, rather than by the API server when a campaign runs.
import { z } from 'zod';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(?:\\.${LABEL})*`;
/** What follows the slash of a label's key or a resource. */
const SUFFIX = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const IMAGE_HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d+)?';
const IMAGE_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const IMAGE_TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';

const form = (pattern: string, expected: string) => z.string().regex(new RegExp(`^${pattern}$`), expected);

/** Of a namespace or a LocalQueue, which are labels too. */
export const kubernetesName = form(LABEL, 'a Kubernetes name: lower-case letters, digits and dashes, at most 63');

/** Of most other objects: a volume claim, a priority class. */
export const objectName = form(SUBDOMAIN, "an object's name: lower-case letters, digits, dashes and dots").max(253);

export const imageName = form(
  `(?:${IMAGE_HOST}/)?${IMAGE_PART}(?:/${IMAGE_PART})*(?::${IMAGE_TAG})?(?:@sha256:[0-9a-f]{64})?`,
  "an image's name, for example registry.example.com/team/trainer:1.0",
);

/** Extended resources have a domain; `cpu` and `memory` are asked for elsewhere. */
export const resourceName = form(
  `${SUBDOMAIN}/${SUFFIX}`,
  "an extended resource's name with its domain, for example nvidia.com/gpu",
);

export const labelKey = form(`(?:${SUBDOMAIN}/)?${SUFFIX}`, "a label's name, for example topology.kubernetes.io/rack");

/** As Kubernetes writes it: `96`, `500m`, `64Gi`. */
export const kubernetesQuantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, 'a Kubernetes quantity in quotes or with a unit, for example 64Gi')
  .meta({ unit: 'quantity' });
