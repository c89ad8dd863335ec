// How minimist could have come about: what its last version has beyond a first one, part by part, each with the tests that tell whether it
// is there. `without` is how the source reads before the part. Messages are of the kind that people write, good ones and bad ones.

export interface Part {
  readonly message: string;
  /** Every occurrence of the first text is the second one before this part. */
  readonly without: readonly (readonly [string, string])[];
  /** Tests by file that come with it; with a part that has none comes a change of the README instead. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

export const PARTS: readonly Part[] = [
  {
    message:
      'Options that begin with no are negations\n\n`--no-moo` sets the option moo to false, in place of setting an option of the name no-moo to true.',
    without: [
      [
        `} else if ((/^--no-.+/).test(arg)) {
			key = arg.match(/^--no-(.+)/)[1];
			setArg(key, false, arg);
		`,
        '',
      ],
    ],
    tests: { 'parse.js': ['parse args', 'comprehensive'] },
  },
  {
    message:
      'index.js: values of long options may hold line breaks\n\nWhat stands behind the equals sign was cut off at the first line break.\n\nvar m = arg.match(/^--([^=]+)=([\\s\\S]*)$/);',
    without: [
      [
        `			// Using [\\s\\S] instead of . because js doesn't support the
			// 'dotall' regex modifier. See:
			// http://stackoverflow.com/a/1068308/13216
			var m = arg.match(/^--([^=]+)=([\\s\\S]*)$/);
`,
        "			var m = arg.match(/^--([^=]+)=(.*)$/) || [arg, arg.slice(2).split('=')[0], ''];\n",
      ],
    ],
    tests: { 'parse.js': ['newlines in params'] },
  },
  {
    message: 'Say in the README how strings are asked for',
    without: [],
    tests: {},
  },
  {
    message:
      'Options that are strings are empty when they have no value\n\nAn option that was declared as a string and comes without a value was true, which is no string. It is the empty string now, alone and in a group of short options.',
    without: [
      ["flags.strings[key] ? '' : true", 'true'],
      ["flags.strings[letters[j]] ? '' : true", 'true'],
    ],
    tests: { 'parse.js': ['empty strings'] },
  },
  {
    message:
      'Parsing can stop at the first argument that is no option\n\nWith the option stopEarly everything behind the first argument that is no option is left as it is, in `_`.',
    without: [
      [
        `			if (opts.stopEarly) {
				argv._.push.apply(argv._, args.slice(i + 1));
				break;
			}
`,
        '',
      ],
    ],
    tests: { 'stop_early.js': ['stops parsing on the first non-option when stopEarly is set'] },
  },
  {
    message:
      'fix(short): an equals sign behind a short option\n\nA short option takes what stands behind an equals sign for its value, as a long one does: `-b=123` gives 123, not the text =123. In a group it belongs to the last letter before the sign, and further equals signs are part of the value.\n\nSigned-off-by: A Committer <committer@example.org>',
    without: [
      [
        `				if ((/[A-Za-z]/).test(letters[j]) && next[0] === '=') {
					setArg(letters[j], next.slice(1), arg);
					broken = true;
					break;
				}

`,
        '',
      ],
    ],
    tests: {
      'kv_short.js': [
        'short -k=v',
        'multi short -k=v',
        'short with embedded equals -k=a=b',
        'short with later equals like -ab=c',
      ],
    },
  },
  {
    message: 'Fix',
    without: [
      [
        `			if (flags.bools[key]) {
				value = value !== 'false';
			}
`,
        '',
      ],
    ],
    tests: { 'bool.js': ['boolean --boool=true', 'boolean --boool=false'] },
  },
  {
    message:
      'What stands behind a double dash can be kept apart\n\nWith the option `--` set, the arguments behind a double dash come in an array of that name, and not among those in `_`.',
    without: [
      [
        `	if (opts['--']) {
		argv['--'] = notFlags.slice();
	} else {
		notFlags.forEach(function (k) {
			argv._.push(k);
		});
	}
`,
        `	notFlags.forEach(function (k) {
		argv._.push(k);
	});
`,
      ],
    ],
    tests: { 'dash.js': ['move arguments after the -- into their own `--` array'] },
  },
  {
    message:
      'No argument reaches the prototype of an object\n\nA dotted option whose path goes through `__proto__`, or through `constructor` where that is a function, is ignored, and so is one that would reach the prototype of Object, Array, Number or String in another way. An option that has a number, a text or a list keeps it.',
    without: [
      ['			if (isConstructorOrProto(o, key)) { return; }\n', ''],
      ['		if (isConstructorOrProto(o, lastKey)) { return; }\n', ''],
      [
        `function isConstructorOrProto(obj, key) {
	return (key === 'constructor' && typeof obj[key] === 'function') || key === '__proto__';
}

`,
        '',
      ],
    ],
    tests: {
      'proto.js': ['proto pollution (array)', 'proto pollution (number)', 'proto pollution (string)'],
    },
  },
];
