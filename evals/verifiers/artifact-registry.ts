// Which code judges which format: verifiers by name and version. One that a locked set names is never changed; a change is a further
// version beside it, so that stored rollouts can be judged by both.
import { AnnealError } from '../../contracts/errors.ts';
import type { VerifierRef } from '../../contracts/judgement.ts';
import { answer, answerOne } from './answer/answer.ts';
import { openAnswer } from './answer/open-answer.ts';
import { document, documentThree, documentTwo } from './document/document.ts';
import { leaderboard } from './leaderboard/leaderboard.ts';
import { patch } from './patch/patch.ts';
import { program, programOne } from './program/program.ts';
import { slides, slidesThree, slidesTwo } from './slides/slides.ts';
import { spreadsheet } from './spreadsheet/spreadsheet.ts';
import { structuredData } from './structured-data/structured-data.ts';
import { terminalState } from './terminal-state/terminal-state.ts';
import type { ArtifactVerifier } from './verifier.ts';
import { webPage, webPageTwo } from './web-page/web-page.ts';

/** Each knows the type of its own check; whoever looks one up has read none yet. */
const erased = <Check>(verifier: ArtifactVerifier<Check>): ArtifactVerifier => verifier as unknown as ArtifactVerifier;

export const ARTIFACT_VERIFIERS: readonly ArtifactVerifier[] = [
  erased(programOne),
  erased(program),
  erased(patch),
  erased(structuredData),
  erased(answerOne),
  erased(answer),
  erased(openAnswer),
  erased(leaderboard),
  erased(spreadsheet),
  erased(terminalState),
  erased(webPageTwo),
  erased(webPage),
  erased(documentTwo),
  erased(documentThree),
  erased(document),
  erased(slidesTwo),
  erased(slidesThree),
  erased(slides),
];

const named = ({ name, version }: VerifierRef): string => `${name}@${version}`;

/** `name@version`, of all that this build has. */
export const artifactVerifierNames = (): string[] => ARTIFACT_VERIFIERS.map(({ ref }) => named(ref));

/** @throws AnnealError `verifier.failed` when this build has no such verifier */
export function artifactVerifierFor(ref: VerifierRef): ArtifactVerifier {
  const verifier = ARTIFACT_VERIFIERS.find((one) => named(one.ref) === named(ref));
  if (verifier !== undefined) return verifier;
  const there = ARTIFACT_VERIFIERS.map((one) => named(one.ref)).sort();
  throw new AnnealError('verifier.failed', `no verifier ${named(ref)} in this build, only ${there.join(', ')}`);
}
