// Questions with one right answer, the same for both sides of the evaluation bench: sums, three quarters of them answered rightly.

export interface Sample {
  readonly id: string;
  readonly prompt: string;
  readonly target: string;
  /** What the scripted model says. */
  readonly reply: string;
}

/** Every fourth reply is wrong. */
export function samples(count: number): Sample[] {
  return Array.from({ length: count }, (_, index) => {
    const [a, b] = [1_000 + index, 17 + ((index * 7_919) % 9_973)];
    const reply = index % 4 === 0 ? 'I do not know' : `${a + b}`;
    return {
      id: `q${index}`,
      prompt: `What is ${a} plus ${b}? Answer with the number alone.`,
      target: `${a + b}`,
      reply,
    };
  });
}

/** The share of right replies among so many. */
export const rightShare = (count: number): number => 1 - Math.ceil(count / 4) / count;
