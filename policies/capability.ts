// What a task exercises: the slices that certified promotion watches.

/** The slice of tasks that chain two functions: pairs of modules would each have a family or two, too few to tell anything. */
const CHAINED = 'compositions';

/**
 * A task's own capability where it names one. One of Python's standard library names none: it is its function's module, `math`
 * of `math.floor`. Derived, so that sets locked before capabilities were watched keep their hashes.
 */
export function capabilityOf({
  family,
  capability,
}: {
  readonly family: string;
  readonly capability?: string;
}): string {
  if (capability !== undefined) return capability;
  return family.includes('+') ? CHAINED : family.split('.')[0]!;
}
