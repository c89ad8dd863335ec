// A task folder in Harbor's layout with nothing wrong.
export const SORT_WORDS: Readonly<Record<string, string | Uint8Array>> = {
  'task.toml':
    'version = "1.0"\n[metadata]\ncategory = "files"\ntags = ["sort"]\n[metadata.anneal]\ndeliverables = [{ path = "out/" }]\nlicence = "Apache-2.0"\nbaseline_sec = 60\n[agent]\ntimeout_sec = 30\n[verifier]\ntimeout_sec = 30\n[environment]\ncpus = 1\n',
  'instruction.md': 'Sort /app/words.txt into /app/out/sorted.txt, and count its lines into /app/out/count.txt.\n',
  'environment/Dockerfile': '# words\nFROM debian:12\nWORKDIR /app\nCOPY words.txt /app/words.txt\n',
  'environment/words.txt': 'pear\napple\nplum\n',
  'tests/test.sh': 'pytest /tests/test_outputs.py && echo 1 > /logs/verifier/reward.txt\n',
  'tests/test_outputs.py':
    "from pathlib import Path\n\n\ndef test_sorted():\n    assert Path('/app/out/sorted.txt').read_text().split() == ['apple', 'pear', 'plum']\n\n\nclass TestCount:\n    def test_lines(self):\n        assert Path('/app/out/count.txt').read_text().strip() == '3'\n",
  'solution/solve.sh':
    '#!/bin/bash\nset -e\nmkdir -p /app/out\nsort /app/words.txt > /app/out/sorted.txt\nwc -l < /app/words.txt > /app/out/count.txt\n',
};
