// Bytes a stored number takes.
import type { Precision } from '../../contracts/profile.ts';

/** q8_0 and q4_1: GGUF blocks of 32 with 2 and 4 bytes of scales. */
export const BYTES = {
  fp32: 4,
  bf16: 2,
  fp16: 2,
  fp8: 1,
  q8_0: 34 / 32,
  q4_1: 20 / 32,
} as const satisfies Record<Precision, number>;

export const GB = 1e9;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a plain number: bytes of `64Gi`, cores of `500m`. */
export function quantity(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  const unit = UNITS[match?.[2] ?? '?'];
  if (match?.[1] === undefined || unit === undefined) throw new RangeError(`not a Kubernetes quantity: ${text}`);
  return Number(match[1]) * unit;
}
