// What is on this machine, and who asks for it under another name.
import { AnnealError } from '../../contracts/errors.ts';

/** A host that is this machine whatever a name server says. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.(0|[1-9]\d{0,2})){3}$/.test(host);
}

/** @throws AnnealError `cli.usage`: without a sign-in of its own, whoever reaches the console could do everything in it */
export function refuseOpenBind(bind: string): void {
  if (!isLoopback(bind))
    throw new AnnealError(
      'cli.usage',
      `the local mode of the console listens on this machine only, not at ${bind}; for others set ANNEAL_CONSOLE_OIDC`,
    );
}

/**
 * A page of somebody else's domain that has come to mean 127.0.0.1 (DNS rebinding) is of one origin with us in the browser's eyes. Only its
 * Host header tells it apart.
 * @throws AnnealError `sign_in.forged`
 */
export function refuseStrangeHost(host: string | null | undefined, port: number): void {
  const mine = ['localhost', '127.0.0.1', '[::1]'].flatMap((name) => [
    `${name}:${port}`,
    ...(port === 80 ? [name] : []),
  ]);
  if (host === null || host === undefined || !mine.includes(host.toLowerCase()))
    throw new AnnealError('sign_in.forged', 'it was sent to another host than this machine');
}
