// One file of data, from its text to what is found in it: a function of the check and the text alone.
import type { ComponentScore, GateResult } from '../../../contracts/judgement.ts';
import { broken, held, refused } from '../gates.ts';
import type { Found } from '../verifier.ts';
import { parseCsv } from './csv.ts';
import { parseJson } from './json.ts';
import type { Parsed } from './parsed.ts';
import { mismatch } from './schema.ts';
import { violation } from './semantic.ts';
import type { StructuredDataCheck } from './structured-data.ts';
import { parseYaml } from './yaml.ts';

export function judgeData(check: StructuredDataCheck, text: string): Found {
  const parsed = parse(check, text);
  if ('why' in parsed) return refused([broken('parses', parsed.why)]);
  const parses = held('parses', `${check.file} is strict ${check.as.format}`);
  const wrong = mismatch(check.schema, parsed.value);
  if (wrong !== undefined) return refused([parses, broken('schema', wrong)]);
  const gates: GateResult[] = [parses, held('schema', 'matches')];
  for (const one of check.checks.filter(({ hard }) => hard)) {
    const why = violation(one, parsed.value);
    gates.push(why === undefined ? held(one.name, 'holds') : broken(one.name, why));
    if (why !== undefined) return refused(gates);
  }
  const components = check.checks.map((one): ComponentScore => {
    const why = violation(one, parsed.value);
    const score = why === undefined ? 1 : 0;
    return { name: one.name, kind: 'outcome', score, weight: one.weight, why: why ?? 'holds' };
  });
  return { gates, components, runs: [], seen: null };
}

function parse({ file, as }: StructuredDataCheck, text: string): Parsed {
  // Spreadsheets write one before CSV; JSON and YAML have no use for it.
  if (as.format !== 'csv' && text.startsWith('\uFEFF')) return { why: `${file} begins with a byte order mark` };
  const parsed = as.format === 'json' ? parseJson(text) : as.format === 'yaml' ? parseYaml(text) : parseCsv(text, as);
  return 'why' in parsed ? { why: `${file} ${parsed.why}` } : parsed;
}
