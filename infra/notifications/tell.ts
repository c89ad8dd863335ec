// From evidence to a message that was sent.
import type { Evidence } from '../../contracts/gate.ts';
import type { Channel, OnCallSpec } from '../../contracts/on-call.ts';
import { noticeOf } from './notice.ts';
import { send } from './send.ts';

interface Told {
  readonly channel: Channel;
  readonly evidence: Evidence;
  readonly id: string;
  readonly deadline: Date;
  /** What has happened, where it is no question. */
  readonly news?: string | undefined;
}

export const tellBy =
  (spec: Pick<OnCallSpec, 'console' | 'mail'> | undefined) =>
  ({ channel, evidence, id, deadline, news }: Told) =>
    send(channel, noticeOf(evidence, { id, deadline, console: spec?.console, news }), spec?.mail);
