// Certificates and keys in their files, checked before anything is connected: what can be told from here costs no round trip,
// and the words of a failed handshake rarely name a file.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import type { TlsFiles } from './settings.ts';

export interface TlsMaterial {
  /** Undefined: the system's authorities. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly serverName?: string;
}

/** @throws AnnealError `temporal.credentials` with every problem; `temporal.certificate_expired` when that is all */
export function readTls(files: TlsFiles, now = new Date()): TlsMaterial {
  const problems: Problem[] = [];
  const ca = read(files.ca, 'ANNEAL_TEMPORAL_TLS_CA', problems);
  const cert = read(files.cert, 'ANNEAL_TEMPORAL_TLS_CERT', problems);
  const key = read(files.key, 'ANNEAL_TEMPORAL_TLS_KEY', problems);
  if (ca !== undefined) certificates(ca, files.ca, 'ANNEAL_TEMPORAL_TLS_CA', problems, now);
  const [own] = cert === undefined ? [] : certificates(cert, files.cert, 'ANNEAL_TEMPORAL_TLS_CERT', problems, now);
  if (key !== undefined) checkKey(key, own, files, problems);
  if (problems.length > 0) throw refused(problems);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(files.serverName !== undefined && { serverName: files.serverName }),
  };
}

function read(path: string | undefined, variable: string, problems: Problem[]): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (failure) {
    const why = failure instanceof Error && 'code' in failure ? REASONS[String(failure.code)] : undefined;
    problems.push(
      problem(variable, 'a file that can be read', `${path}: ${why ?? String(failure)}`, 'Correct the path.'),
    );
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a folder',
  EACCES: 'reading it is not permitted',
};

function certificates(
  pem: Buffer,
  path: string | undefined,
  variable: string,
  problems: Problem[],
  now: Date,
): X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  const found: X509Certificate[] = [];
  try {
    for (const block of blocks) found.push(new X509Certificate(block));
  } catch {
    found.length = 0;
  }
  if (found.length === 0) {
    const hint = 'A PEM file begins with -----BEGIN CERTIFICATE-----; convert a .der, .p12 or .jks first.';
    problems.push(problem(variable, 'certificates in PEM', `${path} holds none that can be read`, hint));
  }
  // One live authority in a bundle is enough; of our own chain the first is what the server looks at.
  const judged = variable.endsWith('_CA') ? (found.every((one) => !isLive(one, now)) ? found : []) : found.slice(0, 1);
  for (const one of judged) {
    if (isLive(one, now)) continue;
    const what = `${path} (${subjectOf(one)}) is valid from ${day(one.validFromDate)} to ${day(one.validToDate)}`;
    problems.push(problem(variable, EXPIRED, what, 'Renew it, or correct the clock of this machine.'));
  }
  return found;
}

const EXPIRED = 'a certificate that is valid today';
const isLive = (one: X509Certificate, now: Date): boolean => one.validFromDate <= now && now <= one.validToDate;
const day = (date: Date): string => date.toISOString().slice(0, 16).replace('T', ' ');
export const subjectOf = (one: { readonly subject: string }): string => one.subject.replaceAll('\n', ', ');

function checkKey(pem: Buffer, own: X509Certificate | undefined, files: TlsFiles, problems: Problem[]): void {
  const variable = 'ANNEAL_TEMPORAL_TLS_KEY';
  try {
    const key = createPrivateKey(pem);
    if (own === undefined || own.checkPrivateKey(key)) return;
    const got = `${files.key}, which belongs to another certificate than ${files.cert}`;
    problems.push(
      problem(variable, 'the key of the client certificate', got, 'Use the pair that was issued together.'),
    );
  } catch {
    const encrypted = pem.includes('ENCRYPTED');
    const got = `${files.key}${encrypted ? ', which is encrypted' : ''}`;
    const hint = encrypted
      ? 'Remove its passphrase; protect the file instead.'
      : 'It begins with -----BEGIN PRIVATE KEY-----.';
    problems.push(problem(variable, 'a private key in PEM', got, hint));
  }
}

const problem = (path: string, expected: string, got: string, hint: string): Problem => ({
  code: expected === EXPIRED ? 'temporal.certificate_expired' : 'temporal.credentials',
  ...{ path, expected, got, hint },
});

function refused(problems: readonly Problem[]): AnnealError {
  const expired = problems.every(({ code }) => code === 'temporal.certificate_expired');
  const told = problems.map(({ got, expected }) => (expired ? got : `${got} (expected: ${expected})`)).join('; ');
  return new AnnealError(expired ? 'temporal.certificate_expired' : 'temporal.credentials', told, { problems });
}
