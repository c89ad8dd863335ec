// A proxy with TLS in front of a console, as an ingress is: it ends TLS, names who asked, and passes everything else on as it came.
import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { makeAuthority } from './certificates.ts';

export interface HttpsFront {
  /** `https://HOST:PORT` */
  readonly origin: string;
  /** SHA-256 of the certificate's public key, in base64: what a browser is told to trust, and no other. */
  readonly pin: string;
  /** Where it passes everything on to. */
  target: number;
  stop(): Promise<void>;
}

export async function startHttpsFront(host: string): Promise<HttpsFront> {
  const { cert, key } = makeAuthority('nobody knows it').issue({ name: host, hosts: [host] });
  const server = createServer({ cert, key }, (asked, answer) => {
    // Behind whatever came with it, as ingresses do.
    const from = [asked.headers['x-forwarded-for'] ?? [], asked.socket.remoteAddress].flat().join(', ');
    const headers = { ...asked.headers, 'x-forwarded-for': from, 'x-forwarded-proto': 'https' };
    const { method, url: path } = asked;
    const on = request({ host: '127.0.0.1', port: front.target, method, path, headers }, (said) => {
      answer.writeHead(said.statusCode ?? 502, said.rawHeaders);
      said.pipe(answer);
    });
    on.on('error', () => answer.destroy());
    answer.on('close', () => on.destroy());
    asked.pipe(on);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  const front: HttpsFront = {
    origin: `https://${host}:${(server.address() as AddressInfo).port}`,
    pin: createHash('sha256').update(spki).digest('base64'),
    target: 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return front;
}

/** One that finds the front by its name, and takes its certificate for a good one: an exception by hand is not enough for passkeys. */
export const chromiumFor = ({ origin, pin }: HttpsFront): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-dev-shm-usage', `--ignore-certificate-errors-spki-list=${pin}`],
      `--host-resolver-rules=MAP ${new URL(origin).hostname} 127.0.0.1`,
    ],
  });
