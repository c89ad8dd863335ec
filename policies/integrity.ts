// How many integrity alarms a campaign may raise before a human looks at it.

export interface AlarmCount {
  readonly alarms: number;
  readonly rollouts: number;
}

export interface IntegrityRuling {
  readonly action: 'go-on' | 'pause';
  /** One plain sentence with the numbers. */
  readonly why: string;
}

/** Unless a campaign says otherwise. */
export const ALARM_LIMIT = 0.05;
/** A single one may be false. */
const FEWEST = 2;

/** By the round at hand: what a policy has just learnt to do must not be thinned by the rounds before. */
export function judgeAlarms({ alarms, rollouts }: AlarmCount, limit = ALARM_LIMIT): IntegrityRuling {
  const rate = rollouts === 0 ? 0 : alarms / rollouts;
  const share = `${alarms} of ${rollouts} rollouts (${(100 * rate).toFixed(1)}%)`;
  const allowed = `${(100 * limit).toFixed(1)}% are allowed`;
  return alarms >= FEWEST && rate > limit
    ? { action: 'pause', why: `${share} raised an integrity alarm; ${allowed}` }
    : { action: 'go-on', why: `${share} raised an integrity alarm; ${allowed}` };
}
