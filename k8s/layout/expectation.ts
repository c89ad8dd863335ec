// What the profile's schema says about a field, in words, for messages.
import { z } from 'zod';
import { profileSpec } from '../../contracts/profile.ts';

/** The parts of a JSON Schema node that messages need. */
interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly description?: string;
  readonly unit?: string;
}

const ROOT = z.toJSONSchema(profileSpec, { io: 'input' }) as Node;
export type Path = readonly (string | number)[];

/** `trainer.parallel.data`, `tolerations[0]` */
export const dotted = (path: Path): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');

function nodeAt(path: Path): Node | undefined {
  let node: Node | undefined = ROOT;
  for (const step of path) {
    if (node === undefined) return undefined;
    const open: Node | undefined =
      typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    node = typeof step === 'number' ? node.items : (node.properties?.[step] ?? open);
  }
  return node;
}

export const fieldsAt = (path: Path): string[] => Object.keys(nodeAt(path)?.properties ?? {});
export const aboutAt = (path: Path): string => nodeAt(path)?.description ?? '';
export const choicesAt = (path: Path): string[] => (nodeAt(path)?.enum ?? []).map(String);
export const isDuration = (path: Path): boolean => nodeAt(path)?.unit === 'duration';
export const isQuantity = (path: Path): boolean => nodeAt(path)?.unit === 'quantity';

/** `a whole number of at least 1`, `one of gpu, cpu`. */
export function expectedAt(path: Path): string {
  const node = nodeAt(path);
  if (node === undefined) return 'nothing: there is no such field';
  if (node.unit === 'duration') return 'a duration with a unit, for example 90s, 15m or 2h';
  if (node.unit === 'quantity') return 'a Kubernetes quantity in quotes or with a unit, for example 64Gi';
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.map(String).join(', ')}`;
  switch (node.type) {
    case 'integer':
      return `a whole number${range(node)}`;
    case 'number':
      return `a number${range(node)}`;
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    default:
      return fieldsAt(path).length > 0 ? `a map with ${fieldsAt(path).join(', ')}` : 'a map';
  }
}

function range({ minimum, maximum, exclusiveMinimum }: Node): string {
  const top = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  if (minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER)
    return top === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${top}`;
  return top === undefined ? '' : ` of at most ${top}`;
}
