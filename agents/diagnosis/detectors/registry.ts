// Every detector, in the order in which a line is shown to them: the first saying that a line has is what it says.
import { checkpointCorrupt } from './checkpoint-corrupt.ts';
import { collectiveDesync } from './collective-desync.ts';
import { dataStarvation } from './data-starvation.ts';
import { dataWait } from './data-wait.ts';
import type { CourseDetector, TextDetector } from './detector.ts';
import { diskFull } from './disk-full.ts';
import { entropyCollapse } from './entropy-collapse.ts';
import { exception } from './exception.ts';
import { gatewayFailure } from './gateway-failure.ts';
import { gpuHardware } from './gpu-hardware.ts';
import { gradientExplosion } from './gradient-explosion.ts';
import { klBlowUp } from './kl-blow-up.ts';
import { lossSpike } from './loss-spike.ts';
import { nanOrInf } from './nan-or-inf.ts';
import { ncclTimeout } from './nccl-timeout.ts';
import { nonFinite } from './non-finite.ts';
import { oomDevice } from './oom-device.ts';
import { oomHost } from './oom-host.ts';
import { preempted } from './preempted.ts';
import { rewardLengthDrift } from './reward-length-drift.ts';
import { straggler } from './straggler.ts';
import { throughputDrop } from './throughput-drop.ts';
import { tokenizerMismatch } from './tokenizer-mismatch.ts';
import { verifierFailure } from './verifier-failure.ts';

export const TEXT_DETECTORS: readonly TextDetector[] = [
  ...[gpuHardware, oomDevice, oomHost, diskFull, collectiveDesync, tokenizerMismatch, checkpointCorrupt, nanOrInf],
  ...[preempted, ncclTimeout, dataStarvation, verifierFailure, gatewayFailure, exception],
];

export const COURSE_DETECTORS: readonly CourseDetector[] = [
  ...[nonFinite, gradientExplosion, lossSpike, entropyCollapse, klBlowUp, rewardLengthDrift],
  ...[straggler, dataWait, throughputDrop],
];
