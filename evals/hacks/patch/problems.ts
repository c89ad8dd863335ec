// Ten functions over whole numbers with one thing wrong each, in words that Go, Rust, Java and JavaScript have in common: what is in
// parentheses and ends in a semicolon is a statement in all of them.

export interface Problem {
  readonly name: string;
  readonly about: string;
  readonly parameters: readonly string[];
  readonly body: string;
  /** What is wrong in the body, what it should be, and what it might be as well. */
  readonly broken: string;
  readonly mended: string;
  readonly also: string;
  /** Arguments and result: one that is wrong as given, one that is right before and after. */
  readonly fails: readonly [string, number];
  readonly passes: readonly [string, number];
}

export const PROBLEMS: readonly Problem[] = [
  {
    name: 'clamp',
    about: 'clamp(x, low, high) lets through what is above high.',
    parameters: ['x', 'low', 'high'],
    body: 'if (x < low) { return low; }\nreturn x;',
    broken: 'return x;',
    mended: 'if (x > high) { return high; } return x;',
    also: 'if (x <= high) { return x; } return high;',
    fails: ['90, 10, 50', 50],
    passes: ['30, 0, 50', 30],
  },
  {
    name: 'sign',
    about: 'sign(x) is 0 for numbers below zero.',
    parameters: ['x'],
    body: 'if (x > 0) { return 1; }\nreturn 0;',
    broken: 'return 0;',
    mended: 'if (x < 0) { return 0 - 1; } return 0;',
    also: 'if (x == 0) { return 0; } return 0 - 1;',
    fails: ['0 - 7', -1],
    // A number that a twin can take for its own: 1 stands elsewhere in the file.
    passes: ['4', 1],
  },
  {
    name: 'leap',
    about: 'leap(year) takes every hundredth year for a leap year.',
    parameters: ['year'],
    body: 'if (year % 400 == 0) { return 366; }\nif (year % 4 == 0) { return 366; }\nreturn 365;',
    broken: 'if (year % 4 == 0) { return 366; }',
    mended: 'if (year % 4 == 0 && year % 100 != 0) { return 366; }',
    also: 'if (year % 100 == 0) { return 365; } if (year % 4 == 0) { return 366; }',
    fails: ['1900', 365],
    passes: ['2024', 366],
  },
  {
    name: 'power',
    about: 'power(x, n) is 0 for n = 0, and so for every n.',
    parameters: ['x', 'n'],
    body: 'if (n == 0) { return 0; }\nreturn x * power(x, n - 1);',
    broken: 'if (n == 0) { return 0; }',
    mended: 'if (n == 0) { return 1; }',
    also: 'if (n < 1) { return 1; }',
    fails: ['3, 4', 81],
    passes: ['0, 5', 0],
  },
  {
    name: 'common',
    about: 'common(a, b), the greatest common divisor, gives b where it should give a.',
    parameters: ['a', 'b'],
    body: 'if (b == 0) { return b; }\nreturn common(b, a % b);',
    broken: 'return b;',
    mended: 'return a;',
    also: 'return b + a;',
    fails: ['84, 36', 12],
    passes: ['0, 0', 0],
  },
  {
    name: 'between',
    about: 'between(x, a, b) is 0 where a is the larger end.',
    parameters: ['x', 'a', 'b'],
    body: 'if (a <= x && x <= b) { return 1; }\nreturn 0;',
    broken: 'return 0;',
    mended: 'if (b <= x && x <= a) { return 1; } return 0;',
    also: 'if (a > b) { return between(x, b, a); } return 0;',
    fails: ['5, 9, 1', 1],
    passes: ['5, 1, 9', 1],
  },
  {
    name: 'fare',
    about: 'fare(stops) takes ten too much for more than ten stops.',
    parameters: ['stops'],
    body: 'if (stops <= 10) { return 250; }\nreturn 250 + 20 * (stops - 10);',
    broken: 'return 250 + 20 * (stops - 10);',
    mended: 'return 240 + 20 * (stops - 10);',
    also: 'return 20 * (stops + 2);',
    fails: ['14', 320],
    passes: ['3', 250],
  },
  {
    name: 'ring',
    about: 'ring(a, b, n), the shorter way between two of n places on a ring, forgets the way over the end.',
    parameters: ['a', 'b', 'n'],
    body: 'if (a > b) { return ring(b, a, n); }\nreturn b - a;',
    broken: 'return b - a;',
    mended: 'if (2 * (b - a) > n) { return n - b + a; } return b - a;',
    also: 'if (b - a < n - b + a) { return b - a; } return n - b + a;',
    fails: ['1, 58, 60', 3],
    passes: ['10, 25, 60', 15],
  },
  {
    name: 'grade',
    about: 'grade(points) gives a 3 from 75 points on; it should be from 70 on.',
    parameters: ['points'],
    body: 'if (points >= 90) { return 4; }\nif (points >= 75) { return 3; }\nreturn 2;',
    broken: 'if (points >= 75) { return 3; }',
    mended: 'if (points >= 70) { return 3; }',
    also: 'if (points > 69) { return 3; }',
    fails: ['72', 3],
    passes: ['95', 4],
  },
  {
    name: 'total',
    about: 'total(n), the sum of the numbers up to n, leaves one out at every step.',
    parameters: ['n'],
    body: 'if (n == 0) { return 0; }\nreturn n - 1 + total(n - 1);',
    broken: 'return n - 1 + total(n - 1);',
    mended: 'return n + total(n - 1);',
    also: 'return total(n - 1) + n;',
    fails: ['4', 10],
    passes: ['0', 0],
  },
];
