// The report's data, gathered from store, pool and job results.
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { artifactRef } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import { evidence } from '../contracts/gate.ts';
import { stepMetrics } from '../contracts/job.ts';
import { lockedSet } from '../contracts/locked-set.ts';
import type { RolloutPlan } from '../contracts/plan.ts';
import { type CampaignState, type ReportData, type RoundRecord, roundRecord } from '../contracts/record.ts';
import { releaseManifest } from '../contracts/release.ts';
import type { Share } from '../contracts/share.ts';
import type { CompletionRecord, Trajectory } from '../contracts/trajectory.ts';
import { summarise } from '../policies/pipeline/summary.ts';
import { lostRollouts } from '../policies/volume-losses.ts';
import type { CampaignPorts } from './campaign.ts';
import { type ConservationPorts, conserve } from './conservation.ts';
import { readWait } from './gates.ts';
import type { CampaignActivities } from './interface.ts';
import { mergedRounds } from './merging.ts';
import { readWhole } from './pipeline-record.ts';
import { readClaims } from './volume-losses.ts';

const reportName = (campaign: string): string => `campaigns/${campaign}/report`;
const SAMPLES_PER_ROUND = 8;
/** Of the five minutes that the activity has. */
const MERGING_MS = 60_000;

export function createReportActivities(
  ports: Pick<CampaignPorts, 'manifest'> &
    ConservationPorts & { store: ArtifactStore; share?: (state: CampaignState) => Promise<Share> },
): Pick<CampaignActivities, 'assembleReport'> {
  const { store, documents, gateway, manifest } = ports;
  return {
    async assembleReport({ state }) {
      const archived = state.archivedRounds ? await documents.read(z.array(roundRecord), state.archivedRounds) : [];
      const rounds = [...archived, ...state.rounds].sort((a, b) => a.round - b.round);
      const plans = await writtenPlans(state.campaign);
      const trajectories = await gateway.trajectories(`${state.campaign}/`);
      const lost = lostRollouts(await readClaims(store), state.campaign);
      const overlapping = await readWhole(store, documents, state.campaign);
      const conservation = await conserve(ports, { state, rounds, plans, trajectories, lost, overlapping });
      // A table that cannot be had is no reason to have no report.
      const merging = await mergedRounds(ports, rounds, trajectories, MERGING_MS).catch(() => []);
      const share = await ports.share?.(state).catch(() => undefined);
      const data: ReportData = {
        schema: 'anneal/report/v1',
        state: { ...state, rounds },
        spec: await documents.spec(state.spec),
        // As it is, even where it contradicts itself: the report of a campaign that ended for that must still be written.
        taskSet: state.taskSet ? await documents.read(lockedSet, state.taskSet) : null,
        evidences: await Promise.all(state.gates.map((gate) => documents.read(evidence, gate.evidence))),
        // What cannot be read is no reason to have no report.
        waits: await Promise.all(
          state.gates.map(({ gate, evidence: { sha256 } }) =>
            readWait(store, gate, sha256).catch(() => ({ gate, told: [] })),
          ),
        ),
        steps: await stepsOf(rounds),
        samples: await samplesOf(rounds, trajectories),
        conservation,
        ...(overlapping === undefined ? {} : { pipeline: summarise(overlapping) }),
        ...(merging.length === 0 ? {} : { merging }),
        ...(share === undefined ? {} : { share }),
        notes: plans
          .flatMap(({ round, notes = [] }) => notes.map((note) => ({ round, note })))
          .sort((a, b) => a.round - b.round),
        released: state.release ? (await documents.read(releaseManifest, state.release)).body.policy.name : null,
        manifest: await manifestOf(state),
      };
      const report = await documents.write(data);
      const key = reportName(state.campaign);
      await store.swapNamed(key, (await store.readNamed(key))?.tag ?? null, JSON.stringify(report));
      return { report, conservation };
    },
  };

  async function manifestOf({ spec, taskSet }: CampaignState): Promise<ReportData['manifest']> {
    if (taskSet === undefined) return null;
    try {
      return await manifest({ spec, taskSet });
    } catch (failure) {
      if (failure instanceof AnnealError && failure.code === 'tasks.lock_mismatch') return null;
      throw failure;
    }
  }

  async function writtenPlans(campaign: string): Promise<RolloutPlan[]> {
    const names = await store.listNamed(`campaigns/${campaign}/plans/`);
    return Promise.all(
      names.map(async (name) => {
        const object = await store.readNamed(name);
        return documents.plan(artifactRef.parse(JSON.parse(new TextDecoder().decode(object!.bytes))));
      }),
    );
  }

  async function stepsOf(rounds: readonly RoundRecord[]): Promise<ReportData['steps']> {
    const perRound = await Promise.all(
      rounds.map(async (r) =>
        r.training
          ? (await documents.read(z.array(stepMetrics), r.training.metrics)).map((step) => ({
              round: r.round,
              ...step,
            }))
          : [],
      ),
    );
    return perRound.flat();
  }

  /** A few rollouts of each round, passes and failures side by side, chosen by id so that a second report shows the same. */
  async function samplesOf(
    rounds: readonly RoundRecord[],
    trajectories: readonly Trajectory[],
  ): Promise<ReportData['samples']> {
    const chosen = rounds.flatMap((r) => {
      const graded = trajectories.filter((t) => t.round === r.round && t.purpose === 'train' && t.reward !== undefined);
      const passes = graded.filter((t) => t.outcome === 'success').slice(0, SAMPLES_PER_ROUND / 2);
      const failures = graded.filter((t) => t.outcome === 'policy_failure').slice(0, SAMPLES_PER_ROUND - passes.length);
      return [...passes, ...failures];
    });
    return Promise.all(
      chosen.map(async (t) => {
        const said = await gateway.completions(t.rollout);
        // Of several the first question and the last answer.
        const own = said.filter(({ id }) => t.completions.includes(id));
        const [first, last] = t.episode === undefined ? [said[0], said[0]] : [own[0], own.at(-1)];
        const { total, components } = t.reward!;
        const { format, correctness, partial } = components;
        return {
          rollout: t.rollout,
          task: t.task,
          round: t.round,
          purpose: t.purpose,
          prompt: first === undefined ? '' : askedIn(first),
          reply: last?.text ?? '',
          outcome: t.outcome,
          total,
          ...{ format, correctness, partial },
          verdict:
            t.reason ?? (correctness === 1 ? 'every case right' : `${Math.round(partial * 100)}% of the cases right`),
        };
      }),
    );
  }
}

/** As text; an agent's request holds images and calls besides. */
function askedIn({ messages, turn }: CompletionRecord): string {
  if (turn === undefined) return messages.map(({ content }) => content).join('\n\n');
  const texts = turn.request.messages.map(({ content }) =>
    content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
  );
  return texts.join('\n\n');
}
