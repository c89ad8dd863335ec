// Checks an exported audit log with nothing but Node: node verify.mjs [HEADS.jsonl …], in the folder of the export. Heads that somebody kept
// elsewhere, from an earlier export or a message, show whether anything was cut off since. Exit code 1 where anything is wrong.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const problems = [];
const wrong = (number, what) => problems.push(`${number}: ${what}`);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const linesOf = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
/** JSON with sorted keys and no white space: what is signed. */
const canonical = (value) =>
  Array.isArray(value)
    ? `[${value.map(canonical).join(',')}]`
    : value !== null && typeof value === 'object'
      ? `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
          .join(',')}}`
      : JSON.stringify(value);

const keys = new Map(
  JSON.parse(readFileSync(join(HERE, 'keys.json'), 'utf8')).map(({ name, keyId, publicKey }) => {
    const raw = Buffer.from(publicKey, 'base64url');
    if (sha256(raw) !== keyId) wrong('keys', `the key of ${name} does not match its id`);
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
    return [keyId, { name, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) }];
  }),
);
const signedBy = ({ body, keyId, signature }) => {
  const signer = keys.get(keyId);
  const fits =
    signer !== undefined && verify(null, Buffer.from(canonical(body)), signer.key, Buffer.from(signature, 'base64url'));
  return fits ? signer.name : undefined;
};

const texts = linesOf(join(HERE, 'entries.jsonl'));
const heads = new Map(
  linesOf(join(HERE, 'heads.jsonl')).map((line) => [JSON.parse(line).body.number, JSON.parse(line)]),
);
const shown = new Set();
let before = null;
for (const [index, text] of texts.entries()) {
  const number = index + 1;
  const entry = JSON.parse(text);
  if (entry.number !== number) wrong(number, `the entry says that it is ${entry.number}`);
  if (entry.previous !== before) wrong(number, 'the entry does not follow the one before it');
  before = sha256(text);
  const head = heads.get(number);
  if (head === undefined) wrong(number, 'nobody has signed it');
  else if (head.body.entry !== before) wrong(number, 'its head is that of another entry');
  else if (signedBy(head) === undefined) wrong(number, 'its head was not signed by a key of keys.json');
  if (entry.event.what === 'gate-opened') shown.add(entry.event.evidence.sha256);
  if (entry.event.what === 'gate-closed' && entry.event.decided !== null) checkDecision(number, entry.event);
}
for (const path of process.argv.slice(2))
  for (const { body, ...signed } of linesOf(path).map((line) => JSON.parse(line))) {
    const text = texts[body.number - 1];
    if (signedBy({ body, ...signed }) === undefined) wrong(body.number, `${path}: a head that nobody known signed`);
    else if (text === undefined) wrong(body.number, `${path}: there was such an entry, and it is gone`);
    else if (sha256(text) !== body.entry) wrong(body.number, `${path}: another entry stood here`);
  }

function checkDecision(number, { gate, option, decided }) {
  const path = join(HERE, 'decisions', `${decided.decision}.json`);
  if (!existsSync(path)) return wrong(number, `the decision ${decided.decision} is not in the export`);
  const text = readFileSync(path, 'utf8');
  const decision = JSON.parse(text);
  const { body } = decision;
  if (sha256(canonical(decision)) !== decided.decision) wrong(number, 'the decision is another one');
  if (signedBy(decision) !== body.approver) wrong(number, `the decision was not signed by ${body.approver}`);
  if (body.gate !== gate || body.option !== option || body.approver !== decided.approver)
    wrong(number, 'the entry says otherwise than the decision');
  const evidence = readFileSync(path.replace(/\.json$/, '.evidence.json'));
  if (sha256(evidence) !== body.evidenceHash || !shown.has(body.evidenceHash))
    wrong(number, 'the evidence is not what was shown and signed');
}

for (const problem of problems) console.log(problem);
console.log(
  problems.length === 0
    ? `${texts.length} entries, one chain, every head and decision signed by a key of keys.json. The last: ${before}`
    : `${problems.length} problems in ${texts.length} entries`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
