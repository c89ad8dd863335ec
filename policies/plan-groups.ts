// How the records of a plan's rollouts are found: below one prefix that no other plan has, or group by group, where they lie among those of
// other plans.
export interface ByGroup {
  /** Set by whoever knows the plans beside it; a plan whose rollouts began with several versions says so itself. */
  readonly byGroup?: boolean | undefined;
}

export const isByGroup = ({ byGroup, sampledBy }: ByGroup & { readonly sampledBy?: unknown }): boolean =>
  byGroup === true || sampledBy !== undefined;
