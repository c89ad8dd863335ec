// One plain line for each function: the name and parameters that a task uses, and what the function returns, in words that follow
// "returns". What a function accepts and returns is never taken from here: the probe finds that out by running it.
import { AnnealError } from '../../contracts/errors.ts';

export interface Description {
  /** The entry point: a name that shadows no built-in function, so that a solution may call the real one. */
  readonly name: string;
  readonly parameters: readonly string[];
  /** With `{parameter}` where an argument is meant. */
  readonly phrase: string;
}

const LINES = `
builtins.abs: absolute_value(x): the absolute value of {x}
builtins.all: all_true(values): True if every item of {values} is true, else False
builtins.any: any_true(values): True if at least one item of {values} is true, else False
builtins.bin: to_binary(n): the integer {n} as a binary string that starts with 0b
builtins.bool: truth_value(x): True if {x} counts as true in Python, else False
builtins.chr: character(n): the character whose Unicode code is {n}
builtins.divmod: quotient_and_remainder(a, b): the tuple ({a} // {b}, {a} % {b})
builtins.enumerate: number_items(values): a list of (position, item) tuples for {values}, counting from 0
builtins.float: to_float(x): {x} converted to a float
builtins.hex: to_hexadecimal(n): the integer {n} as a hexadecimal string that starts with 0x
builtins.int: to_integer(x): {x} converted to an integer
builtins.len: count_items(values): the number of items in {values}
builtins.list: characters(s): a list of the characters of {s}
builtins.max: largest(values): the largest item of {values}
builtins.min: smallest(values): the smallest item of {values}
builtins.oct: to_octal(n): the integer {n} as an octal string that starts with 0o
builtins.ord: character_code(c): the Unicode code of the character {c}
builtins.pow: power(base, exponent): {base} raised to the power {exponent}
builtins.range: count_up(n): a list of the integers from 0 up to but not including {n}
builtins.repr: representation(x): the string that shows {x} as it is written in Python source
builtins.reversed: backwards(values): a list of the items of {values} in reverse order
builtins.round: rounded(x): {x} rounded to the nearest integer
builtins.sorted: in_order(values): a list of the items of {values} in ascending order
builtins.str: to_text(x): {x} converted to a string
builtins.sum: total(values): the sum of the numbers in {values}
builtins.tuple: to_tuple(values): a tuple of the items of {values}
builtins.zip: pairs(first, second): a list of tuples that pair the items of {first} and {second} in order

operator.abs: magnitude(a): the absolute value of {a}
operator.add: add(a, b): the sum of {a} and {b}
operator.and_: bitwise_and(a, b): the bitwise and of {a} and {b}
operator.concat: concat(a, b): {a} followed by {b}
operator.contains: contains(a, b): True if {b} is in {a}, else False
operator.countOf: count_of(a, b): how many times {b} occurs in {a}
operator.eq: eq(a, b): True if {a} equals {b}, else False
operator.floordiv: floordiv(a, b): {a} divided by {b}, rounded down
operator.ge: ge(a, b): True if {a} is greater than or equal to {b}, else False
operator.getitem: getitem(a, b): the item of {a} at index {b}
operator.gt: gt(a, b): True if {a} is greater than {b}, else False
operator.indexOf: index_of(a, b): the index of the first item of {a} that equals {b}
operator.inv: inv(a): the bitwise inverse of {a}
operator.invert: invert(a): the bitwise inverse of {a}
operator.le: le(a, b): True if {a} is less than or equal to {b}, else False
operator.length_hint: length_hint(values): the number of items in {values}
operator.lshift: lshift(a, b): {a} shifted left by {b} bits
operator.lt: lt(a, b): True if {a} is less than {b}, else False
operator.mod: mod(a, b): the remainder of {a} divided by {b}
operator.mul: mul(a, b): the product of {a} and {b}
operator.ne: ne(a, b): True if {a} differs from {b}, else False
operator.neg: neg(a): {a} with its sign changed
operator.not_: not_true(a): True if {a} counts as false in Python, else False
operator.or_: bitwise_or(a, b): the bitwise or of {a} and {b}
operator.pow: raise_to(a, b): {a} raised to the power {b}
operator.rshift: rshift(a, b): {a} shifted right by {b} bits
operator.sub: sub(a, b): {a} minus {b}
operator.truediv: truediv(a, b): {a} divided by {b} as a float
operator.truth: truth(a): True if {a} counts as true in Python, else False
operator.xor: xor(a, b): the bitwise exclusive or of {a} and {b}

math.acos: acos(x): the arc cosine of {x} in radians
math.acosh: acosh(x): the inverse hyperbolic cosine of {x}
math.asin: asin(x): the arc sine of {x} in radians
math.asinh: asinh(x): the inverse hyperbolic sine of {x}
math.atan: atan(x): the arc tangent of {x} in radians
math.atan2: atan2(y, x): the arc tangent of {y} / {x} in radians, in the quadrant of the point ({x}, {y})
math.atanh: atanh(x): the inverse hyperbolic tangent of {x}
math.cbrt: cbrt(x): the cube root of {x}
math.ceil: ceil(x): the smallest integer that is not less than {x}
math.comb: comb(n, k): the number of ways to choose {k} items from {n} items without order
math.copysign: copysign(x, y): the absolute value of {x} with the sign of {y}
math.cos: cos(x): the cosine of {x} radians
math.cosh: cosh(x): the hyperbolic cosine of {x}
math.degrees: degrees(x): the angle {x} converted from radians to degrees
math.dist: dist(p, q): the Euclidean distance between the points {p} and {q}
math.erf: erf(x): the error function of {x}
math.erfc: erfc(x): the complementary error function of {x}
math.exp: exp(x): e raised to the power {x}
math.exp2: exp2(x): 2 raised to the power {x}
math.expm1: expm1(x): e raised to the power {x}, minus 1
math.fabs: fabs(x): the absolute value of {x} as a float
math.factorial: factorial(n): the factorial of {n}
math.floor: floor(x): the largest integer that is not greater than {x}
math.fmod: fmod(x, y): the remainder of {x} divided by {y}, with the sign of {x}
math.frexp: frexp(x): the tuple (m, e) such that {x} equals m times 2 to the power e
math.fsum: fsum(values): the exact float sum of the numbers in {values}
math.gamma: gamma(x): the gamma function of {x}
math.gcd: gcd(a, b): the greatest common divisor of {a} and {b}
math.hypot: hypot(x, y): the length of the hypotenuse of a right triangle with legs {x} and {y}
math.isclose: isclose(a, b): True if {a} and {b} are nearly equal, else False
math.isfinite: isfinite(x): True if {x} is neither infinite nor not-a-number, else False
math.isinf: isinf(x): True if {x} is infinite, else False
math.isnan: isnan(x): True if {x} is not-a-number, else False
math.isqrt: isqrt(n): the square root of {n}, rounded down to an integer
math.lcm: lcm(a, b): the least common multiple of {a} and {b}
math.ldexp: ldexp(x, i): {x} times 2 to the power {i}
math.lgamma: lgamma(x): the natural logarithm of the absolute value of the gamma function of {x}
math.log: log(x): the natural logarithm of {x}
math.log10: log10(x): the base 10 logarithm of {x}
math.log1p: log1p(x): the natural logarithm of 1 plus {x}
math.log2: log2(x): the base 2 logarithm of {x}
math.modf: modf(x): a tuple of the fractional part and the whole part of {x}, both as floats
math.perm: perm(n, k): the number of ways to choose {k} items from {n} items with order
math.pow: float_power(x, y): {x} raised to the power {y} as a float
math.prod: prod(values): the product of the numbers in {values}
math.radians: radians(x): the angle {x} converted from degrees to radians
math.remainder: remainder(x, y): the difference between {x} and the closest multiple of {y}
math.sin: sin(x): the sine of {x} radians
math.sinh: sinh(x): the hyperbolic sine of {x}
math.sqrt: sqrt(x): the square root of {x}
math.tan: tan(x): the tangent of {x} radians
math.tanh: tanh(x): the hyperbolic tangent of {x}
math.trunc: trunc(x): {x} without its fractional part, as an integer

str.capitalize: capitalize(s): {s} with its first character in upper case and the rest in lower case
str.casefold: casefold(s): {s} in lower case for comparisons without case
str.center: center(s, width): {s} centered in a string of length {width}, filled with spaces
str.count: count(s, part): how many times {part} occurs in {s} without overlaps
str.endswith: endswith(s, suffix): True if {s} ends with {suffix}, else False
str.expandtabs: expandtabs(s): {s} with each tab replaced by spaces up to the next multiple of 8 columns
str.find: find(s, part): the lowest index in {s} where {part} starts, or -1 if it does not occur
str.index: index(s, part): the lowest index in {s} where {part} starts
str.isalnum: isalnum(s): True if {s} is not empty and has only letters and digits, else False
str.isalpha: isalpha(s): True if {s} is not empty and has only letters, else False
str.isascii: isascii(s): True if {s} has only ASCII characters, else False
str.isdecimal: isdecimal(s): True if {s} is not empty and has only decimal digits, else False
str.isdigit: isdigit(s): True if {s} is not empty and has only digits, else False
str.isidentifier: isidentifier(s): True if {s} is a valid Python identifier, else False
str.islower: islower(s): True if {s} has a letter and all its letters are lower case, else False
str.isnumeric: isnumeric(s): True if {s} is not empty and has only numeric characters, else False
str.isprintable: isprintable(s): True if all characters of {s} are printable, else False
str.isspace: isspace(s): True if {s} is not empty and has only white space, else False
str.istitle: istitle(s): True if {s} is written in title case, else False
str.isupper: isupper(s): True if {s} has a letter and all its letters are upper case, else False
str.join: join(separator, parts): the strings of {parts} joined with {separator} between them
str.ljust: ljust(s, width): {s} padded with spaces on the right to length {width}
str.lower: lower(s): {s} in lower case
str.lstrip: lstrip(s): {s} without the white space at its start
str.partition: partition(s, separator): a tuple of the part of {s} before the first {separator}, {separator} itself, and the part after it
str.removeprefix: removeprefix(s, prefix): {s} without {prefix} at its start, if it starts with it
str.removesuffix: removesuffix(s, suffix): {s} without {suffix} at its end, if it ends with it
str.replace: replace(s, old, new): {s} with every {old} replaced by {new}
str.rfind: rfind(s, part): the highest index in {s} where {part} starts, or -1 if it does not occur
str.rindex: rindex(s, part): the highest index in {s} where {part} starts
str.rjust: rjust(s, width): {s} padded with spaces on the left to length {width}
str.rpartition: rpartition(s, separator): a tuple of the part of {s} before the last {separator}, {separator} itself, and the part after it
str.rsplit: rsplit(s, separator): a list of the parts of {s} between occurrences of {separator}
str.rstrip: rstrip(s): {s} without the white space at its end
str.split: split(s): a list of the words of {s}, separated by white space
str.splitlines: splitlines(s): a list of the lines of {s} without line breaks
str.startswith: startswith(s, prefix): True if {s} starts with {prefix}, else False
str.strip: strip(s): {s} without white space at both ends
str.swapcase: swapcase(s): {s} with upper case turned to lower case and lower case to upper case
str.title: title(s): {s} with each word starting with an upper-case letter and the rest in lower case
str.upper: upper(s): {s} in upper case
str.zfill: zfill(s, width): {s} padded with zeros on the left to length {width}, after a sign if there is one

statistics.correlation: correlation(x, y): the Pearson correlation of {x} and {y}
statistics.covariance: covariance(x, y): the sample covariance of {x} and {y}
statistics.fmean: fmean(data): the mean of {data} as a float
statistics.geometric_mean: geometric_mean(data): the geometric mean of {data}
statistics.harmonic_mean: harmonic_mean(data): the harmonic mean of {data}
statistics.mean: mean(data): the mean of {data}
statistics.median: median(data): the median of {data}
statistics.median_grouped: median_grouped(data): the median of {data}, treated as grouped continuous data with intervals of width 1
statistics.median_high: median_high(data): the larger of the two middle items of {data} when sorted, or the middle one
statistics.median_low: median_low(data): the smaller of the two middle items of {data} when sorted, or the middle one
statistics.mode: mode(data): the most common item of {data}, the first one met if there are several
statistics.multimode: multimode(data): a list of the most common items of {data}, in the order in which they are first met
statistics.pstdev: pstdev(data): the population standard deviation of {data}
statistics.pvariance: pvariance(data): the population variance of {data}
statistics.quantiles: quantiles(data): a list of the three cut points that divide {data} into quartiles, by the exclusive method
statistics.stdev: stdev(data): the sample standard deviation of {data}
statistics.variance: variance(data): the sample variance of {data}

string.capwords: capwords(s): the words of {s}, each capitalized, joined by single spaces

list.append: append(items, x): a copy of {items} with {x} added at the end
list.count: count_in(items, x): how many times {x} occurs in {items}
list.extend: extend(items, more): a copy of {items} followed by the items of {more}
list.index: position(items, x): the index of the first item of {items} that equals {x}
list.insert: insert(items, i, x): a copy of {items} with {x} inserted before index {i}
list.pop: pop(items): the last item of {items}
list.remove: remove(items, x): a copy of {items} without the first item that equals {x}
list.reverse: reverse(items): a copy of {items} in reverse order
list.sort: sort(items): a copy of {items} in ascending order

itertools.accumulate: accumulate(values): a list of the running sums of {values}
itertools.chain: chain(first, second): a list of the items of {first} followed by those of {second}
itertools.combinations: combinations(values, r): a list of all tuples of {r} items of {values}, in the order in which the items stand
itertools.combinations_with_replacement: combinations_with_replacement(values, r): a list of all tuples of {r} items of {values} in order, where an item may be repeated
itertools.compress: compress(data, selectors): a list of the items of {data} whose item in {selectors} is true
itertools.islice: islice(values, n): a list of the first {n} items of {values}
itertools.pairwise: pairwise(values): a list of the tuples of neighboring items of {values}
itertools.permutations: permutations(values, r): a list of all ordered tuples of {r} different positions of {values}
itertools.product: product(first, second): a list of all tuples of an item of {first} and an item of {second}
itertools.repeat: repeat(x, n): a list that holds {x} {n} times
itertools.zip_longest: zip_longest(first, second): a list of tuples that pair the items of {first} and {second}, with None where one is shorter
`;

function parseLine(line: string): [string, Description] {
  const match = /^([a-z]+\.\w+): (\w+)\(([\w, ]+)\): (.+)$/.exec(line);
  if (match === null) throw new AnnealError('internal.bug', `catalogue line not understood: ${line}`);
  const [, family, name, parameters, phrase] = match as unknown as [string, string, string, string, string];
  return [family, { name, parameters: parameters.split(', '), phrase }];
}

export const CATALOGUE: ReadonlyMap<string, Description> = new Map(
  LINES.split('\n')
    .filter((line) => line !== '')
    .map(parseLine),
);

/** Why some functions are never tasks, whatever a campaign asks for. */
export const NEVER: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['__import__', 'breakpoint', 'compile', 'eval', 'exec', 'help', 'input', 'open', 'print', 'exit', 'quit'].map(
      (name) => [`builtins.${name}`, 'acts on the interpreter, on files or on the terminal'],
    ),
  ),
  ...Object.fromEntries(
    ['copyright', 'credits', 'license', 'globals', 'locals', 'vars', 'dir', 'id', 'hash'].map((name) => [
      `builtins.${name}`,
      'depends on the process it runs in',
    ]),
  ),
  'operator.is_': 'depends on the identity of objects, not on their values',
  'operator.is_not': 'depends on the identity of objects, not on their values',
  'statistics.kernel_density_random': 'random',
};
