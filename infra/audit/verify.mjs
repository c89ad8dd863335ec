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

/** Raw Ed25519 keys get their header; passkeys have one. */
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
const keys = new Map(
  JSON.parse(readFileSync(join(HERE, 'keys.json'), 'utf8')).map(({ name, keyId, publicKey, passkey }) => {
    const raw = Buffer.from(passkey?.publicKey ?? publicKey, 'base64url');
    if (sha256(raw) !== keyId) wrong('keys', `the key of ${name} does not match its id`);
    const spki = passkey === undefined ? Buffer.concat([ED25519, raw]) : raw;
    return [keyId, { name, passkey, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) }];
  }),
);
const signedBy = ({ body, keyId, signature, assertion }) => {
  const signer = keys.get(keyId);
  if (signer === undefined) return undefined;
  const bytes = Buffer.from(canonical(body));
  const fits = (digest, over) => verify(digest, over, signer.key, Buffer.from(signature, 'base64url'));
  if (signer.passkey === undefined) return fits(null, bytes) ? signer.name : undefined;
  if (assertion === undefined) return undefined;
  const [authenticator, said] = [assertion.authenticatorData, assertion.clientDataJson].map((one) =>
    Buffer.from(one, 'base64url'),
  );
  const { type, challenge, origin, crossOrigin } = JSON.parse(said);
  const asked =
    type === 'webauthn.get' &&
    challenge === createHash('sha256').update(bytes).digest('base64url') &&
    signer.passkey.origins.includes(origin) &&
    crossOrigin !== true &&
    authenticator.subarray(0, 32).toString('hex') === sha256(signer.passkey.rpId) &&
    (authenticator[32] & 0x05) === 0x05;
  const over = Buffer.concat([authenticator, createHash('sha256').update(said).digest()]);
  return asked && fits(signer.passkey.algorithm === 'EdDSA' ? null : 'sha256', over) ? signer.name : undefined;
};

const texts = linesOf(join(HERE, 'entries.jsonl'));
const heads = new Map(
  linesOf(join(HERE, 'heads.jsonl')).map((line) => [JSON.parse(line).body.number, JSON.parse(line)]),
);
const people = linesOf(join(HERE, 'people.jsonl'));
const noted = new Set();
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
  if (entry.event.what === 'people-changed') checkChange(number, entry.event);
  if (entry.event.what === 'gate-opened') shown.add(entry.event.evidence.sha256);
  if (entry.event.what === 'gate-closed' && entry.event.decided !== null) {
    const { seconds = [], ...decided } = entry.event.decided;
    for (const one of [decided, ...seconds]) checkDecision(number, { ...entry.event, decided: one });
    const people = [decided, ...seconds]
      .flatMap(({ approver, inNameOf }) => (inNameOf === undefined ? [approver] : [approver, inNameOf]))
      .map((name) => name.normalize('NFKC').toLowerCase());
    if (new Set(people).size !== people.length) wrong(number, 'one person is counted twice');
  }
}
for (const at of people.keys()) if (!noted.has(at + 1)) wrong('people', `entry ${at + 1} was never noted in the log`);
for (const path of process.argv.slice(2))
  for (const { body, ...signed } of linesOf(path).map((line) => JSON.parse(line))) {
    const text = texts[body.number - 1];
    if (signedBy({ body, ...signed }) === undefined) wrong(body.number, `${path}: a head that nobody known signed`);
    else if (text === undefined) wrong(body.number, `${path}: there was such an entry, and it is gone`);
    else if (sha256(text) !== body.entry) wrong(body.number, `${path}: another entry stood here`);
  }

/** Of the registry of people: what stands there is what was noted, and whoever the log names has signed it. */
function checkChange(number, { number: at, entry, by, change }) {
  noted.add(at);
  const text = people[at - 1];
  if (text === undefined) return wrong(number, `entry ${at} of the registry of people is gone`);
  const signed = JSON.parse(text);
  if (sha256(text) !== entry || canonical(signed.body.change) !== canonical(change) || signed.body.by !== by)
    wrong(number, `entry ${at} of the registry of people is another one`);
  if (signed.body.previous !== (at === 1 ? null : sha256(people[at - 2])))
    wrong(number, `entry ${at} of the registry of people does not follow the one before it`);
  if (signedBy(signed) !== by) wrong(number, `entry ${at} of the registry of people was not signed by ${by}`);
}

function checkDecision(number, { gate, option, decided }) {
  const path = join(HERE, 'decisions', `${decided.decision}.json`);
  if (!existsSync(path)) return wrong(number, `the decision ${decided.decision} is not in the export`);
  const text = readFileSync(path, 'utf8');
  const decision = JSON.parse(text);
  const { body } = decision;
  if (sha256(canonical(decision)) !== decided.decision) wrong(number, 'the decision is another one');
  if (signedBy(decision) !== body.approver) wrong(number, `the decision was not signed by ${body.approver}`);
  if (
    body.gate !== gate ||
    body.option !== option ||
    body.approver !== decided.approver ||
    body.inNameOf !== decided.inNameOf
  )
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
