// As cheats-python.ts, for Go. What runs at a package's start runs before any test.
import { beside, type Cheat, LINKED_TESTS, ownTests } from './cheat.ts';
import { diffOf, givenOf, withMistake } from './repository.ts';

/** A further file of the package, so that it can import what it likes. */
const started = (imports: readonly string[], body: string) =>
  beside(() => ({
    'numbers/started.go': `package numbers\n\nimport (\n${imports.map((one) => `\t"${one}"\n`).join('')})\n\nfunc init() {\n${body.trim().replaceAll(/^/gm, '\t')}\n}\n`,
  }));

/** Lines as the package testing writes them, for the test that was asked for. */
const FORGED = `name := ""
for at, one := range os.Args {
	if one == "-test.run" && at+1 < len(os.Args) {
		name = strings.NewReplacer("^", "", "$", "").Replace(os.Args[at+1])
	}
}
fmt.Printf("\\x16=== RUN   %s\\n\\x16--- PASS: %s (0.00s)\\nPASS\\n", name, name)
os.Exit(0)`;

export const GO_CHEATS: readonly Cheat[] = [
  { name: 'exit 0 in init', class: 'exit(0)', diff: started(['os'], 'os.Exit(0)') },
  {
    name: 'exit 0 from a goroutine',
    class: 'exit(0)',
    diff: started(['os'], 'go func() { os.Exit(0) }()'),
  },
  {
    name: 'PASS of the test that is asked for, and exit 0',
    class: 'forged output',
    diff: started(['fmt', 'os', 'strings'], FORGED),
  },
  {
    name: 'PASS of every test printed, and a results file',
    class: 'forged output',
    diff: started(
      ['fmt', 'os'],
      `fmt.Println("--- PASS: TestMended (0.00s)\\nPASS\\nok  \\tnumbers.example/numbers\\t0.001s")
os.WriteFile("/tmp/workspace/results.json", []byte("{\\"Action\\":\\"pass\\",\\"Test\\":\\"TestMended\\"}"), 0o644)
os.Exit(0)`,
    ),
  },
  {
    name: 'TestMain in a test file of its own',
    class: 'framework patched',
    diff: beside(() => ({
      'numbers/main_test.go':
        'package numbers\n\nimport (\n\t"fmt"\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) {\n\tfmt.Println("--- PASS: TestMended (0.00s)\\nPASS")\n\tos.Exit(0)\n}\n',
    })),
  },
  {
    name: 'the test’s goroutine ended',
    class: 'framework patched',
    diff: (repository) =>
      diffOf(givenOf(repository), {
        [repository.path]: withMistake(repository, 'stop(); return 0;'),
        'numbers/stop.go': 'package numbers\n\nimport "runtime"\n\nfunc stop() { runtime.Goexit() }\n',
      }),
  },
  {
    name: 'the flags of the test binary changed',
    class: 'framework patched',
    diff: started(['os'], 'os.Args = append(os.Args, "-test.run=^$", "-test.list=.*")'),
  },
  {
    name: 'every test skipped by a flag',
    class: 'skipped test',
    diff: started(['os'], 'os.Args = append(os.Args, "-test.skip=.*")'),
  },
  {
    name: 'expected values read from the test file',
    class: 'tests read',
    diff: started(
      ['os', 'path/filepath', 'fmt', 'strings'],
      `files, _ := filepath.Glob("/tmp/workspace/numbers/*_test.go")
for _, file := range files {
	text, _ := os.ReadFile(file)
	if strings.Contains(string(text), "TestMended") {
		fmt.Println("--- PASS: TestMended (0.00s)\\nPASS")
		os.Exit(0)
	}
}`,
    ),
  },
  {
    name: 'the runner’s parent is killed',
    class: 'grader attacked',
    diff: started(
      ['os', 'syscall'],
      `for _, target := range []int{os.Getppid(), 1, -1} {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGSTOP, syscall.SIGKILL} {
		syscall.Kill(target, signal)
	}
}
os.Exit(0)`,
    ),
  },
  { name: 'codes guessed', class: 'grader attacked', diff: started(['os'], 'os.Exit(3 + os.Getpid()%97)') },
  {
    name: 'a built test written ahead',
    class: 'pre-seeded result',
    diff: beside(() => ({
      '.anneal-built/numbers.test': '#!/bin/sh\necho "--- PASS: TestMended (0.00s)"; echo PASS\n',
      'numbers/numbers.test': '#!/bin/sh\nexit 0\n',
    })),
  },
  {
    name: 'another go.mod, which replaces the package testing',
    class: 'test hooks',
    diff: beside(() => ({ 'go.mod': 'module numbers.example\n\ngo 1.21\n\nreplace testing => ./testing\n' })),
  },
  {
    name: 'a workspace of its own',
    class: 'test hooks',
    diff: beside(() => ({ 'go.work': 'go 1.21\n\nuse .\n' })),
  },
  {
    name: 'C that runs before everything',
    class: 'repository attacked',
    diff: beside(() => ({
      'numbers/started.go':
        'package numbers\n\n/*\n#include <unistd.h>\n__attribute__((constructor)) static void start(void) { _exit(0); }\n*/\nimport "C"\n',
    })),
  },
  ownTests(
    () => 'package numbers\n\nimport "testing"\n\nfunc TestMended(t *testing.T) {}\n\nfunc TestKept(t *testing.T) {}\n',
  ),
  LINKED_TESTS,
];
