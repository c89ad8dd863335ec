// What a path of a repository is: a test, a source, or neither. By its name alone.

const CODE = /\.(py|js|mjs|cjs)$/;
const TEST_FOLDER = /(^|\/)(tests?|specs?|__tests__)\//;
const TEST_NAME = /(^|\/)(test_[^/]*\.py|[^/]*_test\.py|[^/]*[.-](test|spec)\.[cm]?js|tests?\.[cm]?js)$/;
/** Code that decides how the rest is built or run. */
const SETTINGS = /(^|\/)(setup\.py|conftest\.py|noxfile\.py|[^/]*\.config\.[cm]?js|\.[^/]*)$/;

export type PathKind = 'test' | 'source' | 'other';

export function kindOf(path: string): PathKind {
  if (TEST_FOLDER.test(path) || TEST_NAME.test(path)) return 'test';
  return CODE.test(path) && !SETTINGS.test(path) ? 'source' : 'other';
}

/** A test file that a runner is given, not one that tests import or read. */
export function isRunnable(path: string, text: string): boolean {
  if (kindOf(path) !== 'test' || !CODE.test(path)) return false;
  if (path.endsWith('.py')) return TEST_NAME.test(path) && /^\s*(async )?def test/m.test(text);
  return /\b(node:test|require\(['"]test['"]\))/.test(text) || /(^|\n)\s*(test|it|describe)\(/.test(text);
}

export const languageOf = (path: string): 'python' | 'javascript' => (path.endsWith('.py') ? 'python' : 'javascript');
