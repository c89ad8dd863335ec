// What a reading of logs came to: one cause, the first fault, and the lines that show it, quoted as they stand.
import { z } from 'zod';

export const cause = z.enum([
  'nan-or-inf',
  'loss-spike',
  'entropy-collapse',
  'kl-blow-up',
  'reward-length-drift',
  'gradient-explosion',
  'throughput-drop',
  'straggler',
  'oom-device',
  'oom-host',
  /** A collective operation that waited too long: a rank that stopped, or the network between ranks. */
  'nccl-timeout',
  /** Ranks that came to different collective operations, or to a different number of them. */
  'collective-desync',
  /** Xid, ECC, a device that is lost. */
  'gpu-hardware',
  'checkpoint-corrupt',
  'data-starvation',
  'disk-full',
  'tokenizer-mismatch',
  'gateway-failure',
  'verifier-failure',
  'silent-hang',
  /** An ordinary error of the program: an import, a setting, an assertion. */
  'exception',
  /** Ended from outside: preempted, out of its time, cancelled. */
  'preempted',
  'healthy',
  'undetermined',
]);
export type Cause = z.infer<typeof cause>;

/** What could be done; which skill does it is the skills' own matter. */
export const remedyId = z.enum([
  'lower-learning-rate',
  'clip-gradients',
  'skip-bad-batch',
  'resume-from-checkpoint',
  'resume-from-earlier-checkpoint',
  'raise-entropy-bonus',
  'raise-kl-coefficient',
  'penalise-length',
  'smaller-pieces',
  'more-host-memory',
  'drain-node',
  'compare-ranks',
  'raise-collective-timeout',
  'check-network',
  'free-disk',
  'check-data-pipeline',
  'match-tokenizer',
  'restart-gateway',
  'restart-verifier',
  'fix-code',
  'take-stacks',
]);
export type RemedyId = z.infer<typeof remedyId>;

const place = {
  file: z.string(),
  /** From 1; carriage returns do not count. */
  line: z.int().positive(),
  /** Of the line's first byte; `offsets` of the file says in what. */
  byteOffset: z.int().nonnegative(),
  rank: z.int().nonnegative().nullable(),
  /** As the log writes it. */
  time: z.string().nullable(),
};

export const evidenceLine = z.strictObject({
  ...place,
  role: z.enum(['first-fault', 'supports', 'follows']),
  /** Exactly what the file has there, colour codes included. */
  text: z.string(),
  /** The line is longer than what is quoted. */
  cut: z.boolean(),
});
export type EvidenceLine = z.infer<typeof evidenceLine>;

export const readFile = z.strictObject({
  path: z.string(),
  /** `interrupted`: what had been read until then counts. */
  state: z.enum(['read', 'interrupted', 'empty', 'binary', 'directory', 'missing', 'unreadable', 'damaged']),
  bytes: z.int().nonnegative(),
  lines: z.int().nonnegative(),
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'unknown']),
  gzip: z.boolean(),
  /** Byte offsets count in the file itself, or in what it was unpacked or decoded to. */
  offsets: z.enum(['file', 'decoded']),
  /** It ends without a newline: it was cut, or is still written. */
  openEnd: z.boolean(),
});
export type ReadFile = z.infer<typeof readFile>;

/** What a model may suspect: something that went wrong. That all is well, or that nothing is known, is for the detectors to say. */
export const suspectedCause = cause.exclude(['healthy', 'undetermined']);

/**
 * What a model that read an excerpt suspects, after each line that it cites was found to be there. It counts for nothing: neither cause,
 * confidence nor remedies of the diagnosis are made from it.
 */
export const hypothesis = z.strictObject({
  cause: suspectedCause,
  /** The model's own. */
  confidence: z.number().min(0).max(1),
  /** The model's words, without anything that steers a terminal, a page or Markdown. */
  why: z.string().max(400),
  /** Lines that have this text exactly, as they were shown: secrets and control signs are written out. */
  citations: z.array(z.strictObject({ file: z.string(), line: z.int().positive(), text: z.string() })).min(1),
  by: z.strictObject({ model: z.string(), scripted: z.boolean() }),
  /** It comes from one who had read what nobody vouches for. */
  tainted: z.literal(true),
});
export type Hypothesis = z.infer<typeof hypothesis>;

/** How the model was asked, and what became of its answer. */
export const readerReport = z.strictObject({
  model: z.string(),
  scripted: z.boolean(),
  /** `direct`: nobody keeps what was asked and answered but who is named by `record`. `gateway`: it is in the data pool. */
  way: z.enum(['direct', 'gateway']),
  state: z.enum(['answered', 'failed']),
  /** Hypotheses of the answer that were looked at, and those whose citations stand. */
  offered: z.int().nonnegative(),
  standing: z.int().nonnegative(),
  /** What left this machine: lines of the logs, characters in all, secrets that were taken out of them. */
  shown: z.strictObject({
    lines: z.int().nonnegative(),
    characters: z.int().nonnegative(),
    secrets: z.int().nonnegative(),
  }),
  /** Where question and answer are kept. */
  record: z.string().nullable(),
  notes: z.array(z.string()),
});
export type ReaderReport = z.infer<typeof readerReport>;

export const diagnosis = z.strictObject({
  schema: z.literal('anneal/diagnosis/v1'),
  cause,
  /** One sentence. */
  summary: z.string(),
  confidence: z.number().min(0).max(1),
  firstFault: z.strictObject(place).nullable(),
  evidence: z.array(evidenceLine),
  /** Of a collective operation that did not end: which, and who did not come. */
  collective: z
    .strictObject({
      operation: z.string().nullable(),
      sequence: z.int().nonnegative().nullable(),
      stoppedRanks: z.array(z.int().nonnegative()),
    })
    .nullable(),
  alternatives: z.array(z.strictObject({ cause, confidence: z.number().min(0).max(1), why: z.string() })),
  remedies: z.array(remedyId),
  read: z.strictObject({
    files: z.array(readFile),
    bytes: z.int().nonnegative(),
    lines: z.int().nonnegative(),
    ranks: z.array(z.int().nonnegative()),
    /** Whose way of writing was recognised: `pytorch`, `megatron`, `slurm` … */
    programs: z.array(z.string()),
    /** Numbers that were read from lines of metrics. */
    metrics: z.int().nonnegative(),
    notes: z.array(z.string()),
  }),
  /** Of a model, where one was asked; they stand beside what the detectors found. */
  hypotheses: z.array(hypothesis).optional(),
  reader: readerReport.optional(),
});
export type Diagnosis = z.infer<typeof diagnosis>;
