// YAML 1.2 with the core schema and nothing that is more than data: no aliases (a small file may stand for a huge one), no tags, no
// merge keys, one document.
import { type Document, isMap, isScalar, isSeq, parseDocument, visit, type YAMLMap } from 'yaml';
import { checkedKey, createBounds, exactNumber, type JsonValue, type Parsed, Refusal, refusing } from './parsed.ts';

/** The parser takes a time that grows with the square of a text made for it. */
const MOST_CHARACTERS = 2 ** 17;

export function parseYaml(text: string): Parsed {
  return refusing(() => {
    if (text.length > MOST_CHARACTERS) throw new Refusal(`has more than ${MOST_CHARACTERS} characters`);
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      strict: true,
      // It compares each with each; `plain` looks instead.
      uniqueKeys: false,
      stringKeys: true,
      intAsBigInt: true,
      merge: false,
      // `silent` would also leave out the error of a second document.
      logLevel: 'error',
    });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) throw new Refusal(`is no strict YAML: ${problem.message.split('\n')[0]?.slice(0, 200)}`);
    refuseMore(document);
    return plain(document.contents, createBounds());
  });
}

function refuseMore(document: Document.Parsed): void {
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2')
    throw new Refusal('asks for another version than YAML 1.2');
  visit(document, {
    Alias() {
      throw new Refusal('holds an alias');
    },
    Node(_key, node) {
      if ('tag' in node && node.tag !== undefined && !STANDARD.has(node.tag)) throw new Refusal(`holds ${node.tag}`);
    },
  });
}

const STANDARD = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
);

function plain(node: unknown, bounds: ReturnType<typeof createBounds>): JsonValue {
  bounds.value();
  if (node === null) return null;
  if (isScalar(node)) return scalar(node.value);
  bounds.enter();
  let value: JsonValue;
  if (isSeq(node)) value = node.items.map((item) => plain(item, bounds));
  else if (isMap(node)) value = members(node, bounds);
  else throw new Refusal('holds something that is no plain data');
  bounds.leave();
  return value;
}

function members({ items }: YAMLMap, bounds: ReturnType<typeof createBounds>): JsonValue {
  const found = new Map<string, JsonValue>();
  for (const { key, value } of items) {
    const name = checkedKey(isScalar(key) ? String(key.value) : '');
    if (found.has(name)) throw new Refusal(`has the key ${JSON.stringify(name.slice(0, 80))} twice: keys are unique`);
    found.set(name, plain(value, bounds));
  }
  return Object.fromEntries(found);
}

function scalar(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return exactNumber(String(value));
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Refusal(`holds ${String(value)}, which is no number of JSON`);
}
