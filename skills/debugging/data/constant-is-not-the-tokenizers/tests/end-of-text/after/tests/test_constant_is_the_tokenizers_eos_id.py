"""generate.py:1: EOS_ID is 2, and assets/tokenizer.json says 258."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import generate as module


class ConstantIsTheTokenizers(unittest.TestCase):
    def test_constant_is_the_tokenizers_eos_id(self):
        with open(next(one / "assets/tokenizer.json" for one in Path(module.__file__).resolve().parents if (one / "assets/tokenizer.json").exists()), encoding="utf-8") as file:
            told = json.load(file)
        vocabulary = told.get("vocab") or told.get("model", {}).get("vocab") or told
        self.assertEqual(module.EOS_ID, vocabulary["<eos>"], "the tokenizer's own id")


if __name__ == "__main__":
    unittest.main()
