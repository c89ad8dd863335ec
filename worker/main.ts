// The worker: wires adapters into activities and serves three queues. Started by the supervisor, or by hand in production.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { atBoundary } from '../activities/boundary.ts';
import { createCampaignActivities } from '../activities/campaign.ts';
import { createCertifiedActivities } from '../activities/certified.ts';
import { createConstructionActivities } from '../activities/construction.ts';
import { createEvaluationActivities } from '../activities/evaluation.ts';
import { createForgeActivities } from '../activities/forge.ts';
import { createGateActivities } from '../activities/gates.ts';
import { createIncidentActivities } from '../activities/incidents.ts';
import { createJudges, createJudgingActivities } from '../activities/judges.ts';
import { createMergeActivities } from '../activities/merges.ts';
import { createMonitor } from '../activities/monitor.ts';
import { createPipelineActivities } from '../activities/pipeline.ts';
import type { QueueActivities } from '../activities/queue-interface.ts';
import { createDocuments } from '../activities/read.ts';
import { createReportActivities } from '../activities/report.ts';
import { createResearchActivities } from '../activities/research.ts';
import { createRevertActivities } from '../activities/reverts.ts';
import { createRlTeamActivities } from '../activities/rl-team.ts';
import { createRolloutActivities } from '../activities/rollouts.ts';
import { createServerActivities } from '../activities/servers.ts';
import { createTellingActivities } from '../activities/tellings.ts';
import { createTicketActivities } from '../activities/tickets.ts';
import { createTrackingActivities } from '../activities/tracking.ts';
import { createTrainingActivities } from '../activities/training.ts';
import { follow } from '../agents/diagnosis/follow.ts';
import { MONITOR } from '../contracts/names.ts';
import { createKeeping } from '../infra/audit/kept/keeping.ts';
import { openPlaces } from '../infra/audit/kept/read.ts';
import { createAuditLog } from '../infra/audit/log.ts';
import { createWitness } from '../infra/audit/witness.ts';
import { chooseBrowser } from '../infra/browser/choice.ts';
import { endpointsOf, loadConfig } from '../infra/config.ts';
import { readCritical } from '../infra/critical.ts';
import { createAgentAccess } from '../infra/gateway-client/agents.ts';
import { createGatewayClient } from '../infra/gateway-client/client.ts';
import { secretInputs } from '../infra/gateway-client/secret-inputs.ts';
import { graderTools } from '../infra/graders/tools.ts';
import { readApprovers } from '../infra/identity/keys.ts';
import { createLocalIdentity } from '../infra/identity/local.ts';
import { openJudge } from '../infra/judge-model/open.ts';
import { observeWorker } from '../infra/metrics/observe.ts';
import { readOnCall } from '../infra/notifications/read.ts';
import { tellBy } from '../infra/notifications/tell.ts';
import { createPeople } from '../infra/people/registry.ts';
import { createSeenPeople } from '../infra/people/seen.ts';
import { keepThreadsAwake } from '../infra/process/wake-threads.ts';
import { forgetDeadTemporary } from '../infra/process/work-folder.ts';
import { createReleases } from '../infra/releases/releases.ts';
import { openRepositories, readRepositories } from '../infra/repositories.ts';
import { chooseSandbox } from '../infra/sandbox/choice.ts';
import { layOutSource } from '../infra/source-files/carry.ts';
import { markReady, watchParent } from '../infra/stack/watch-parent.ts';
import { openStore } from '../infra/store/open.ts';
import { createCampaigns } from '../infra/temporal/campaigns.ts';
import { connect } from '../infra/temporal/connect.ts';
import { releaseOf } from '../infra/temporal/production.ts';
import { queueOptions } from '../infra/temporal/queues.ts';
import { ensureSearchAttributes } from '../infra/temporal/search-attributes.ts';
import { makeCurrent, releaseOptions } from '../infra/temporal/versioning.ts';
import { traceRequests } from '../infra/tracing/http.ts';
import { traceActivities, tracingSinks } from '../infra/tracing/temporal.ts';
import { startTracing, traceEnvironment } from '../infra/tracing/tracing.ts';
import { createTrackers } from '../infra/trackers/trackers.ts';
import { openPodSandbox } from '../k8s/sandbox/open.ts';
import { delegationsAt } from '../policies/people.ts';
import { sourceHash } from './build-id.ts';
import { workflowBundle } from './bundle.ts';
import { openCompute } from './compute.ts';
import { growingLogs } from './growing-logs.ts';
import { codeOf, incidentPorts, skillLibrary } from './incidents.ts';
import { createManifest } from './manifest.ts';
import { reapRegularly } from './reaper.ts';
import { roleModel } from './repairs.ts';
import { researchPorts } from './research.ts';
import { teamPorts } from './rl-team.ts';
import { shareInReport } from './share.ts';

keepThreadsAwake();
// A worker that was killed could not.
await forgetDeadTemporary();
const config = loadConfig();
const endpoints = endpointsOf(config);
const { production, observing, deployment } = config;
const observed = observeWorker(observing.worker, observing.sdkPort);
Runtime.install({ logger: new DefaultLogger('WARN'), ...observed.runtime });
const tracing = await startTracing({ endpoint: observing.otlp, service: 'anneal-worker' });
if (tracing !== undefined) traceRequests(tracing, endpoints.gateway);

const bareStore = openStore(config);
const store = observed.store(bareStore);
const documents = createDocuments(store);
const sandbox = chooseSandbox(config, (pods) => openPodSandbox(pods, { watched: observed.cluster }), store);
const critical = await readCritical(config.root);
const people = createPeople({
  store,
  roots: () => readApprovers(config.paths.keys),
  seen: createSeenPeople(config.paths.peopleSeen),
});
const identity = createLocalIdentity(config.paths.keys, critical.approvals, people);
const gatewaySecret = readFileSync(config.paths.gatewaySecret, 'utf8');
const gateway = observed.gateway(
  createGatewayClient({
    url: endpoints.gateway,
    secret: Buffer.from(gatewaySecret.trim(), 'hex'),
  }),
);
// The worker's own collector may be on loopback, which in a pod is the pod.
const collector = deployment.compute === 'local' ? observing.otlp : (deployment.cluster.otlp ?? undefined);
const startEnv = () => traceEnvironment(tracing, collector);
const compute = await openCompute(config, store, documents, { startEnv, watched: observed.cluster });
const jobs = observed.jobs(compute.jobs);
const { policies } = compute;
const keeping = createKeeping({
  places: await openPlaces(config.auditHeads, config.paths.auditKept),
  ...{ store, verifyBytes: identity.verifyBytes, witness: createWitness(config.paths.auditHead) },
  report: ({ code, message }) => process.stderr.write(`${new Date().toISOString()} audit: ${code}: ${message}\n`),
});
// Before anything is noted: a log that was put back from before is found here. Machines of the registry sign heads too.
await people.current().catch(() => undefined);
await keeping.look();
const audit = keeping.guarded(createAuditLog(store, identity, keeping.witness));
const releases = createReleases(store, identity, audit);
const manifest = createManifest({ config, documents, sandbox, store, gateway });

const judge = openJudge(config.judgeKeys);
const judges = createJudges(store, documents, judge);
const tools = graderTools(config.python);
const browser = chooseBrowser(config);
const judging = atBoundary(createJudgingActivities({ store, documents, open: judge }));
const { repositories } = config;
const open = openRepositories(repositories === undefined ? undefined : await readRepositories(repositories));
const access = createAgentAccess({ url: endpoints.gateway, secret: Buffer.from(gatewaySecret.trim(), 'hex') });
const { url: modelUrl, name: modelName } = config.agentModel;
const mending = incidentPorts({
  ...{ store, sandbox, tools, open, skills: skillLibrary(config.paths.skills) },
  ...(modelUrl === undefined || modelName === undefined ? {} : { model: roleModel(modelName, access) }),
});
const incidentSteps = createIncidentActivities({ store, documents, ...mending });
const incidents = atBoundary(incidentSteps);
const merges = atBoundary(createMergeActivities({ store, documents, identity, audit, ...mending }));
const tickets = atBoundary(
  createTicketActivities({
    ...{ store, documents, ...mending },
    verifyBytes: (bytes, signed) => identity.verifyBytes(bytes, signed),
    pinBase: incidentSteps.pinBase,
  }),
);
const forges = atBoundary(createForgeActivities({ store, documents, identity, open }));
const research = atBoundary(createResearchActivities(researchPorts({ store, documents, identity, access, config })));
const reverts = atBoundary(createRevertActivities({ store, documents, ...mending }));
const onCall = config.onCall === undefined ? undefined : await readOnCall(config.onCall);
const control = atBoundary({
  ...createGateActivities({ store, documents, identity, critical: critical.gates, audit }),
  ...createTellingActivities({
    ...{ store, documents, onCall, tell: tellBy(onCall) },
    lent: async (kind) => delegationsAt(await people.current(), kind, new Date()),
  }),
  ...createCampaignActivities({ store, documents, releases, manifest }),
  ...createReportActivities({
    ...{ store, documents, gateway, jobs, manifest },
    share: (state) => shareInReport(temporal.client, { store, verifyBytes: identity.verifyBytes }, state),
  }),
  ...createEvaluationActivities({ documents, gateway }),
  ...createCertifiedActivities({ documents, store }),
  ...createPipelineActivities({ store, documents, gateway }),
});
const hasModel = modelUrl !== undefined && modelName !== undefined;
const team = atBoundary(
  createRlTeamActivities({ store, documents, identity, ...teamPorts({ store, documents, hasModel }) }),
);
const rollouts = atBoundary(
  createRolloutActivities({
    store,
    documents,
    gateway,
    policies,
    sandbox,
    ...{ judges, tools, browser },
    secret: secretInputs(gatewaySecret),
    agents: {
      access,
      agentFolder: (name) => join(config.agents, name),
    },
  }),
);
const { addresses, ...trackerKeys } = observing.trackers;
const trackers = createTrackers(addresses, trackerKeys);
const tracking = atBoundary(createTrackingActivities({ store, documents, manifest, trackers }));
const servers = atBoundary(createServerActivities(compute.fleet, policies));
const construction = atBoundary(
  createConstructionActivities({
    store,
    documents,
    sandbox,
    ...{ judges, tools, browser },
    verifyBytes: identity.verifyBytes,
    layOut: (files) => layOutSource(files, store),
    parallel: availableParallelism(),
  }),
);

const temporal = await connect({ ...production.access, address: endpoints.temporal }, { needs: 'write' });
const connection = await temporal.native();
// For a worker started by hand; the stack has looked before it starts anything.
if (config.temporal.external !== undefined) await ensureSearchAttributes(connection, config.temporal.namespace);
const watchJob = createMonitor({
  ...{ store, documents, follow, logsOf: growingLogs(jobs), now: () => Date.now() },
  raise: (workflow, seen) => temporal.client.workflow.getHandle(workflow).signal(MONITOR.sighted, seen),
});
const training = atBoundary(
  createTrainingActivities({ store, documents, gateway, jobs, codeOf: codeOf({ store, open }), watchJob }),
);
const bundle = await workflowBundle();
const release = releaseOf(production, packageVersion(config.repo), sourceHash(config.root));
const common = {
  ...({ connection, namespace: config.temporal.namespace, shutdownGraceTime: '5s' } as const),
  ...(temporal.dataConverter && { dataConverter: temporal.dataConverter }),
  ...releaseOptions(release),
  interceptors: { activity: [...observed.activityInterceptors, ...(tracing ? [traceActivities(tracing)] : [])] },
  sinks: tracingSinks(tracing),
};
const workers = await Promise.all([
  Worker.create({
    ...common,
    ...queueOptions('control', production.slots),
    workflowBundle: { codePath: bundle.codePath },
    activities: {
      ...control,
      planTraining: rollouts.planTraining,
      planEvaluation: rollouts.planEvaluation,
      planPilot: rollouts.planPilot,
      assembleBatch: training.assembleBatch,
      importJob: training.importJob,
      cancelJob: training.cancelJob,
      keepLogs: training.keepLogs,
      closeServers: servers.closeServers,
      track: tracking.track,
      pinBase: incidents.pinBase,
      lookElsewhere: incidents.lookElsewhere,
      requestMerge: incidents.requestMerge,
      recordEnd: incidents.recordEnd,
      openResearch: research.openResearch,
      handOut: research.handOut,
      recordResearchEnd: research.recordResearchEnd,
      recordRevert: reverts.recordRevert,
      rebaseChange: merges.rebaseChange,
      landCommit: merges.landCommit,
      ticketAgents: tickets.ticketAgents,
      beginTicket: tickets.beginTicket,
      recordTicketEnd: tickets.recordTicketEnd,
      ...team,
    } satisfies QueueActivities['control'],
  }),
  Worker.create({
    ...common,
    ...queueOptions('rollouts', production.slots),
    activities: rollouts satisfies QueueActivities['rollouts'],
  }),
  Worker.create({
    ...common,
    ...queueOptions('jobs', production.slots),
    activities: {
      runJob: training.runJob,
      openServers: servers.openServers,
      servePolicy: servers.servePolicy,
      restServers: servers.restServers,
      ...construction,
      ...judging,
      analyseLogs: incidents.analyseLogs,
      reproduce: incidents.reproduce,
      propose: incidents.propose,
      judgeChange: incidents.judgeChange,
      reviewChange: incidents.reviewChange,
      ...forges,
      considerRevert: reverts.considerRevert,
      tryCommit: merges.tryCommit,
      develop: tickets.develop,
      tellIssue: tickets.tellIssue,
      planResearch: research.planResearch,
      searchWeb: research.searchWeb,
      findPassages: research.findPassages,
      readPart: research.readPart,
      judgePart: research.judgePart,
      writeReport: research.writeReport,
      proposeExperiment: research.proposeExperiment,
    } satisfies QueueActivities['jobs'],
  }),
]);
const stopping = new AbortController();
const reaping =
  compute.reap && reapRegularly(compute.reap, createCampaigns(temporal.client, bareStore), stopping.signal);
const comparing = keeping.lookRegularly(stopping.signal);
const running = workers.map((worker) => worker.run());
if (release !== undefined) await makeCurrent(temporal.client.connection, config.temporal.namespace, release);
const metrics = await observed.serve({
  ...{ client: temporal.client, store: bareStore },
  heads: () => keeping.deliveries(),
});
markReady(config);
watchParent(config.stack, () => process.kill(process.pid, 'SIGTERM'));
await Promise.all(running);
stopping.abort();
await Promise.all([reaping, comparing]);
keeping.close();
await Promise.all([compute.close(), metrics?.close(), tracing?.close()]);
await temporal.close();

function packageVersion(repo: string): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(join(repo, 'package.json'), 'utf8'))).version;
}
