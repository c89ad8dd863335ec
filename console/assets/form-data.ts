// What stands on forms for the scripts that have passkeys sign.

export interface OwnKeys {
  readonly rpId: string;
  /** The person's passkeys that count. */
  readonly keys: readonly { readonly keyId: string; readonly credential: string }[];
}

/** What stands on the form, from the server. */
export interface ConfirmData extends OwnKeys {
  readonly csrf: string;
  /** The admin. */
  readonly by: string;
  readonly enrolment: { readonly name: string; readonly keyId: string; readonly passkey: object };
  /** Of the registry of people, in this order: who it is, where nobody knows them yet, and the passkey. */
  readonly changes: readonly { readonly what: string; readonly keyId?: string; readonly passkey?: object }[];
  readonly next: string;
  readonly entries: string;
}
