"""Writes modules in other words that mean the same. Run on code of the task's own, before any test of a policy's is there.

Standard input: JSON, a list of [path, seed, mistake], paths as `versions/NUMBER/PATH`. Each file is written anew in its place; what cannot
be parsed stays as it is. The same seed gives the same text. How much is put in is drawn as well, by module and by function: a wide spread,
so that lengths, numbers of statements, constants, names and calls of what is right and of what is wrong lie among each other. What is put
in and never run is taken from all versions of a function, so that what one of them asks for stands in each.

`mistake` is null, or [lines, seed, turn]: something on one of these lines means another thing first, for each turn something else, and
first of all in functions that the versions have in different words: whoever tests one of these need not look at another. On standard output
stands a JSON list of the paths that have one.
"""
import ast
import builtins
import json
import random
import sys

NAMES = "amount base count data entry found given head index kept left most next part rest size total used value width".split()
# Whoever asks for these sees how the code is written; such a function stays as it is.
SEEING = {"locals", "globals", "vars", "eval", "exec", "super", "dir", "_getframe", "currentframe", "stack", "__class__"}


def parsed(text):
    return ast.parse(text).body


def names_in(node):
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr
        elif isinstance(one, ast.arg):
            yield one.arg
        elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield one.name
        elif isinstance(one, (ast.Global, ast.Nonlocal)):
            yield from one.names
        elif isinstance(one, ast.alias):
            yield (one.asname or one.name).split(".")[0]
        elif isinstance(one, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and one.name:
            yield one.name
        elif isinstance(one, ast.MatchMapping) and one.rest:
            yield one.rest


def within(function, kinds):
    """Whether one of these stands in the function itself, not in one inside it."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, kinds):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return False


UNFIT = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Starred)
LONGEST = 120


def pieces_of(tree):
    """By the name of a function what it works out, as text."""
    found = {}
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for node in (one for statement in function.body for one in ast.walk(statement)):
            if not isinstance(node, ast.expr) or isinstance(node, (ast.Constant, ast.Slice)) or not loads(node):
                continue
            if any(isinstance(one, UNFIT) for one in ast.walk(node)) or SEEING & set(names_in(node)):
                continue
            text = f"({ast.unparse(node)})"
            if len(text) <= LONGEST and stands_alone(text):
                found.setdefault(function.name, set()).add(text)
    return found


def stands_alone(text):
    """Not so what stands between the braces of a text."""
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def loads(node):
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


class Constants(ast.NodeTransformer):
    """Some of the numbers and texts of a body, worked out where they stood."""

    def __init__(self, rewriting):
        self.rewriting = rewriting
        self.random = rewriting.random

    def visit_JoinedStr(self, node):
        return node

    def visit_Match(self, node):
        for case in node.cases:
            case.body = [self.visit(one) for one in case.body]
        return node

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_Constant(self, node):
        value = node.value
        if self.random.random() > self.rewriting.often:
            return node
        if type(value) is int and 0 <= value < 10**6:
            by = self.random.randrange(1, 50)
            forms = [f"[{value + by}].pop() - {by}", f"[{by}, {value}][1]", f"(lambda: {value})()"]
            if self.rewriting.has("int"):
                forms.append(f'int("{value}")')
        elif type(value) is str and value:
            at = self.random.randrange(len(value) + 1)
            forms = [f'"".join([{value[:at]!r}, {value[at:]!r}])', f"[{value!r}, {self.rewriting.word()!r}][0]"]
        else:
            return node
        return ast.copy_location(parsed(self.random.choice(forms))[0].value, node)


class Branches(ast.NodeTransformer):
    """Some conditions turned round, and their branches with them; some results named first."""

    def __init__(self, rewriting):
        self.rewriting = rewriting
        self.random = rewriting.random

    def visit_FunctionDef(self, node):
        return node

    visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = visit_FunctionDef

    def visit_If(self, node):
        self.generic_visit(node)
        if self.random.random() < self.rewriting.often:
            node.test = ast.UnaryOp(ast.Not(), node.test)
            node.body, node.orelse = node.orelse or [ast.Pass()], node.body
        return node

    def visit_IfExp(self, node):
        self.generic_visit(node)
        if self.random.random() < self.rewriting.often:
            node.test = ast.UnaryOp(ast.Not(), node.test)
            node.body, node.orelse = node.orelse, node.body
        return node

    def visit_Return(self, node):
        self.generic_visit(node)
        if node.value is None or self.random.random() > self.rewriting.often:
            return node
        name = self.rewriting.name()
        return [ast.Assign([ast.Name(name, ast.Store())], node.value), ast.Return(ast.Name(name, ast.Load()))]


class Rewriting:
    def __init__(self, tree, seed, pieces):
        self.random = random.Random(seed)
        self.pieces = pieces
        self.own_pieces = []
        self.taken = set(names_in(tree)) | set(dir(builtins))
        self.own = set(names_in(tree))

    def has(self, builtin):
        return builtin not in self.own

    def name(self):
        while True:
            name = "_".join(self.random.choice(NAMES) for _ in range(self.random.randrange(1, 4)))
            if self.random.random() < 0.4:
                name += str(self.random.randrange(100))
            if name not in self.taken:
                self.taken.add(name)
                return name

    def word(self):
        return "".join(self.random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.random.randrange(1, 9)))

    def idle(self):
        """One statement that changes nothing."""
        draw, name, number = self.random, self.name(), self.random.randrange(400)
        return parsed(
            draw.choice(
                [
                    f"{name} = {number}",
                    f"{name} = [{number}, {draw.randrange(400)}]",
                    f"{name} = {self.word()!r}.upper()",
                    f"{name} = {number}\nif {name} == {number + 1 + draw.randrange(9)}: return {name}",
                    f"{name} = {number}\nif {name} < {number - draw.randrange(9)}: {name} = {name} % {number + 1}",
                    f"{name} = {number}\nif {name} > {number} and {name} <= {number + draw.randrange(99)}: return {name} * {name}",
                    f"for {name} in {self.word()!r}: pass",
                    f"for {name} in (): return {number} - {name}",
                    f"{name} = {{{self.word()!r}: {number}}}.get({self.word()!r})",
                    f"{name} = (lambda: {number})()",
                    f"{name} = {number}\nwhile {name} > {number}: {name} -= 1",
                    f"{name} = {self.word()!r}\nif {name} in (): {name} = {name} + {self.word()!r}",
                ]
            )
        )

    def never(self):
        """Pieces of the function, in this version's words or another's, where nothing comes."""
        draw, name, number = self.random, self.name(), self.random.randrange(400)
        other = number + 1 + draw.randrange(9)
        one, two = draw.choice(self.own_pieces), draw.choice(self.own_pieces)
        no = draw.choice([f"{name} == {other}", f"{name} > {number}", f"{name} != {number}", f"not {name} < {other}", f"{name} in ()"])
        yes = draw.choice([f"{name} == {number}", f"{name} <= {number}", f"{name} in ({number}, {other})"])
        three = draw.choice(self.own_pieces)
        # What follows is not looked at: a condition says by nothing but its values whether it is ever met.
        condition = draw.choice([no, f"{no} and {three}", f"not ({yes} or {three})", f"({no} and {three}) or {no}", f"not {yes} and {three}"])
        body = draw.choice(
            [f"return {one}", f"{name} = {one}", f"{name} = [{one}, {two}]", f"return {two} if {one} else {number}"]
        )
        forms = [f"{name} = {number}\nif {condition}: {body}"] * 4 + [f"for {name} in (): {body}"]
        forms += [f"{name} = {number}\nwhile {condition}: {body}"]
        return parsed(draw.choice(forms))

    def strewn(self, body, yields):
        """Idle statements between those of a body."""
        # A return with a value has no place in an asynchronous generator, and means something in any other.
        amount = self.random.choice([self.random.randrange(4), self.random.randrange(12), self.random.randrange(24)])
        body = list(body)
        for _ in range(amount):
            some = self.never() if self.own_pieces and self.random.random() < 0.6 else self.idle()
            if yields and any(isinstance(one, ast.Return) for statement in some for one in ast.walk(statement)):
                continue
            at = self.random.randrange(len(body) + 1)
            body[at:at] = some
        return body

    def renamed(self, function):
        """Names that are bound in the function alone."""
        inner = [one for one in ast.walk(function) if one is not function]
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Global, ast.Nonlocal, ast.Import)
        others = (ast.ImportFrom, ast.ExceptHandler, ast.Match, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        if any(isinstance(one, kinds + others) for one in inner):
            return
        arguments = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
        bound = {one.id for one in inner if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)} - arguments
        names = {name: self.name() for name in sorted(bound) if self.random.random() < 0.8}
        for one in inner:
            if isinstance(one, ast.Name) and one.id in names:
                one.id = names[one.id]

    def wrapped(self, function, body):
        """The body in a function inside, which is given what the outer one was given."""
        kind = ast.AsyncFunctionDef if isinstance(function, ast.AsyncFunctionDef) else ast.FunctionDef
        if kind is ast.AsyncFunctionDef:
            return body
        name, of = self.name(), function.args
        plain = [one.arg for one in of.posonlyargs + of.args]
        named = [one.arg for one in of.kwonlyargs]
        inside = ast.arguments([], [ast.arg(one) for one in plain + named], None, [], [], None, [])
        given = [ast.Name(one, ast.Load()) for one in plain + named]
        for more in (of.vararg, of.kwarg):
            if more is not None:
                inside.args.append(ast.arg(more.arg))
                given.append(ast.Name(more.arg, ast.Load()))
        inner = ast.FunctionDef(name, inside, body, [], None)
        return [inner, ast.Return(ast.Call(ast.Name(name, ast.Load()), given, []))]

    def function(self, function):
        # A body that names what Python keeps private in a class means another name inside.
        if SEEING & set(names_in(function)):
            return
        self.often = self.random.choice([0.1, 0.3, 0.5, 0.9])
        self.own_pieces = sorted(self.pieces.get(function.name, ()))
        yields = within(function, (ast.Yield, ast.YieldFrom))
        body = function.body
        told = []
        if isinstance(body[0], ast.Expr) and isinstance(getattr(body[0].value, "value", None), str):
            told, body = body[:1], body[1:] or [ast.Pass()]
        declared = [one for one in body if isinstance(one, (ast.Global, ast.Nonlocal))]
        function.body = body
        if self.random.random() < 0.7:
            self.renamed(function)
        constants, branches = Constants(self), Branches(self)
        changed = []
        for one in function.body:
            one = constants.visit(one)
            one = one if yields else branches.visit(one)
            changed.extend(one if isinstance(one, list) else [one])
        if declared:
            function.body = told + changed
            return
        changed = self.strewn(changed, yields)
        for _ in range(self.random.randrange(4) if not yields else 0):
            changed = self.wrapped(function, changed)
            changed = self.strewn(changed, yields) if self.random.random() < 0.5 else changed
        function.body = told + changed

    def beside(self, tree):
        """Private names that nobody asks for: a right version may have a function more."""
        for _ in range(self.random.choice([0, self.random.randrange(3), self.random.randrange(8)])):
            name = f"_{self.name()}"
            tree.body += parsed(
                self.random.choice(
                    [f"{name} = {self.random.randrange(400)}", f"def {name}(value):\n    return value + {name.__len__()}"]
                )
            )

    def module(self, tree):
        functions = [one for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]
        for function in functions:
            self.function(function)
        self.beside(tree)
        if self.random.random() < 0.5:
            return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        # Some without a text that could be read.
        text = ast.unparse(ast.fix_missing_locations(tree))
        import base64, zlib

        packed = base64.b64encode(zlib.compress(text.encode())).decode()
        return f'exec(compile(__import__("zlib").decompress(__import__("base64").b64decode("{packed}")), "", "exec"))\n'


OTHERS = {
    ast.Lt: (ast.LtE, ast.Gt, ast.Eq),
    ast.LtE: (ast.Lt, ast.GtE, ast.Eq),
    ast.Gt: (ast.GtE, ast.Lt, ast.Eq),
    ast.GtE: (ast.Gt, ast.LtE, ast.Eq),
    ast.Eq: (ast.NotEq, ast.Lt, ast.Gt),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Add, ast.Sub),
    ast.Mod: (ast.FloorDiv, ast.Mult),
    ast.FloorDiv: (ast.Mod, ast.Mult),
    ast.Div: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


def texts_of(tree):
    """By the name of a function its text."""
    for one in ast.walk(tree):
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield one.name, ast.unparse(one)


def mistakes_in(tree, lines, differing):
    """What may mean another thing, each a function that makes it so: in functions that differ, and in all others."""
    near, far = [], []
    seen = set()

    def put(node, name, value):
        found.append(lambda: setattr(node, name, value))

    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        found = near if function.name in differing else far
        given = [one.arg for one in function.args.posonlyargs + function.args.args if one.arg not in ("self", "cls")]
        told = function.body[0] if isinstance(function.body[0], ast.Expr) else None
        for node in (one for statement in function.body if statement is not told for one in ast.walk(statement)):
            spot = node.test if isinstance(node, (ast.If, ast.While)) else node
            if getattr(spot, "lineno", None) not in lines or getattr(spot, "end_lineno", None) not in lines:
                continue
            # A function inside another is walked with both.
            if node in seen:
                continue
            seen.add(node)
            if isinstance(node, ast.Compare) and len(node.ops) == 1:
                for other in OTHERS.get(type(node.ops[0]), ()):
                    put(node, "ops", [other()])
            elif isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)):
                for other in OTHERS.get(type(node.op), ()):
                    put(node, "op", other())
            elif isinstance(node, ast.Name) and loads(node) and node.id in given:
                for other in given:
                    if other != node.id:
                        put(node, "id", other)
            elif isinstance(node, ast.Constant) and type(node.value) is int:
                put(node, "value", node.value + 1)
                put(node, "value", node.value + 3)
            elif isinstance(node, ast.Constant) and type(node.value) is bool:
                put(node, "value", not node.value)
            elif isinstance(node, ast.Constant) and type(node.value) is str and node.value:
                put(node, "value", node.value + node.value[-1])
            elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
                put(node, "test", ast.UnaryOp(ast.Not(), node.test))
    return near, far


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


asked = json.load(sys.stdin)
known = {}
texts = {}
for path, _, _ in asked:
    try:
        tree = ast.parse(read(path))
        own = path.split("/", 2)[2]
        for name, text in texts_of(tree):
            texts.setdefault(own, {}).setdefault(name, {}).setdefault(path, []).append(text)
        for name, some in pieces_of(tree).items():
            known.setdefault(own, {}).setdefault(name, set()).update(some)
    except (SyntaxError, RecursionError, ValueError):
        pass
mistaken = []
for path, seed, mistake in asked:
    try:
        tree = ast.parse(read(path))
    except (SyntaxError, RecursionError, ValueError):
        continue
    if mistake is not None:
        lines, draw, turn = mistake
        named = texts.get(path.split("/", 2)[2], {})
        differing = {name for name, some in named.items() if len({repr(own) for own in some.values()}) > 1}
        near, far = mistakes_in(tree, set(lines), differing)
        for some in (near, far):
            random.Random(draw).shuffle(some)
        ways = near + far
        if turn >= len(ways):
            continue
        ways[turn]()
        mistaken.append(path)
    try:
        text = Rewriting(tree, seed, known.get(path.split("/", 2)[2], {})).module(tree)
    except RecursionError:
        continue
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
json.dump(mistaken, sys.stdout)
