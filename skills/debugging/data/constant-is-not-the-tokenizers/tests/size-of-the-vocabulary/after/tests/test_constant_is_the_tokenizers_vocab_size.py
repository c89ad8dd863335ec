"""model/table.py:1: VOCAB_SIZE is 256, and assets/tokenizer.json says 260."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import model.table as module


class ConstantIsTheTokenizers(unittest.TestCase):
    def test_constant_is_the_tokenizers_vocab_size(self):
        with open(next(one / "assets/tokenizer.json" for one in Path(module.__file__).resolve().parents if (one / "assets/tokenizer.json").exists()), encoding="utf-8") as file:
            told = json.load(file)
        vocabulary = told.get("vocab") or told.get("model", {}).get("vocab") or told
        ids = [one for one in vocabulary.values() if isinstance(one, int)]
        self.assertGreater(module.VOCAB_SIZE, max(ids), "every id has its place in the table")


if __name__ == "__main__":
    unittest.main()
