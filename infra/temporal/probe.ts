// The first words with a server, spoken by hand: a connection, TLS, an empty HTTP/2 settings frame and the answer to it.
// gRPC clients try again and again, and what they say in the end is that no connection could be established.
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { AnnealError, type ErrorCode } from '../../contracts/errors.ts';
import type { TlsMaterial } from './tls-files.ts';

const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
  // Length 0, type 4 (settings), no flags, stream 0.
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const SETTINGS = 4;
const TLS_RECORD = { alert: 21, handshake: 22 } as const;

/**
 * Connects as a client would and leaves again.
 * @throws AnnealError `stack.temporal_unavailable` or `temporal.*`, named by what went wrong
 */
export async function probe(address: string, tls: TlsMaterial | undefined, timeoutMs: number): Promise<void> {
  const { host, port } = partsOf(address);
  const socket = tls === undefined ? connectPlain({ host, port }) : openTls(host, port, tls);
  try {
    await answered(socket, timeoutMs);
  } catch (failure) {
    throw named(failure, address, tls, socket);
  } finally {
    socket.destroy();
  }
}

export function partsOf(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

function openTls(host: string, port: number, { ca, cert, key, serverName }: TlsMaterial): TLSSocket {
  const name = serverName ?? host;
  return connectTls({
    // Judged in `answered`, as strictly, while the certificate can still be read: messages quote it.
    ...{ host, port, ALPNProtocols: ['h2'], rejectUnauthorized: false },
    // An address is no name to ask for, but the certificate must still be for it.
    ...(isIP(name) ? {} : { servername: name }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
}

class Unexpected extends Error {}

/** Why the certificate of the other side is not accepted, as Node's own code for it. */
function untrusted(socket: Socket): Error | undefined {
  if (!('authorized' in socket)) return undefined;
  const { authorized, authorizationError } = socket as TLSSocket;
  const code = String(authorizationError);
  return authorized ? undefined : Object.assign(new Error(code.toLowerCase().replaceAll('_', ' ')), { code });
}

/**
 * With TLS 1.3 a client certificate is judged after the handshake, so that only the first answer tells that it was accepted.
 */
function answered(socket: Socket, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const settle = (failure?: Error): void => {
      clearTimeout(timer);
      if (failure === undefined) resolve();
      else reject(failure);
    };
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      const distrust = untrusted(socket);
      if (distrust === undefined) socket.write(PREFACE);
      else settle(distrust);
    });
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      const first = heard[0];
      if (first === TLS_RECORD.alert || first === TLS_RECORD.handshake) settle(new Unexpected('TLS'));
      else if (heard.length >= 9) settle(heard[3] === SETTINGS ? undefined : new Unexpected(text(heard)));
    });
    socket.on('error', settle);
    socket.on('close', () => settle(new Unexpected(heard.length === 0 ? 'nothing' : text(heard))));
  });
}

const text = (bytes: Buffer): string => JSON.stringify(bytes.subarray(0, 20).toString('latin1'));

function named(failure: unknown, address: string, tls: TlsMaterial | undefined, socket: Socket): AnnealError {
  const code = failure instanceof Error && 'code' in failure ? String(failure.code) : '';
  const why = failure instanceof Error ? failure.message : String(failure);
  const error = (name: ErrorCode, message: string): AnnealError => new AnnealError(name, message, { cause: failure });
  const { host } = partsOf(address);

  if (/^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/.test(code))
    return error('temporal.certificate_expired', `that of ${address} is valid ${validity(socket)}: ${why}`);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return error(
      'temporal.untrusted_server',
      `the certificate of ${address} is for ${namesOf(socket)}, not for ${tls?.serverName ?? host}; set ANNEAL_TEMPORAL_TLS_SERVER_NAME to the one that is right`,
    );
  if (/^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|INVALID_CA|PATH_LENGTH)/.test(code))
    return error(
      'temporal.untrusted_server',
      `the certificate of ${address} is from no authority in ${tls?.ca === undefined ? "the system's list" : 'ANNEAL_TEMPORAL_TLS_CA'} (${why}); ${tls?.ca === undefined ? 'name its authority in ANNEAL_TEMPORAL_TLS_CA' : 'put its authority there'}`,
    );
  if (/ALERT.*CERTIFICATE_EXPIRED/.test(code))
    return error('temporal.certificate_expired', `${address} says that our client certificate has expired`);
  if (/ALERT.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/.test(code))
    return error(
      'temporal.certificate_refused',
      tls?.cert === undefined
        ? `${address} asks for one; set ANNEAL_TEMPORAL_TLS_CERT and ANNEAL_TEMPORAL_TLS_KEY`
        : `${address} knows no authority that issued the one in ANNEAL_TEMPORAL_TLS_CERT (${why})`,
    );
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code))
    return error('temporal.tls_mismatch', `${address} speaks no TLS; unset the ANNEAL_TEMPORAL_TLS variables`);
  if (failure instanceof Unexpected && why === 'TLS')
    return error('temporal.tls_mismatch', `${address} wants TLS; set ANNEAL_TEMPORAL_TLS=on`);
  if (failure instanceof Unexpected ? why === 'nothing' : code === 'ECONNRESET')
    return tls === undefined
      ? error('temporal.tls_mismatch', `${address} hangs up without TLS; set ANNEAL_TEMPORAL_TLS=on`)
      : error(
          'temporal.certificate_refused',
          `${address} hangs up, as servers do that want another client certificate`,
        );
  if (failure instanceof Unexpected)
    return error('stack.temporal_unavailable', `what answers at ${address} is no Temporal: it said ${why}`);
  return error('stack.temporal_unavailable', `Temporal does not answer at ${address}: ${why}`);
}

function peer(socket: Socket): PeerCertificate | undefined {
  const found = 'getPeerCertificate' in socket ? (socket as TLSSocket).getPeerCertificate() : undefined;
  return found !== undefined && 'subject' in found ? found : undefined;
}
const namesOf = (socket: Socket): string => peer(socket)?.subjectaltname ?? 'no name';
const validity = (socket: Socket): string => {
  const found = peer(socket);
  return found === undefined ? 'at another time' : `from ${found.valid_from} to ${found.valid_to}`;
};
