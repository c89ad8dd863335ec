// Ten questions that the documents answer, where each answer stands, and what may be said of it; and one that they do not answer.

export interface Asked {
  readonly question: string;
  readonly document: string;
  /** A part of the one line that answers. */
  readonly stands: string;
  /** What of that line is quoted. */
  readonly quote: string;
  /** Says what the quote says. */
  readonly truth: string;
  /** Claims that the same quote does not bear: other numbers, other names, the opposite, more than it says, the words turned round. */
  readonly lies: readonly string[];
}

export const QUESTIONS: readonly Asked[] = [
  {
    question: 'Which version of Node.js does Commander require?',
    document: 'commander/Readme.md',
    stands: 'requires at least v22.12.0',
    quote:
      'The current version of Commander is fully supported on Long Term Support versions of Node.js, and requires at least v22.12.0.',
    truth: 'The current version of Commander requires at least v22.12.0.',
    lies: [
      'The current version of Commander requires at least v18.12.0.',
      'The current version of Commander does not require v22.12.0.',
      'The current version of Yargs requires at least v22.12.0.',
      'Commander is the fastest parser of command lines.',
    ],
  },
  {
    question: 'How often does the openai package retry failed requests by default?',
    document: 'openai/README.md',
    stands: 'automatically retried 2 times by default',
    quote: 'Certain errors will be automatically retried 2 times by default, with a short exponential backoff.',
    truth: 'Certain errors will be automatically retried 2 times by default.',
    lies: [
      'Certain errors will be automatically retried 5 times by default.',
      'Certain errors will never be automatically retried.',
      'All errors will be retried 2 times, also those of authentication.',
    ],
  },
  {
    question: 'After how long does a request of the openai client time out?',
    document: 'openai/README.md',
    stands: 'Requests time out after 10 minutes by default.',
    quote: 'Requests time out after 10 minutes by default.',
    truth: 'Requests time out after 10 minutes by default.',
    lies: [
      'Requests time out after 10 hours by default.',
      'Requests time out after 90 minutes by default.',
      'Requests do not time out.',
    ],
  },
  {
    question: 'On which versions of Node.js does the Hono node-server adapter work?',
    document: 'hono-node-server/README.md',
    stands: 'It works on Node.js versions greater than 20.x.',
    quote: 'It works on Node.js versions greater than 20.x.',
    truth: 'It works on Node.js versions greater than 20.x.',
    lies: [
      'It works on Node.js versions greater than 12.x.',
      'It works on Bun versions greater than 20.x.',
      'It works on Node.js versions less than 20.x.',
    ],
  },
  {
    question: 'How large is the core bundle of zod?',
    document: 'zod/README.md',
    stands: 'core bundle (gzipped)',
    quote: 'Tiny: `2kb` core bundle (gzipped)',
    truth: 'Tiny: 2kb core bundle, gzipped.',
    lies: ['A core bundle of 9kb, gzipped.', 'The core bundle is smaller than that of Yup.'],
  },
  {
    question: 'Which release of cborg dropped support for Node.js 14?',
    document: 'cborg/CHANGELOG.md',
    stands: 'drop Node.js 14.x support',
    quote: 'drop Node.js 14.x support',
    truth: 'Drop Node.js 14.x support.',
    lies: ['Node.js 14.x support.', 'Drop Node.js 16.x support.', 'Add Node.js 14.x support.'],
  },
  {
    question: 'Which tar format does tar-stream implement?',
    document: 'tar-stream/README.md',
    stands: 'USTAR with additional support for pax extended headers',
    quote: 'It implementes USTAR with additional support for pax extended headers.',
    truth: 'It implementes USTAR with additional support for pax extended headers.',
    lies: [
      'It implementes CPIO with additional support for pax extended headers.',
      'It implementes USTAR without pax extended headers.',
    ],
  },
  {
    question: 'How does RE2JS guarantee linear time when it matches?',
    document: 're2js/README.md',
    stands: 'explore all matches simultaneously in a single pass over the input data',
    quote:
      'RE2JS utilizes a combination of Deterministic Finite Automaton (DFA) and Nondeterministic Finite Automaton (NFA) strategies to explore all matches simultaneously in a single pass over the input data.',
    truth:
      'RE2JS utilizes a combination of DFA and NFA strategies to explore all matches simultaneously in a single pass over the input data.',
    lies: [
      'RE2JS utilizes a combination of NFA and DFA strategies and backtracks over the input data.',
      'RE2JS explores all matches in 2 passes over the input data.',
      'PCRE explores all matches simultaneously in a single pass over the input data.',
    ],
  },
  {
    question: 'What are the default buckets of the GC duration histogram in prom-client?',
    document: 'prom-client/README.md',
    stands: 'Default buckets of GC duration histogram are',
    quote: 'Default buckets of GC duration histogram are `[0.001, 0.01, 0.1, 1, 2, 5]` (in seconds).',
    truth: 'Default buckets of GC duration histogram are [0.001, 0.01, 0.1, 1, 2, 5] in seconds.',
    lies: [
      'Default buckets of GC duration histogram are [0.001, 0.01, 0.1, 1, 2, 50] in seconds.',
      'Default buckets of GC duration histogram are in milliseconds.',
    ],
  },
  {
    question: 'What did nodemailer 10.6.0 add to smtp?',
    document: 'nodemailer/CHANGELOG.md',
    stands: 'add configurable socketCloseTimeout',
    quote: '**smtp:** add configurable socketCloseTimeout',
    truth: 'smtp: add configurable socketCloseTimeout.',
    lies: [
      'smtp: remove configurable socketCloseTimeout.',
      'smtp: add configurable socketOpenTimeout.',
      'imap: add configurable socketCloseTimeout to IMAP.',
    ],
  },
];

/** None of the documents speaks of it. */
export const UNANSWERED = 'What does a commercial zeppelin insurance cost in Liechtenstein?';
