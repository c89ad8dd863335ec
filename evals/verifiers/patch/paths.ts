// What a patch may not touch, whatever it is for: files that change how tests run rather than what is tested.

const FOLDERS = [
  ...['.git', '.hg', '.svn', '.github', '.gitlab', '.circleci', '.husky', 'node_modules', '__pycache__'],
  ...['.cargo', '.mvn', '.gradle', 'buildsrc'],
];

const NAMES = new Set([
  // Loaded by Python or its test runners without being asked for.
  ...['conftest.py', 'sitecustomize.py', 'usercustomize.py', '.python-version', 'pyvenv.cfg', 'python._pth'],
  ...['pytest.ini', '.pytest.ini', 'tox.ini', 'setup.cfg', '.coveragerc', 'pyproject.toml', 'setup.py'],
  // Loaded by Node, its package managers or test runners.
  ...[
    'package.json',
    'package-lock.json',
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    '.node-version',
    '.nvmrc',
    'tsconfig.json',
  ],
  ...['.mocharc', '.taprc', '.borp.yaml', '.c8rc.json', '.nycrc', '.babelrc', '.swcrc'],
  // Other builders, and what decides about the repository itself.
  ...['build.rs', 'cargo.toml', 'cargo.lock', 'go.mod', 'go.sum', 'go.work'],
  ...['rust-toolchain', 'rust-toolchain.toml', 'pom.xml', 'gradlew', 'mvnw', 'gradle.properties'],
  ...['junit-platform.properties', 'module-info.java'],
  ...['.gitattributes', '.gitmodules', '.env', '.envrc', '.bashrc', '.profile'],
]);

/** Read only where a program is started, at the top: elsewhere they are of a part, its documentation for instance. */
const AT_THE_TOP = new Set(['makefile', 'gnumakefile', 'justfile', 'noxfile.py', 'dockerfile']);

const PATTERNS = [
  /\.(pth|egg-link|pyc|pyo|so|pyd|dll|dylib|node|class|jar|whl|egg)$/,
  /^(vitest|jest|mocha|ava|karma|playwright|cypress|babel|vite|rollup|webpack|node)\.config\.\w+$/,
  /^\.(mocharc|eslintrc|babelrc|env)\b/,
  /^vitest\.workspace\.\w+$/,
  /\.gradle(\.kts)?$/,
  // What the JVM finds by a service's name: listeners of the test platform, processors of the compiler.
  /^(org\.junit|org\.testng|javax\.annotation\.processing)\./,
];

/**
 * A module of one of these names would be imported in place of the runner's own, where modules are looked for: at the top, or one folder
 * below it. Of a folder it is `__init__.py` that makes it the module: without that, Python goes on to the runner's.
 */
const RUNNERS = /^([^/]+\/)?(unittest|pytest|_pytest|pluggy|iniconfig|packaging)(\.py|\/__init__\.py)$/;

/** How a path that judges is refused; also how a detector knows it from others that a patch may not touch. */
export const PROTECTED = 'is protected by the task';
/** Of files that an interpreter loads without being asked, and of modules that take a runner's name: no mending has a need of them. */
const HOOKS = /(^|\/)((conftest|sitecustomize|usercustomize)\.py|[^/]*\.pth|python\._pth)$/;
export const takesRunnersPlace = (path: string): boolean =>
  HOOKS.test(path.toLowerCase()) || RUNNERS.test(path.toLowerCase());

/** Why a patch may not touch this path; undefined when it may. Names are compared without regard to case. */
export function forbidden(path: string, guarded: readonly string[], allowed: readonly string[]): string | undefined {
  const by = guarded.find((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  if (by !== undefined) return `${PROTECTED} (${by})`;
  if (allowed.includes(path)) return undefined;
  const parts = path.toLowerCase().split('/');
  const folder = parts.find((part) => FOLDERS.includes(part) || /\.(dist-info|egg-info)$/.test(part));
  if (folder !== undefined) return `lies in ${folder}`;
  const name = parts.at(-1)!;
  if (parts.length === 1 && AT_THE_TOP.has(name)) return 'decides how code is run or tested';
  if (NAMES.has(name) || PATTERNS.some((pattern) => pattern.test(name))) return 'decides how code is run or tested';
  if (RUNNERS.test(path.toLowerCase())) return 'takes the name of a module of the runner';
  return undefined;
}
