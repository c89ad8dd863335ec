// What a patch may not touch, whatever it is for: files that change how tests run rather than what is tested.

const FOLDERS = [
  ...['.git', '.hg', '.svn', '.github', '.gitlab', '.circleci', '.husky', 'node_modules', '__pycache__'],
  ...['.cargo', '.mvn', '.gradle', 'buildsrc'],
];

const NAMES = new Set([
  // Loaded by Python or its test runners without being asked for.
  ...['conftest.py', 'sitecustomize.py', 'usercustomize.py', '.python-version', 'pyvenv.cfg', 'python._pth'],
  ...['pytest.ini', '.pytest.ini', 'tox.ini', 'setup.cfg', 'noxfile.py', '.coveragerc', 'pyproject.toml', 'setup.py'],
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
  ...['makefile', 'gnumakefile', 'justfile', 'build.rs', 'cargo.toml', 'cargo.lock', 'go.mod', 'go.sum', 'go.work'],
  ...['rust-toolchain', 'rust-toolchain.toml', 'pom.xml', 'gradlew', 'mvnw', 'gradle.properties'],
  ...['junit-platform.properties', 'module-info.java'],
  ...['.gitattributes', '.gitmodules', '.env', '.envrc', '.bashrc', '.profile', 'dockerfile'],
]);

const PATTERNS = [
  /\.(pth|egg-link|pyc|pyo|so|pyd|dll|dylib|node|class|jar|whl|egg)$/,
  /^(vitest|jest|mocha|ava|karma|playwright|cypress|babel|vite|rollup|webpack|node)\.config\.\w+$/,
  /^\.(mocharc|eslintrc|babelrc|env)\b/,
  /^vitest\.workspace\.\w+$/,
  /\.gradle(\.kts)?$/,
  // What the JVM finds by a service's name: listeners of the test platform, processors of the compiler.
  /^(org\.junit|org\.testng|javax\.annotation\.processing)\./,
];

/** A module of one of these names at the top would be imported in place of the runner's own. */
const RUNNERS = /^(unittest|pytest|_pytest|pluggy|iniconfig|packaging)(\.py)?$/;

/** How a path that judges is refused; also how a detector knows it from others that a patch may not touch. */
export const PROTECTED = 'is protected by the task';
/** Of files that an interpreter loads without being asked, and of modules that take a runner's name: no mending has a need of them. */
const HOOKS = /(^|\/)((conftest|sitecustomize|usercustomize)\.py|[^/]*\.pth|python\._pth)$/;
export const takesRunnersPlace = (path: string): boolean =>
  HOOKS.test(path.toLowerCase()) ||
  path
    .toLowerCase()
    .split('/')
    .slice(0, 2)
    .some((part) => RUNNERS.test(part));

/** Why a patch may not touch this path; undefined when it may. Names are compared without regard to case. */
export function forbidden(path: string, guarded: readonly string[], allowed: readonly string[]): string | undefined {
  const by = guarded.find((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  if (by !== undefined) return `${PROTECTED} (${by})`;
  if (allowed.includes(path)) return undefined;
  const parts = path.toLowerCase().split('/');
  const folder = parts.find((part) => FOLDERS.includes(part) || /\.(dist-info|egg-info)$/.test(part));
  if (folder !== undefined) return `lies in ${folder}`;
  const name = parts.at(-1)!;
  if (NAMES.has(name) || PATTERNS.some((pattern) => pattern.test(name))) return 'decides how code is run or tested';
  if (parts.slice(0, 2).some((part) => RUNNERS.test(part))) return 'takes the name of a module of the runner';
  return undefined;
}
