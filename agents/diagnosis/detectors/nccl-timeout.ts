import type { TextDetector } from './detector.ts';

/** All of it is said by those who waited; whoever did not come says it elsewhere, if at all. */
export const ncclTimeout: TextDetector = {
  cause: 'nccl-timeout',
  sayings: [
    {
      pattern:
        /Watchdog caught collective operation timeout|collective operation \w+.*timed? ?out|(?:NCCL|RCCL|HCCL|Gloo|all_?reduce|all_?gather|reduce_?scatter|broadcast|barrier)\b.{0,60}\btim(?:ed|e)[- ]?out/i,
      ...{
        strength: 0.9,
        follows: true,
        unless: /timeout[_ =:]+\d+(?!.*(?:timed out|ran for|caught))|NCCL_\w*TIMEOUT|nccl_timeout/i,
        example: '[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum 1580, OpType ALLREDUCE)',
      },
    },
    {
      pattern: /Watchdog caught collective operation timeout/i,
      strength: 0.92,
      follows: true,
      example: '[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1580, OpType=ALLREDUCE)',
    },
    {
      pattern:
        /failed to pass monitoredBarrier|Timed out waiting \d+ ?ms for (?:send|recv)|stalled ranks|Missing ranks|heartbeat monitor thread.*stuck|watchdog got stuck|(?:Barrier|BarrierError).*timed out|coordination service.*(?:heartbeat|timed? ?out|unavailable)|missed heartbeat|ranks? (?:did not|didn't) (?:arrive|join|reach)/i,
      ...{
        strength: 0.88,
        follows: true,
        example: 'RuntimeError: [Rank 0]: Rank 1 failed to pass monitoredBarrier in 1200000 ms',
      },
    },
    {
      pattern:
        /NCCL WARN .*(?:Got completion from peer|with status=1[0-9]|socket.*(?:fail|error|timed)|Connect(?:ion)? (?:to|closed|refused|timed)|Net(?:work)? (?:error|fail)|unhandled system|async event)|NET\/IB.*(?:error|completion)|IBV_WC|ncclRemoteError/i,
      ...{
        strength: 0.85,
        follows: true,
        example:
          'NCCL WARN NET/IB : Got completion from peer 10.0.0.1<55921> with status=12 opcode=1 len=0 vendor err 129 (Send)',
      },
    },
    {
      pattern:
        /DistBackendError|NCCL error in|ncclSystemError|ncclInternalError|ncclUnhandledCudaError|NCCL communicator (?:was )?(?:aborted|encountered)|Connection closed by remote peer|Connection reset by peer|Broken pipe|TCPStore.*(?:fail|error|timed)|recvValue failed|The client socket has timed out|DistStoreError|DistNetworkError|Rendezvous\w*(?:Timeout|Closed)\w*|remote process exited|BrokenBarrierError/i,
      ...{
        strength: 0.6,
        follows: true,
        unless: /gateway|HTTP|ConnectionPool|aiohttp|upstream/i,
        example:
          'torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:2133, remote process exited or there was a network error',
      },
    },
  ],
};
