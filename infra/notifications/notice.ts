// What somebody is told of a gate: enough to know whether to get up, and where to answer. Never a way to answer by the message itself.
import type { Evidence } from '../../contracts/gate.ts';

export interface Notice {
  /** The same for every try to tell it: a receiver that has seen it may drop it. */
  readonly id: string;
  readonly gate: string;
  readonly kind: string;
  readonly campaign: string;
  readonly title: string;
  readonly why: string;
  readonly risk: string;
  readonly recommended: string;
  /** What happens on silence. */
  readonly safe: string;
  readonly deadline: string;
  /** Null where no console is configured. */
  readonly link: string | null;
  readonly command: string;
  /** What has happened, where it is no question: the gate is closed. */
  readonly news?: string;
}

export function noticeOf(
  shown: Evidence,
  of: {
    readonly id: string;
    readonly deadline: Date;
    readonly console: string | undefined;
    readonly news?: string | undefined;
  },
): Notice {
  const { gate, kind, campaign, title, why, risk, recommended, safe } = shown;
  const base = of.console?.replace(/\/+$/, '');
  return {
    ...{ id: of.id, gate, kind, campaign },
    ...{ title: oneLine(title), why: oneLine(why), risk: oneLine(risk), recommended, safe },
    deadline: of.deadline.toISOString(),
    link: base === undefined ? null : `${base}/gates/${encodeURIComponent(gate)}`,
    command: `./anneal gates ${gate}`,
    ...(of.news === undefined ? {} : { news: oneLine(of.news) }),
  };
}

export const subjectOf = ({ campaign, title, news }: Notice): string => `[${campaign}] ${news ?? title}`;

export function textOf({ title, why, risk, recommended, safe, deadline, link, command, news }: Notice): string {
  if (news !== undefined) return [news, '', title, why, `Risk: ${risk}`, '', `Look: ${link ?? command}`].join('\n');
  return [
    title,
    '',
    why,
    `Risk: ${risk}`,
    '',
    `Recommended: ${recommended}. On silence, ${deadline}: ${safe}.`,
    link === null ? `Look and answer: ${command}` : `Look and answer: ${link}`,
  ].join('\n');
}

/** Evidence holds words of models and logs: no controls, nothing that turns text round, one line, of a bounded length. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 1_000);
