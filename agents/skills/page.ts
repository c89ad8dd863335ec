// One page of a skill: front matter in YAML between two lines of ---, and what stands below it. Pure.
import { isAlias, parseDocument, visit } from 'yaml';
import type { Problem } from '../../contracts/errors.ts';
import { type ClauseCheck, type SkillFront, skillFront } from '../../contracts/skill.ts';
import { pathPattern } from '../../policies/glob.ts';

const MOST_BYTES = 64 * 1_024;
const FRONT = /^---\n([\s\S]*?)\n---(?:\n|$)/;
const FORM = 'front matter between two lines of ---';

function patternsOf(check: ClauseCheck | undefined): readonly string[] {
  if (check === undefined) return [];
  if ('adds' in check) return check.adds;
  if ('keeps' in check) return check.keeps;
  if ('untouched' in check) return check.untouched;
  return check.except ?? [];
}

export type ReadPage =
  | { readonly front: SkillFront; readonly page: string }
  | { readonly problems: readonly Problem[] };

export function readPage(path: string, bytes: Uint8Array): ReadPage {
  const wrong = (expected: string, hint: string, got?: string, line?: number): Problem => ({
    ...{ code: 'skill.unfit', path, expected, hint },
    ...(got === undefined ? {} : { got: got.slice(0, 200) }),
    ...(line === undefined ? {} : { line }),
  });
  if (bytes.length > MOST_BYTES)
    return {
      problems: [
        wrong(
          `at most ${MOST_BYTES} bytes`,
          'Keep what is looked up now and then in files beside the page.',
          `${bytes.length} bytes`,
        ),
      ],
    };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    return { problems: [wrong('text in UTF-8', 'Save it as UTF-8.')] };
  }
  const found = FRONT.exec(text);
  if (found === null)
    return {
      problems: [wrong(FORM, 'Begin the page with ---, name, description, ---.', text.split('\n', 1)[0] || 'nothing')],
    };
  const document = parseDocument(found[1]!, { strict: true, uniqueKeys: true, schema: 'core' });
  // One line is that of the ---.
  const lineAt = (offset: number): number => found[1]!.slice(0, offset).split('\n').length + 1;
  if (document.errors.length > 0)
    return {
      problems: document.errors.map(({ message, pos }) =>
        wrong('YAML', 'Correct the front matter.', message.split('\n')[0], lineAt(pos[0])),
      ),
    };
  let aliases = 0;
  visit(document, (_, node) => {
    if (isAlias(node)) aliases += 1;
  });
  if (aliases > 0) return { problems: [wrong('front matter without aliases', 'Write the values out.', '*')] };
  const read = skillFront.safeParse(document.toJS());
  if (!read.success)
    return {
      problems: read.error.issues.map((issue) => {
        const at = issue.path.map(String).join('.');
        if (issue.code === 'unrecognized_keys')
          return wrong(
            'fields that are known',
            'Remove them, or correct their names.',
            [at, ...issue.keys].filter((one) => one !== '').join(': '),
          );
        return wrong(
          at === '' ? issue.message : `${at}: ${issue.message}`,
          'Correct the front matter (docs/skills.md).',
        );
      }),
    };
  const twice = read.data.clauses.map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at);
  if (twice.length > 0)
    return { problems: [wrong('clauses with ids of their own', 'Rename one of the two.', twice.join(', '))] };
  const unread = read.data.clauses
    .flatMap(({ check }) => patternsOf(check))
    .filter((one) => !pathPattern.safeParse(one).success);
  if (unread.length > 0)
    return {
      problems: [wrong('clauses.check: paths with *, ?, ** or {a,b}', 'Correct the pattern.', unread.join(', '))],
    };
  return { front: read.data, page: text.slice(found[0].length).trim() };
}
