"""A collective operation at the end of a block for some ranks is moved behind the block."""
import ast
import re

from mending import Case, calls, mend
from sources import functions, indent_of, modules, name_of, not_mine, read_diagnosis, with_lines

COLLECTIVE = re.compile(
    r"^(monitored_)?barrier$|^(all_?)(reduce|gather|to_?all)\w*$|^(broadcast|bcast|reduce|reduce_scatter|scatter|gather|synchroni[sz]e)(_object(_list)?|_tensor)?$",
    re.I,
)
RANK = re.compile(r"(^|_|\b)(rank|is_main|is_master|is_chief|main_process|primary|leader)\w*", re.I)
SETUP = """def called_by(rank):
    told = unittest.mock.MagicMock()
    told.rank = rank
    told.local_rank = rank
    told.size = told.world_size = 2
    told.get_rank.return_value = rank
    told.Get_rank.return_value = rank
    told.get_world_size.return_value = 2
    told.is_main_process = told.is_main = rank == 0
CALL
    return [name for name, *_ in told.mock_calls if name.split(".")[-1] in COLLECTIVES]"""
CHECK = """
first, second = called_by(0), called_by(1)
self.assertTrue(first or second)
self.assertEqual(first, second, "every rank comes to the same collective operations")
"""
GIVEN = [(r"rank", ["rank"]), (r"^(n|world|world_size|size|ranks)$", ["2"]), (r"step|epoch", ["0", "100"]), (r"", ["told", "1"])]


def moved(module, block, statement):
    """The module with a block's last statement behind the block."""
    outer, lines = indent_of(module.text, block), module.text.splitlines()
    inner = indent_of(module.text, statement)
    own = [outer + line[len(inner) :] if line.startswith(inner) else line for line in lines[statement.lineno - 1 : statement.end_lineno]]
    first, last = statement.lineno - 1, statement.end_lineno
    if len(block.body) == 1:
        # Nothing is left of the condition.
        return with_lines(module.text, (block.lineno - 1, last, own))
    return with_lines(module.text, (first, last, own))


def main():
    if read_diagnosis()["cause"] not in ("nccl-timeout", "collective-desync", "silent-hang", "straggler", "exception"):
        not_mine("nobody waited for a rank here")
    cases = []
    for module in modules():
        for function in functions(module):
            for block in ast.walk(function.node):
                if not isinstance(block, ast.If) or block.orelse or not RANK.search(ast.unparse(block.test)):
                    continue
                statement = block.body[-1]
                value = getattr(statement, "value", None)
                if not isinstance(statement, (ast.Expr, ast.Assign)) or not isinstance(value, ast.Call):
                    continue
                operation = name_of(value)
                if not COLLECTIVE.search(operation) or statement.lineno == block.lineno:
                    continue
                setups = [
                    SETUP.replace("CALL", f"    {call}").replace("COLLECTIVES", repr((operation,)))
                    for call in calls(function, GIVEN)[:16]
                ]
                cases.append(
                    Case(
                        f"{module.path}:{statement.lineno}: only some ranks come to {operation}; all of them do.",
                        function,
                        {module.path: moved(module, block, statement)},
                        CHECK,
                        [(setup, function.name.split(".")[0]) for setup in setups],
                        ("unittest.mock",),
                    )
                )
    mend("ranks_call_the_same", cases)


main()
