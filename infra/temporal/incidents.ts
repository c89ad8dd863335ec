// Incidents as commands see them: opening one, where it stands, how it ended.
import { createHash } from 'node:crypto';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { type ForgeTold, forgeTold } from '../../contracts/forge.ts';
import {
  type IncidentEnd,
  type IncidentInput,
  type IncidentName,
  type IncidentView,
  incidentEnd,
  incidentName,
  type RevertEnd,
  revertEnd,
} from '../../contracts/incident.ts';
import { INCIDENT, incidentKey, incidentWorkflowId, isTicket, QUEUES } from '../../contracts/names.ts';

export interface IncidentState {
  readonly incident: IncidentName;
  /** Absent where its workflow is gone and only its end is left. */
  readonly view?: IncidentView;
  readonly end?: IncidentEnd;
  /** How it is shown at a forge; absent where it is not. */
  readonly forge?: ForgeTold;
  /** What it had merged was taken back, or was to be. */
  readonly reverted?: RevertEnd;
}

export type Incidents = ReturnType<typeof createIncidents>;

export function createIncidents(client: Client, store: ArtifactStore) {
  async function endOf(incident: IncidentName): Promise<IncidentEnd | undefined> {
    const found = await store.readNamed(incidentKey(incident, 'end'));
    return found === undefined ? undefined : incidentEnd.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
  }

  async function look(name: string): Promise<IncidentState> {
    const parsed = incidentName.safeParse(name);
    const missing = (): AnnealError => new AnnealError('incident.not_found', name);
    if (!parsed.success) throw missing();
    const incident = parsed.data;
    const end = await endOf(incident);
    const shown = await store.readNamed(incidentKey(incident, 'forge'));
    const forge = shown && forgeTold.parse(JSON.parse(new TextDecoder().decode(shown.bytes)));
    const back = await store.readNamed(incidentKey(incident, 'reverted'));
    const reverted = back && revertEnd.parse(JSON.parse(new TextDecoder().decode(back.bytes)));
    const more = { ...(end && { end }), ...(forge && { forge }), ...(reverted && { reverted }) };
    try {
      const view = await client.workflow.getHandle(incidentWorkflowId(incident)).query<IncidentView>(INCIDENT.view);
      return { incident, view, ...more };
    } catch (failure) {
      if (!(failure instanceof WorkflowNotFoundError)) throw failure;
      if (end === undefined) throw missing();
      return { incident, ...more };
    }
  }

  return {
    look,
    /**
     * The same logs for the same repository are one incident: opened again, it is the one that there is; where the machine was at fault it takes
     * up what is on record.
     */
    async open(input: Omit<IncidentInput, 'schema' | 'incident'> & { incident?: IncidentName }): Promise<IncidentName> {
      const incident = input.incident ?? nameOf(input);
      if (isTicket(incident)) throw new AnnealError('cli.usage', `${incident}: a ticket is called so, and no incident`);
      if (((await endOf(incident))?.how ?? 'failed') === 'failed')
        await client.workflow.start('incident', {
          workflowId: incidentWorkflowId(incident),
          taskQueue: QUEUES.control,
          args: [{ ...input, schema: 'anneal/incident/v1', incident } satisfies IncidentInput],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
      return incident;
    },
    async ended(incident: IncidentName): Promise<IncidentEnd> {
      return incidentEnd.parse(await client.workflow.getHandle(incidentWorkflowId(incident)).result());
    },
    /** Newest first: those that Temporal still knows, and those whose end is kept. */
    async list(): Promise<IncidentState[]> {
      const running = await Array.fromAsync(client.workflow.list({ query: `WorkflowType = 'incident'` }));
      const known = running
        .toSorted((a, b) => b.startTime.getTime() - a.startTime.getTime())
        .map(({ workflowId }) => workflowId.replace(/^incident\//, ''));
      const kept = (await store.listNamed('incidents/'))
        .filter((key) => key.endsWith('/end'))
        .map((key) => key.slice('incidents/'.length, -'/end'.length));
      return Promise.all([...new Set([...known, ...kept])].map(look));
    },
  };
}

function nameOf({ logs, repository }: Pick<IncidentInput, 'logs' | 'repository'>): IncidentName {
  const what = canonicalJson({ repository, logs: logs.map(({ name, object }) => [name, object.sha256]) });
  return incidentName.parse(`incident-${createHash('sha256').update(what).digest('hex').slice(0, 8)}`);
}
