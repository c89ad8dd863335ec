// Which paths of any repository decide more than what they say, and those of Anneal's own. Pure data.
import { z } from 'zod';
import { pathPattern } from './glob.ts';

/** What an operator adds for a repository. */
export const pathRules = z.strictObject({
  /** A human decides. */
  critical: z.array(pathPattern).max(500).default([]),
  /** No agent's change touches it, whoever approves. */
  refused: z.array(pathPattern).max(500).default([]),
});
export type PathRules = z.infer<typeof pathRules>;

export interface UsualRule {
  readonly rule: string;
  readonly why: string;
  readonly standing: 'critical' | 'refused';
  /** Of files and folders, wherever they lie, since a tool may be started in any folder; patterns without a slash. */
  readonly names: readonly string[];
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

export const USUAL_RULES: readonly UsualRule[] = [
  {
    ...{ rule: 'submodules', standing: 'refused', why: 'it brings in what another repository holds' },
    names: words('.gitmodules'),
  },
  {
    ...{ rule: 'settings of git', standing: 'critical', why: 'it decides what git shows, leaves out, or runs' },
    names: words(`
      .gitattributes .gitignore .gitconfig .git-blame-ignore-revs .lfsconfig .mailmap .githooks .husky
      .pre-commit-config.y*ml .pre-commit-hooks.y*ml lefthook.y*ml`),
  },
  {
    ...{ rule: 'continuous integration', standing: 'critical', why: 'it runs elsewhere, with rights of its own' },
    names: words(`
      .github .gitlab .gitlab-ci* .circleci .ci ci .buildkite .drone* .woodpecker* Jenkinsfile* azure-pipelines*
      .azure-pipelines .azure .travis.y*ml .appveyor.y*ml appveyor.y*ml bitbucket-pipelines.y*ml .cirrus.y*ml .tekton
      .teamcity .semaphore .forgejo .gitea codecov.y*ml dependabot.y*ml renovate.json* .renovaterc* CODEOWNERS
      action.y*ml`),
  },
  {
    ...{ rule: 'build', standing: 'critical', why: 'it runs wherever somebody builds' },
    names: words(`
      Makefile* GNUmakefile makefile *.mk CMakeLists.txt *.cmake meson.build SConstruct setup.py setup.cfg build.rs
      build.gradle* settings.gradle* gradlew* gradle pom.xml BUILD BUILD.bazel WORKSPACE* MODULE.bazel .bazelrc
      Rakefile justfile Taskfile.y*ml *Dockerfile* *.dockerfile *Containerfile* .dockerignore docker-compose*
      compose.y*ml noxfile.py tox.ini fabfile.py dodo.py *gulpfile* Gruntfile* flake.nix *.nix .npmrc .yarnrc*
      .pnpmfile.cjs pip.conf .cargo .mvn Vagrantfile *.tf Chart.y*ml`),
  },
  {
    ...{ rule: 'packages', standing: 'critical', why: 'it decides whose code is installed, and what that runs' },
    names: words(`
      package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.y*ml bun.lock* pnpm-workspace.y*ml .yarn
      deno.json* deno.lock bower.json node_modules *requirements*.txt *requirements*.in requirements constraints*.txt
      pyproject.toml uv.toml poetry.toml pdm.toml pixi.toml Pipfile* environment.y*ml conda*.y*ml *.whl *.egg-info go.mod go.sum
      go.work* vendor third_party Cargo.toml Cargo.lock Gemfile* *.gemspec composer.json mix.exs Package.swift
      Package.resolved Podfile* packages.lock.json *.csproj *.lock *.lockfile *.lockb *.lock.json requirements.lock`),
  },
  {
    ...{ rule: 'what runs at start', standing: 'critical', why: 'it runs before every test, and can decide them' },
    names: words(`
      conftest.py pytest.ini sitecustomize.py usercustomize.py *.pth .coveragerc vitest.config.* vitest.workspace.*
      vite.config.* jest.config.* jest.setup.* .mocharc* karma.conf.* playwright.config.* cypress.config.*
      ava.config.* .taprc .c8rc* .nycrc* babel.config.* .babelrc* .swcrc webpack.config.* rollup.config.*
      tsconfig*.json .node-version *.config.{js,cjs,mjs,ts,cts,mts} .eslintrc* biome.json* .python-version .nvmrc
      .tool-versions .vscode .idea .devcontainer* .envrc .env .env.* .profile .bashrc .zshrc .gdbinit .lldbinit
      .Rprofile .direnv mise.toml .mise*`),
  },
  {
    ...{ rule: 'instructions of agents', standing: 'critical', why: 'agents that read it later do what it says' },
    names: words(`
      AGENTS*.md AGENT.md CLAUDE*.md GEMINI*.md SKILL.md skills .skills prompts .prompts .agents .claude .codex
      .cursor .cursorrules .windsurf* .aider* .clinerules* .continue .goose* .mcp.json mcp.json .roo* .junie
      .openhands copilot-instructions.md`),
  },
  {
    ...{ rule: 'generated', standing: 'critical', why: 'nobody reads it, and its source may say something else' },
    names: words(`
      dist build out target generated __generated__ _generated gen __pycache__ .next *.min.js *.min.css *.map
      *.bundle.js *_pb2.py *_pb2_grpc.py *_pb2.pyi *.pb.* *.g.dart *.generated.* *_generated.* *.gen.* *_gen.*
      *.designer.cs *.pyc *.ipynb *.snap`),
  },
  {
    ...{ rule: 'code that is run as it lies', standing: 'critical', why: 'it is loaded without being built or read' },
    names: words(`
      *.pkl *.pickle *.joblib *.pt *.pth.tar *.ckpt *.so *.so.* *.dll *.dylib *.o *.exe *.jar *.class *.wasm *.node
      *.zip *.tar *.tar.* *.tgz *.gz *.7z`),
  },
];

/** Anneal's own repository: what judges, rewards, promotes, keeps in or lets through; refused is what decides that a human is asked. */
export const ANNEAL_RULES: PathRules = pathRules.parse({
  critical: words(`
    evals/ policies/ contracts/ gateway/ worker/ k8s/ console/ examples/ tests/ infra/sandbox/ infra/graders/
    infra/git/ infra/environments/ infra/containers/ infra/releases/ infra/teams/ infra/helm/ infra/store/
    infra/temporal/ infra/notifications/ infra/gateway-client/ workflows/gate.ts workflows/ask.ts
    workflows/certified.ts activities/gates.ts activities/certified.ts activities/judges.ts
    activities/sealed-openings.ts activities/merging.ts activities/boundary.ts anneal build.ts .dependency-cruiser.mjs
    docs/decisions/`),
  refused: words(`
    critical.yaml infra/identity/ infra/people/ infra/audit/ infra/critical.ts policies/critical.ts
    policies/path-policy.ts policies/path-rules.ts policies/plain-path.ts policies/glob.ts policies/people.ts
    policies/quorum.ts .ci/`),
});
