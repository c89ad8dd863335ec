// The pages of passkeys as a part of the console: where what is made goes, and where what is signed goes.
import type { Hono } from 'hono';
import type { GateAnswer } from '../../contracts/gate.ts';
import { submitEnrolment } from '../../infra/people/enrolments.ts';
import { submitProof } from '../../infra/people/first-admin.ts';
import type { ConsolePorts } from '../ports.ts';
import { createEvidenceReader } from '../read/evidence.ts';
import { lookAtGate, passOn } from '../read/gate.ts';
import type { Layout } from '../sign-in/pages.ts';
import type { PersonalSignIn } from '../sign-in/person.ts';
import { knownPasskeys } from './known.ts';
import { createPasskeyRoutes } from './routes.ts';

export interface Passkeys {
  readonly routes: Hono;
  /** The domain that they are made for. */
  readonly rpId: string;
}

/** @param origin where browsers find the console */
export function mountPasskeys(
  ports: ConsolePorts,
  { signIn, origin, layout }: { readonly signIn: PersonalSignIn; readonly origin: string; readonly layout: Layout },
): Passkeys {
  const rpId = new URL(origin).hostname;
  const evidenceOf = createEvidenceReader(ports.store);
  const routes = createPasskeyRoutes({
    ...{ signIn, origin, rpId, layout },
    passkeysOf: (name) => knownPasskeys(ports, name, rpId),
    enrolments: {
      // It counts for nothing until an admin has compared the fingerprint.
      async submit(enrolment) {
        await submitEnrolment(ports.store, enrolment);
      },
      prove: (whose, proof) => submitProof(ports.store, whose, proof),
    },
    async decide(decision) {
      const looked = await lookAtGate(ports, evidenceOf, decision.body.gate);
      return told(await passOn(ports, looked, decision, decision.body.approver));
    },
  });
  return { routes, rpId };
}

const told = (answer: GateAnswer): string =>
  answer.how === 'counted'
    ? `${answer.counted} of ${answer.needed} people have said ${answer.option}: the gate waits for the others.`
    : `Decided: ${answer.option}.`;
