// From evidence to a message that was sent.
import type { Evidence } from '../../contracts/gate.ts';
import type { Channel, OnCallSpec } from '../../contracts/on-call.ts';
import { noticeOf } from './notice.ts';
import { send } from './send.ts';

export const tellBy =
  (spec: Pick<OnCallSpec, 'console' | 'mail'> | undefined) =>
  ({ channel, evidence, id, deadline }: { channel: Channel; evidence: Evidence; id: string; deadline: Date }) =>
    send(channel, noticeOf(evidence, { id, deadline, console: spec?.console }), spec?.mail);
