// What a document's schema says about a field, in words: used for messages, never for deciding validity (zod does that).
import { z } from 'zod';
import { campaignSpec } from '../../contracts/campaign.ts';

/** The parts of a JSON Schema node that messages need. */
interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
}

export const DURATION = 'a duration with a unit, for example 90s, 15m or 2h';

export type Path = readonly (string | number)[];

/** What a schema says about the fields of its documents. */
export interface Guide {
  /** What such a document is called: `a campaign`. */
  readonly noun: string;
  fieldsAt(path: Path): string[];
  requiredAt(path: Path): readonly string[];
  isDuration(path: Path): boolean;
  isNumber(path: Path): boolean;
  isShare(path: Path): boolean;
  choicesAt(path: Path): string[];
  aboutAt(path: Path): string;
  placesOf(name: string): string[];
  expectedAt(path: Path): string;
}

export function guideOf(schema: z.ZodType, noun: string): Guide {
  const root = z.toJSONSchema(schema, { io: 'input' }) as Node;

  /** The schema node at a path; list positions step into the items. */
  function nodeAt(path: Path): Node | undefined {
    let node: Node | undefined = root;
    for (const step of path) node = opened(typeof step === 'number' ? node?.items : node?.properties?.[step]);
    return node;
  }

  /** Field names that an object at `path` accepts; empty when there is no object. */
  function fieldsAt(path: Path): string[] {
    return Object.keys(nodeAt(path)?.properties ?? {});
  }

  function requiredAt(path: Path): readonly string[] {
    return nodeAt(path)?.required ?? [];
  }

  function isDuration(path: Path): boolean {
    return nodeAt(path)?.unit === 'duration';
  }

  function isNumber(path: Path): boolean {
    const type = nodeAt(path)?.type;
    return type === 'number' || type === 'integer';
  }

  function isShare(path: Path): boolean {
    const node = nodeAt(path);
    return node?.type === 'number' && node.minimum === 0 && node.maximum === 1;
  }

  function choicesAt(path: Path): string[] {
    const node = nodeAt(path);
    const choices = node?.const === undefined ? (node?.enum ?? []) : [node.const];
    return choices.map(String);
  }

  /** The first sentence of documentation that the schema carries for the field, or ''. */
  function aboutAt(path: Path): string {
    return nodeAt(path)?.description ?? '';
  }

  /** Every place in the document where a field of this name belongs, as dotted paths. */
  function placesOf(name: string): string[] {
    const found: string[] = [];
    const visit = (node: Node, path: string[]): void => {
      for (const [key, closed] of Object.entries(node.properties ?? {})) {
        const child = opened(closed) ?? closed;
        const here = [...path, key];
        if (key.toLowerCase() === name.toLowerCase()) found.push(here.join('.'));
        visit(child, here);
      }
    };
    visit(root, []);
    return found;
  }

  /** `a whole number from 2 to 64`, `one of promote, hold`, `a map with the fields …`. */
  function expectedAt(path: Path): string {
    const node = nodeAt(path);
    if (node === undefined) return 'nothing: there is no such field';
    if (node.unit === 'duration') return DURATION;
    const choices = choicesAt(path);
    if (choices.length === 1) return choices[0] ?? '';
    if (choices.length > 1) return `one of ${choices.join(', ')}`;
    switch (node.type) {
      case 'integer':
        return `a whole number${range(node)}`;
      case 'number':
        return `a number${range(node)}`;
      case 'string':
        return `a text${lengths(node)}`;
      case 'boolean':
        return 'true or false';
      case 'array':
        return `a list${node.minItems === undefined ? '' : ` of at least ${node.minItems}`}`;
      case 'object':
        return `a map with ${Object.keys(node.properties ?? {}).join(', ')}`;
      default:
        return 'another value';
    }
  }

  return { noun, fieldsAt, requiredAt, isDuration, isNumber, isShare, choicesAt, aboutAt, placesOf, expectedAt };
}

export const campaignGuide = guideOf(campaignSpec, 'a campaign');

/** Of a choice between schemas, all that they say: where two have fields, the fields of both, and what both require. */
function opened(node: Node | undefined): Node | undefined {
  const choice = (node?.anyOf ?? node?.oneOf)?.filter(({ type }) => type !== 'null');
  if (choice === undefined) return node;
  const maps = choice.flatMap(({ properties }) => (properties === undefined ? [] : [properties]));
  if (maps.length < 2) return Object.assign({}, ...choice, node) as Node;
  const required = choice.map((one) => one.required ?? []).reduce((both, own) => both.filter((f) => own.includes(f)));
  return Object.assign({}, ...choice, node, { properties: together(maps), required }) as Node;
}

/** A field that several maps have takes what any of them takes. */
function together(maps: readonly NonNullable<Node['properties']>[]): NonNullable<Node['properties']> {
  const names = [...new Set(maps.flatMap((map) => Object.keys(map)))];
  return Object.fromEntries(
    names.map((name) => {
      const own = maps.flatMap((map) => (map[name] === undefined ? [] : [map[name]]));
      const choices = own.flatMap((node) => (node.const === undefined ? [] : [node.const]));
      if (choices.length < own.length) return [name, own[0]!];
      const { const: _, ...first } = own[0]!;
      return [name, { ...first, enum: choices }];
    }),
  );
}

function range(node: Node): string {
  const low = node.exclusiveMinimum ?? node.minimum;
  const bounded = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const above = node.exclusiveMinimum === undefined ? 'of at least' : 'above';
  if (bounded(low) && bounded(node.maximum))
    return node.exclusiveMinimum === undefined
      ? ` from ${low} to ${node.maximum}`
      : ` above ${low}, at most ${node.maximum}`;
  if (bounded(low)) return ` ${above} ${low}`;
  return bounded(node.maximum) ? ` of at most ${node.maximum}` : '';
}

function lengths(node: Node): string {
  if (node.minLength !== undefined && node.maxLength !== undefined)
    return ` of ${node.minLength} to ${node.maxLength} characters`;
  return node.maxLength === undefined ? '' : ` of at most ${node.maxLength} characters`;
}
