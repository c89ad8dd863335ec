// A passkey's public half, as whoever verifies its signatures must know it.
import { z } from 'zod';

export const passkeyEntry = z.strictObject({
  /** Of the authenticator, base64url: what a browser is asked for. */
  credential: z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/, 'base64url'),
  algorithm: z.enum(['ES256', 'EdDSA', 'RS256']),
  /** SubjectPublicKeyInfo, DER, base64url. */
  publicKey: z.string().regex(/^[A-Za-z0-9_-]+$/, 'base64url'),
  /** The domain that it was made for, and where it may be used. */
  rpId: z.string().min(1),
  origins: z.array(z.url()).min(1),
});
export type Passkey = z.infer<typeof passkeyEntry>;
