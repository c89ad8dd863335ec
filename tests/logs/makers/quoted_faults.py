"""Runs that fail, in the words of the programs that failed."""

from __future__ import annotations

from quoted import Log, log

TORCH = "/opt/conda/lib/python3.11/site-packages/torch"


@log("oom-device", "meta-pytorch/torchtune/issues/1710")
def cuda_oom_then_watchdogs(o: Log) -> None:
    o.megatron(100, 30)
    o.trace("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 3 has a total capacity of 79.11 GiB of which 1.21 GiB is free. Process 91 has 77.89 GiB memory in use. Of the allocated memory 71.02 GiB is allocated by PyTorch, and 5.11 GiB is reserved by PyTorch but unallocated.", ("pretrain_gpt.py", 304, "<module>", "pretrain(train_valid_test_datasets_provider, model_provider)"), ("/opt/megatron/training.py", 1012, "train_step", "losses = forward_backward_func("), prefix="[rank3]: ", rank=3)
    o.pass_(600)
    for rank in (0, 1, 2, 4, 5, 6, 7):
        o.watchdog(rank, 4410)
    o.aborted(0)
    o.torchrun(3)


@log("oom-device", "vllm-project/vllm/issues/27549")
def vllm_no_cache_blocks(o: Log) -> None:
    o.add(f"(EngineCore_DP0 pid=291) INFO {o.t('%m-%d %H:%M:%S')} [gpu_model_runner.py:2602] Starting to load model Qwen/Qwen2.5-32B-Instruct...")
    p = f"(EngineCore_DP0 pid=291) ERROR {o.t('%m-%d %H:%M:%S')} [core.py:708] "
    o.add(f"{p}EngineCore failed to start.")
    o.trace("ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.", ("/opt/venv/vllm/v1/engine/core.py", 699, "run_engine_core", "engine_core = EngineCoreProc(*args, **kwargs)"), ("/opt/venv/vllm/v1/core/kv_cache_utils.py", 682, "check_enough_kv_cache_memory", 'raise ValueError("No available memory for the cache blocks. "'), prefix=p)
    o.trace("RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore_DP0': 1}", ("/opt/venv/vllm/v1/engine/utils.py", 792, "wait_for_engine_startup", "raise RuntimeError("), prefix="(APIServer pid=1) ", fault=False)


@log("oom-device", "patrickbryant1/AFProfile/issues/8")
def jax_resource_exhausted(o: Log) -> None:
    for step in range(20):
        o.add(f"I{o.t('%m%d %H:%M:%S')}.{step:06d} 1390 train.py:210] step={step} loss={o.noise(3.1):.4f}")
        o.pass_(1)
    o.trace("jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 6421778944 bytes.", ("train.py", 187, "main", "state, metrics = p_train_step(state, batch)"))
    o.add("BufferAssignment OOM Debugging.\nBufferAssignment stats:\n             parameter allocation:  372.76MiB\n                 total allocation:   14.44GiB")


@log("oom-device", "pytorch/xla/issues/2569")
def oom_caught_as_text(o: Log) -> None:
    o.hf(14, 2.0)
    o.bad("ERROR: Runtime error during step: CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.")
    o.add("Aborted (core dumped)")


@log("oom-host", "ZwwWayne/K-Net/issues/30")
def slurm_oom_kill(o: Log) -> None:
    for at in range(10, 120, 10):
        o.pass_(12)
        o.add(f"{o.ms()} - mmdet - INFO - Epoch [5][{at}/1736]\tlr: 1.000e-04, eta: 8:13:{at % 60:02d}, time: 1.182, data_time: 0.021, memory: 18233, loss: {o.noise(3.4, 0.02):.4f}, grad_norm: {o.noise(22, 0.1):.4f}")
    o.bad("slurmstepd: error: Detected 1 oom-kill event(s) in StepId=9411285.0. Some of your processes may have been killed by the cgroup out-of-memory handler.")
    o.add(f"srun: error: gpu20-15: task 0: Out Of Memory\nsrun: launch/slurm: _step_signal: Terminating StepId=9411285.0\nslurmstepd: error: *** STEP 9411285.0 ON gpu20-15 CANCELLED AT {o.t('%Y-%m-%dT%H:%M:%S')} ***")


@log("oom-host", "chrisknewman/tusas/issues/149")
def slurm_oom_of_several_tasks(o: Log) -> None:
    for step in range(12):
        for task in range(4):
            o.add(f"{task}: step {step} loss {o.noise(2.2):.4f}")
    o.bad("slurmstepd: error: Detected 3 oom_kill events in StepId=440575.0. Some of the step tasks have been OOM Killed.")
    o.add(f"srun: error: nid001277: tasks 1-3: Out Of Memory\nsrun: Terminating StepId=440575.0\n0: slurmstepd: error: *** STEP 440575.0 ON nid001277 CANCELLED AT {o.t('%Y-%m-%dT%H:%M:%S')} ***")


@log("oom-host", "open-telemetry/opentelemetry-operator/issues/3479")
def kernel_log(o: Log) -> None:
    o.add("[627101.001100] IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready")
    o.bad("[627142.755247] python3 invoked oom-killer: gfp_mask=0x101cca(GFP_HIGHUSER_MOVABLE|__GFP_WRITE), order=0, oom_score_adj=936")
    o.add("[627142.765838] CPU: 1 PID: 3656524 Comm: python3 Not tainted 6.1.100+ #1\n[627142.781437] Call Trace:\n[627142.784076]  <TASK>\n[627142.793916]  oom_kill_process+0x10a/0x220\n[627142.798112]  out_of_memory+0x3dc/0x5c0")
    o.bad("[627142.990101] Memory cgroup out of memory: Killed process 3656524 (python3) total-vm:81234567kB, anon-rss:64123456kB, file-rss:13684kB, shmem-rss:0kB, UID:0 pgtables:131072kB oom_score_adj:936")


@log("oom-host", "kubernetes/website/pull/53484")
def kubectl_describe(o: Log) -> None:
    o.add("Name:             grpo-worker-0\nNamespace:        rl\nNode:             gpu-node-7/10.0.3.17\nStatus:           Failed\nContainers:\n  main:\n    Image:         registry.local/trainer:1.4\n    State:          Terminated")
    o.bad("      Reason:       OOMKilled\n      Exit Code:    137")
    o.add(f"      Started:      {o.t('%a, %d %b %Y %H:%M:%S')} +0000\n    Limits:\n      memory:          64Gi\n      nvidia.com/gpu:  8\nEvents:\n  Type    Reason     Age   From               Message\n  ----    ------     ----  ----               -------\n  Normal  Scheduled  52m   default-scheduler  Successfully assigned rl/grpo-worker-0 to gpu-node-7\n  Normal  Started    52m   kubelet            Started container main")


@log("oom-host", "real-stanford/flingbot/issues/11")
def ray_low_on_memory(o: Log) -> None:
    o.verl(1, 12)
    o.trace("ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.", ("/opt/venv/verl/trainer/ppo/ray_trainer.py", 1109, "fit", "gen_batch_output = self.actor_rollout_wg.generate_sequences(gen_batch)"), ("/opt/venv/ray/_private/worker.py", 2523, "get", "raise value"))
    o.add("Memory on the node (IP: 10.0.0.107, ID: fc2befb2867ce88e73a8) where the task (actor ID: f9cc340f5aef7b47, name=WorkerDict.__init__, pid=4331, memory used=212.22GB) was running was 989.49GB / 1024.00GB (0.966), which exceeds the memory usage threshold of 0.95. Ray killed this worker (ID: d98ac96cdd66) because it was the most recently scheduled task")


@log("oom-host", "hpcaitech/ColossalAI/issues/3172")
def dataloader_worker_killed(o: Log) -> None:
    o.hf(10)
    o.trace("RuntimeError: DataLoader worker (pid 56811) is killed by signal: Killed. ", (f"{TORCH}/utils/data/_utils/signal_handling.py", 66, "handler", "_error_if_any_worker_fails()"))
    o.torchrun(0, 1)


@log("oom-host", "kubernetes/kubernetes/issues/56891")
def evicted_for_memory(o: Log) -> None:
    o.add("LAST SEEN   TYPE      REASON      OBJECT              MESSAGE\n14m         Normal    Pulled      pod/rollout-3       Container image \"vllm:0.11\" already present on machine\n14m         Normal    Started     pod/rollout-3       Started container vllm")
    o.bad("2m          Warning   Evicted     pod/rollout-3       The node was low on resource: memory. Threshold quantity: 100Mi, available: 31204Ki. Container vllm was using 190112256Ki, request is 64Gi, has larger consumption of memory.")
    o.add("2m          Normal    Killing     pod/rollout-3       Stopping container vllm")


@log("nccl-timeout", "hiyouga/LlamaFactory/issues/7396")
def watchdog_all_ranks(o: Log) -> None:
    o.hf(20, 1.4)
    o.pass_(600)
    for n, rank in enumerate((0, 4, 3, 2, 1, 5, 7, 6)):
        o.watchdog(rank, 1580, fault=n == 0)
    o.aborted(0)
    o.torchrun(0, -6)


@log("nccl-timeout", "NVIDIA/nccl/issues/1730")
def watchdog_one_rank_missing(o: Log) -> None:
    for step in range(20):
        for rank in range(8):
            o.add(f"[rank{rank}]: {o.t()} step {step} loss {o.noise(2.0):.3f}")
        o.pass_(4)
    o.pass_(1800)
    for n, rank in enumerate((1, 0, 2, 3, 4, 6, 7)):
        o.watchdog(rank, 2398, op="_ALLGATHER_BASE", timeout=1800000, fault=n == 0)
    o.aborted(1)


@log("nccl-timeout", "NVIDIA/nccl/issues/1814")
def infiniband_gives_up(o: Log) -> None:
    o.megatron(310, 18)
    o.bad("gpu-b07:984:1357 [4] ib_plugin.c:1615 NCCL WARN NET/IB : Got completion from peer 10.36.143.59<44206> with status=12 opcode=129 len=65536 vendor err 129 (Recv) localGid ::ffff:10.87.88.182 remoteGids::ffff:10.87.4.221", 4)
    o.add("gpu-b07:984:1357 [4] NCCL INFO transport/net.cc:1298 -> 6\ngpu-b07:984:1357 [4] NCCL INFO proxy.cc:694 -> 6 [Progress Thread]")
    o.trace("torch.distributed.DistBackendError: NCCL error in: /opt/pytorch/torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:2133, remote process exited or there was a network error, NCCL version 2.21.5", ("train.py", 88, "<module>", "main()"), prefix="[rank4]: ", fault=False)


@log("nccl-timeout", "wenet-e2e/wenet/issues/2552")
def gloo_monitored_barrier(o: Log) -> None:
    for step in range(8):
        o.add(f"{o.ms()} DEBUG TRAIN Batch 0/{step * 100} loss {o.noise(40, 0.1):.6f} lr 0.00000420 rank 0")
        o.pass_(30)
    o.trace("RuntimeError: [Rank 0]: Rank 1 failed to pass monitoredBarrier in 1200000 ms", ("wenet/bin/train.py", 143, "main", "dist.monitored_barrier(group=group_join, timeout=group_join.options._timeout)"), rank=1)
    o.add(f" Original exception: \n[/opt/third_party/gloo/gloo/transport/tcp/unbound_buffer.cc:81] Timed out waiting 1200000ms for recv operation to complete")


@log("collective-desync", "meta-pytorch/torchcomms/pull/3087")
def other_operation_on_one_rank(o: Log) -> None:
    o.hf(9, 1.2)
    o.pass_(600)
    for rank in (0, 2, 3):
        o.watchdog(rank, 933, op="ALLREDUCE")
    o.watchdog(1, 931, op="BROADCAST", fault=True)
    o.aborted(1)


@log("collective-desync", "modelscope/ms-swift/pull/9443")
def fingerprints_differ(o: Log) -> None:
    o.hf(16, 0.9)
    print_ = "TensorDtypes=BFloat16, TensorDeviceTypes=TensorOptions(dtype=float (default), device=cuda, layout=Strided (default), requires_grad=false (default), pinned_memory=false (default), memory_format=(nullopt)))"
    o.trace(f"RuntimeError: Detected mismatch between collectives on ranks. Rank 1 is running collective: CollectiveFingerPrint(SequenceNumber=3104, OpType=ALLREDUCE, TensorShape=[195812480], {print_}, but Rank 0 is running collective: CollectiveFingerPrint(SequenceNumber=3104, OpType=ALLREDUCE, TensorShape=[51123456], {print_}.Collectives differ in the following aspects:   Tensor Tensor shapes: 195812480vs 51123456", ("swift/cli/sft.py", 10, "<module>", "sft_main()"), prefix="[rank1]: ", rank=1)
    o.torchrun(1)


@log("collective-desync", "NVIDIA/nccl/issues/296")
def ranks_count_differently(o: Log) -> None:
    for rank, done in ((0, 7755), (1, 7755), (2, 7619), (3, 7755)):
        o.file = f"rank{rank}"
        for step in range(12):
            o.add(f"{o.t()} step {step} loss {o.noise(1.8):.4f}")
        o.watchdog(rank, done, op="_REDUCE_SCATTER_BASE", fault=rank == 2)
        o.aborted(rank)


@log("gpu-hardware", "NVIDIA/NVSentinel/issues/155")
def xid_79(o: Log) -> None:
    s = f"{o.t('%b %d %H:%M:')}"
    o.add(f"{s}01 gpu-a12 kernel: mlx5_core 0000:ab:00.0 mlx5_5: Port: 1 Link ACTIVE")
    o.bad(f"{s}35 gpu-a12 kernel: NVRM: Xid (PCI:0000:44:00): 79, pid=1234, name=python3, GPU has fallen off the bus.")
    o.add(f"{s}35 gpu-a12 kernel: NVRM: GPU 0000:44:00.0: GPU has fallen off the bus.\n{s}36 gpu-a12 kernel: NVRM: A GPU crash dump has been created. If possible, please run\n{s}37 gpu-a12 kernel: NVRM: Xid (PCI:0000:44:00): 45, pid=1234, name=python3, Ch 00000008")


@log("gpu-hardware", "leptonai/gpud/pull/1174")
def xid_94_then_cuda_error(o: Log) -> None:
    o.megatron(77, 9)
    o.bad("[81023.100200] NVRM: Xid (PCI:0000:9b:00): 94, pid=31337, name=python3, Contained ECC error")
    o.trace("torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered", ("pretrain_gpt.py", 304, "<module>", "pretrain("), ("/opt/megatron/training.py", 1012, "train_step", "torch.cuda.synchronize()"), prefix="[rank5]: ", fault=False)
    o.pass_(600)
    for rank in (0, 1, 2):
        o.watchdog(rank, 871)


@log("gpu-hardware", "huggingface/trl/issues/4149")
def ecc_in_pytorch(o: Log) -> None:
    o.add("INFO 09-26 10:11:12 loading the reference model")
    o.trace("RuntimeError: CUDA error: uncorrectable ECC error encountered", ("train_ppo.py", 68, "<module>", "training_args = PPOConfig("), ("/opt/venv/accelerate/state.py", 301, "set_device", "torch.cuda.set_device(self.device)"), prefix="[rank1]: ", rank=1)
    o.add("[rank1]: CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.\n[rank1]: For debugging consider passing CUDA_LAUNCH_BLOCKING=1")


@log("gpu-hardware", "NVIDIA/open-gpu-kernel-modules/issues/1150")
def nvlink_xid(o: Log) -> None:
    o.bad(f"{o.t('%b %d %H:%M:%S')} node9 kernel: NVRM: Xid (PCI:0000:dc:00): 149, NETIR_LINK_EVT Fatal XC0 i0 Link 04 (0x025001c6 0x00000000 0x00000000 0x00000000 0x00000000 0x00000000)")
    for n in range(4):
        o.add(f"{o.t('%b %d %H:%M:%S')} node9 kernel: NVRM: Xid (PCI:0000:{n}a:00): 45, pid=1818990, name=python3, Ch 0000000{n} caused by previous Xid 149")


@log("nan-or-inf", "epfLLM/Megatron-LLM/issues/33")
def megatron_grad_norm_nan(o: Log) -> None:
    o.megatron(3360, 25, 0.73, 7600, 0.75)
    for it in range(3385, 3397):
        text = f" [{o.t()}] iteration {it}/    8000 | consumed samples:       {it * 64} | elapsed time per iteration (ms): {o.noise(7620, 0.01):.1f} | learning rate: 6.676E-06 | global batch size:    64 | loss scale: 1.0 | grad norm: nan | number of skipped iterations:   0 | number of nan iterations:   0 |"
        o.bad(text) if it == 3385 else o.add(text)


@log("nan-or-inf", "NVIDIA/Megatron-LM/issues/5026")
def megatron_rerun_machine(o: Log) -> None:
    o.megatron(1, 2)
    o.bad("ERROR:megatron.core.rerun_state_machine:Unexpected result nan on rank 3 at iteration #3 invocation #2 (message='found NaN in local grad norm for bucket #0 in backward pass before data-parallel communication collective')", 3)
    o.add("ERROR:megatron.core.rerun_state_machine:Rank 3, node worker-0, device 3, iteration #3: First rerun: unexpected result is reproducible within the tolerance (nan = nan). Need to rerun on a different GPU to verify correctness")


@log("nan-or-inf", "ymcui/Chinese-LLaMA-Alpaca/issues/534")
def loss_scale_at_its_minimum(o: Log) -> None:
    scale = 65536
    o.hf(6, 2.05)
    while scale > 1:
        o.pass_(130)
        text = f"[{o.ms()}] [INFO] [loss_scaler.py:181:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {scale}, reducing to {scale // 2}"
        o.bad(text)
        scale //= 2
    o.add("Traceback (most recent call last):\n  File \"run_clm_pt_with_peft.py\", line 650, in <module>\n    main()\n  File \"/opt/venv/deepspeed/runtime/fp16/loss_scaler.py\", line 175, in update_scale\n    raise Exception(")
    o.bad("Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.")


@log("nan-or-inf", "huggingface/transformers/issues/14531")
def sampling_from_nan(o: Log) -> None:
    o.hf(12, 0.02, reward=0.6, kl=0.004)
    o.trace("RuntimeError: probability tensor contains either `inf`, `nan` or element < 0", ("train_grpo.py", 91, "<module>", "trainer.train()"), ("/opt/venv/transformers/generation/utils.py", 3262, "_sample", "next_tokens = torch.multinomial(probs, num_samples=1).squeeze(1)"))


@log("gradient-explosion", "huggingface/trl/issues/2980")
def grad_norm_grows(o: Log) -> None:
    o.hf(40, 0.03)
    norm = 1.0
    for at in range(14):
        norm *= 3.1
        text = f"{{'loss': {0.03 + norm / 900:.4f}, 'grad_norm': {norm:.4f}, 'learning_rate': 3e-06, 'reward': 0.61, 'epoch': 0.5{at}}}"
        o.bad(text) if at in range(0, 4) else o.add(text)


@log("loss-spike", "bigscience-workshop/Megatron-DeepSpeed/issues/396")
def megatron_spike(o: Log) -> None:
    o.megatron(5000, 40, 2.1)
    o.file = ""
    start = len(o.files[""])
    o.megatron(5040, 3, 6.9, norm=9.0)
    o.fault = ("", [start + 1])
    o.megatron(5043, 30, 2.4)


@log("entropy-collapse", "sunblaze-ucb/Intuitor/issues/26")
def verl_entropy(o: Log) -> None:
    o.verl(1, 30)
    at = len(o.files[""])
    o.verl(31, 30, lambda step: {"actor/entropy": max(0.0008, 0.35 * 0.72 ** (step - 30))})
    o.fault = ("", list(range(at + 1, at + 13)))


@log("kl-blow-up", "huggingface/open-r1/issues/704")
def trl_kl(o: Log) -> None:
    o.hf(40, 0.002, reward=1.2, kl=0.012, completion_length=233.0)
    for at in range(20):
        text = f"{{'loss': 0.{at:02d}2, 'grad_norm': {o.noise(1.4, 0.2):.4f}, 'learning_rate': 2e-06, 'reward': {o.noise(1.2):.4f}, 'kl': {0.012 * 1.8 ** (at + 1):.5f}, 'completion_length': {o.noise(240):.2f}, 'epoch': 0.7{at}}}"
        o.bad(text) if at < 8 else o.add(text)


@log("reward-length-drift", "verl-project/verl/issues/7412")
def verl_length(o: Log) -> None:
    o.verl(1, 30)
    at = len(o.files[""])
    o.verl(31, 50, lambda step: {"response_length/mean": min(3050.0, 1230 * 1.025 ** (step - 30)) * o.noise(1, 0.01), "critic/rewards/mean": o.noise(0.43, 0.04)})
    o.fault = ("", list(range(at + 1, at + 46)))


@log("throughput-drop", "epfLLM/Megatron-LLM/issues/11")
def megatron_slows(o: Log) -> None:
    o.megatron(200, 40, ms=5400)
    at = len(o.files[""])
    o.megatron(240, 30, ms=12650)
    o.fault = ("", [at + 1])


@log("straggler", "NVIDIA/Megatron-LM/issues/756")
def one_rank_computes_longer(o: Log) -> None:
    for step in range(30):
        o.pass_(2)
        for rank in range(8):
            slow = rank == 6 and step >= 10
            text = f"[rank{rank}]: {o.t()} step {step} forward_time: {o.noise(1320 if slow else 610, 0.02):.1f}ms loss {o.noise(2.2, 0.01):.4f}"
            o.bad(text, 6) if slow and step < 14 else o.add(text)


@log("data-starvation", "OctoberChang/X-Transformer/issues/17")
def loader_times_out(o: Log) -> None:
    o.hf(10, 2.2)
    o.trace("RuntimeError: DataLoader timed out after 120 seconds", (f"{TORCH}/utils/data/dataloader.py", 1420, "_get_data", "raise RuntimeError(f'DataLoader timed out after {self._timeout} seconds')"))


@log("data-starvation", "ZwwWayne/K-Net/issues/30", "mmdet_data_time")
def mmdet_data_time(o: Log) -> None:
    for at in range(10, 700, 10):
        slow = at > 400
        text = f"{o.ms()} - mmdet - INFO - Epoch [2][{at}/1736]\tlr: 1.000e-04, eta: 9:01:07, time: {o.noise(4.31 if slow else 1.18, 0.02):.3f}, data_time: {o.noise(3.2 if slow else 0.021, 0.03):.3f}, memory: 18233, loss: {o.noise(3.4, 0.02):.4f}"
        o.pass_(12)
        o.bad(text) if slow and at < 450 else o.add(text)


@log("checkpoint-corrupt", "sml2h3/dddd_trainer/issues/36")
def central_directory(o: Log) -> None:
    o.add(f"{o.t()}.221 | INFO     | utils.train:__init__:52 - \nSearch for history checkpoints...")
    o.trace("RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory", ("app.py", 33, "<module>", "fire.Fire(App)"), (f"{TORCH}/serialization.py", 1384, "load", "with _open_zipfile_reader(opened_file) as opened_zipfile:"))


@log("checkpoint-corrupt", "openpsi-project/ReaLHF/issues/44")
def safetensors_header(o: Log) -> None:
    o.add("Loading checkpoint shards:  33%|███▎      | 1/3 [00:04<00:08,  4.05s/it]")
    o.trace("safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer", ("realhf/impl/model/__init__.py", 47, "_load", "with safe_open(filename, framework='pt') as f:"), prefix="(ModelWorker pid=771) ")


@log("disk-full", "NVIDIA/Megatron-LM/issues/878")
def no_space_on_rank_0(o: Log) -> None:
    o.megatron(990, 11)
    o.add("saving checkpoint at iteration    1000 to /ckpt")
    o.trace("OSError: [Errno 28] No space left on device", ("/opt/megatron/checkpointing.py", 344, "save_checkpoint", "torch.save(state_dict, checkpoint_name)"), prefix="[rank0]: ", rank=0)
    o.pass_(600)
    for rank in range(1, 5):
        o.watchdog(rank, 12001)
    o.torchrun(0)


@log("disk-full", "SWivid/F5-TTS/issues/458")
def stream_writer(o: Log) -> None:
    o.add("Epoch 4/5:   0%|                 | 0/33 [00:01<?, ?step/s, loss=0.688, step=100]")
    p = "[rank0]: "
    o.trace("RuntimeError: [enforce fail at inline_container.cc:778] . PytorchStreamWriter failed writing file data/322: file write failed", (f"{TORCH}/serialization.py", 866, "_save", "zip_file.write_record('data.pkl', data_value, len(data_value))"), prefix=p, rank=0)
    o.add(f"{p}\n{p}During handling of the above exception, another exception occurred:\n{p}")
    o.trace("RuntimeError: [enforce fail at inline_container.cc:603] . unexpected pos 190007680 vs 190007572", (f"{TORCH}/serialization.py", 651, "save", "with _open_zipfile_writer(f) as opened_zipfile:"), prefix=p, fault=False)


@log("disk-full", "elastisys/compliantkubernetes-apps/issues/1173")
def evicted_for_storage(o: Log) -> None:
    o.add("Events:\n  Type     Reason     Age   From      Message\n  ----     ------     ----  ----      -------\n  Normal   Started    41m   kubelet   Started container trainer")
    o.bad("  Warning  Evicted    37m   kubelet   The node was low on resource: ephemeral-storage. Threshold quantity: 24068434671, available: 23201836Ki. Container trainer was using 212596Ki, request is 0, has larger consumption of ephemeral-storage.")
    o.add("  Normal   Killing    37m   kubelet   Stopping container trainer")


@log("tokenizer-mismatch", "huggingface/transformers/issues/25503")
def device_assert_of_an_index(o: Log) -> None:
    o.add("Using pad_token, but it is not set yet.\n  0%|          | 0/4000 [00:00<?, ?it/s]")
    o.bad("../aten/src/ATen/native/cuda/Indexing.cu:1146: indexSelectLargeIndex: block: [112,0,0], thread: [72,0,0] Assertion `srcIndex < srcSelectDimSize` failed.")
    for thread in range(73, 90):
        o.add(f"../aten/src/ATen/native/cuda/Indexing.cu:1146: indexSelectLargeIndex: block: [112,0,0], thread: [{thread},0,0] Assertion `srcIndex < srcSelectDimSize` failed.")
    o.trace("RuntimeError: CUDA error: device-side assert triggered", ("train.py", 44, "<module>", "trainer.train()"), fault=False)


@log("tokenizer-mismatch", "huggingface/transformers/pull/20043")
def embedding_size_mismatch(o: Log) -> None:
    o.add("Loading checkpoint shards: 100%|██████████| 2/2 [00:27<00:00, 13.69s/it]")
    o.trace("RuntimeError: Error(s) in loading state_dict for LlamaForCausalLM:", ("merge.py", 31, "<module>", "model.load_state_dict(state, strict=True)"), fault=False)
    o.bad("\tsize mismatch for model.embed_tokens.weight: copying a param with shape torch.Size([32001, 4096]) from checkpoint, the shape in current model is torch.Size([32000, 4096]).")
    o.fault[1].insert(0, o.fault[1][0] - 1)
    o.add("\tsize mismatch for lm_head.weight: copying a param with shape torch.Size([32001, 4096]) from checkpoint, the shape in current model is torch.Size([32000, 4096]).")


@log("gateway-failure", "OpenHands/OpenHands/issues/7506")
def api_connection_error(o: Log) -> None:
    for at in range(8):
        o.pass_(20)
        o.add(f"{o.ms()} INFO rollout: episode {at} reward {o.noise(0.4):.3f} turns 6")
    for at in range(6):
        o.pass_(30)
        text = f"{o.ms()} ERROR rollout: episode {8 + at} failed: openai.APIConnectionError: Connection error."
        o.bad(text) if at == 0 else o.add(text)
    o.trace("openai.APIConnectionError: Connection error.", ("rollout.py", 61, "main", "await client.chat.completions.create("), ("/opt/venv/openai/_base_client.py", 1027, "_request", "raise APIConnectionError(request=request) from err"), fault=False)


@log("gateway-failure", "BerriAI/litellm/issues/6667")
def service_unavailable(o: Log) -> None:
    o.add("17:02:11 INFO: collecting 64 rollouts")
    for at in range(14):
        text = f"17:0{2 + at // 6}:{12 + at * 3:02d} - LiteLLM:ERROR: main.py:380 - litellm.ServiceUnavailableError: ServiceUnavailableError: OpenAIException - Error code: 503 - upstream connect error or disconnect/reset before headers. reset reason: connection termination"
        o.bad(text) if at == 0 else o.add(text)
    o.add("17:05:40 ERROR: 0 of 64 rollouts were collected, giving up")


@log("verifier-failure", "verl-project/verl/issues/3478")
def sandbox_api(o: Log) -> None:
    o.verl(1, 9)
    for at in range(16):
        text = f"(ExecutionWorker pid=121256) ERROR:2025-09-15 15:36:{24 + at},702:[Request ID: 470dd032-92bf-4437-9826-4f2c5da4a{at:03d}] Sandbox API call failed. Last error: API Request Error: HTTPConnectionPool(host='10.0.0.5', port=12322): Read timed out. (read timeout=70)"
        o.bad(text) if at == 0 else o.add(text)
    o.add("(ExecutionWorker pid=121256) ERROR:2025-09-15 15:36:41,702:Case 0: API error occurred: API Call Failed: API Request Error: HTTPConnectionPool(host='10.0.0.5', port=12322): Read timed out. (read timeout=70)")


@log("silent-hang", "pytorch/pytorch/issues/118369")
def nothing_for_hours(o: Log) -> None:
    for step in range(50):
        o.pass_(6)
        o.add(f"{o.ms()} INFO step {step} loss {o.noise(1.9):.4f} grad_norm {o.noise(0.7, 0.1):.3f}")
    last = len(o.files[""])
    o.pass_(5 * 3600)
    o.add(f"slurmstepd: error: *** JOB 32391783 ON gpu-a12 CANCELLED AT {o.t('%Y-%m-%dT%H:%M:%S')} DUE TO TIME LIMIT ***")
    o.fault = ("", [last, last + 1])


@log("exception", "Facico/Chinese-Vicuna/issues/113")
def key_error_under_torchrun(o: Log) -> None:
    o.add("***** Running training *****")
    for rank in (1, 0):
        o.trace("KeyError: 'instruction'", ("finetune.py", 223, "generate_and_tokenize_prompt", 'user_prompt = data_point["instruction"]'), prefix=f"[rank{rank}]: ", rank=1, fault=rank == 1)
    o.torchrun(1)


@log("exception", "xtong-zhang/Chain-of-Focus/issues/11")
def hydra_override(o: Log) -> None:
    o.bad("Could not override 'actor_rollout_ref.rollout.n_agents'.\nKey 'n_agents' is not in struct\n    full_key: actor_rollout_ref.rollout.n_agents\n    object_type=dict\n\nSet the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.")


@log("exception", "kohya-ss/sd-scripts/issues/1434")
def illegal_memory_access(o: Log) -> None:
    o.hf(22, 1.1)
    o.trace("RuntimeError: CUDA error: an illegal memory access was encountered", ("train.py", 140, "<module>", "loss.backward()"), prefix="[rank2]: ", rank=2)
    o.add("[rank2]:[E ProcessGroupNCCL.cpp:916] [Rank 2] NCCL watchdog thread terminated with exception: CUDA error: an illegal memory access was encountered")


@log("exception", "THUDM/slime/issues/795")
def ray_actor_value_error(o: Log) -> None:
    o.verl(1, 4)
    o.add("Error executing job with overrides: ['trainer.nnodes=2']")
    o.trace("ray.exceptions.RayTaskError(ValueError): ray::TaskRunner.run() (pid=2292396, ip=10.20.3.66, actor_id=20de01352752f972125f0b1e01000000, repr=<main_ppo.TaskRunner object at 0x7f0953406590>)", ("/opt/venv/ray/_private/worker.py", 930, "get_objects", "raise value.as_instanceof_cause()"), fault=False)
    o.add('  File "/opt/venv/verl/trainer/ppo/ray_trainer.py", line 443, in _validate_config\n    raise ValueError(f"real_train_batch_size {n} must be divisible by {m}")')
    o.bad("ValueError: real_train_batch_size 1020 must be divisible by minimal possible batch size 16.")
    o.fault[1].insert(0, o.fault[1][0] - 4)


@log("preempted", "SystemsGenetics/GEMmaker/issues/233")
def slurm_preemption(o: Log) -> None:
    o.megatron(41, 15)
    o.bad(f"slurmstepd: error: *** JOB 32391783 ON cn119 CANCELLED AT {o.t('%Y-%m-%dT%H:%M:%S')} DUE TO PREEMPTION ***")
    o.trace("torch.distributed.elastic.multiprocessing.api.SignalException: Process 3391 got signal: 15", ("/opt/conda/bin/torchrun", 8, "<module>", "sys.exit(main())"), fault=False)


@log("preempted", "pytorch/pytorch/pull/61602")
def torchrun_gets_sigterm(o: Log) -> None:
    o.hf(20, 1.3)
    o.bad(f"W{o.t('%m%d %H:%M:%S')}.100200 71 torch/distributed/elastic/agent/server/api.py:719] Received 15 death signal, shutting down workers")
    o.add(f"W{o.t('%m%d %H:%M:%S')}.100900 71 torch/distributed/elastic/multiprocessing/api.py:897] Sending process 94 closing signal SIGTERM")
    o.trace("torch.distributed.elastic.multiprocessing.api.SignalException: Process 71 got signal: 15", ("/opt/conda/lib/python3.11/site-packages/torch/distributed/elastic/multiprocessing/api.py", 84, "_terminate_process_handler", "raise SignalException("), fault=False)


@log("preempted", "kyutai-labs/pocket-tts/pull/277")
def spot_notice(o: Log) -> None:
    for step in range(30):
        o.pass_(3)
        o.add(f"[pod/trainer-0/main] {o.t('%Y-%m-%dT%H:%M:%S')}.000000001Z step={step} loss={o.noise(2):.3f}")
    o.bad(f"[pod/trainer-0/main] {o.t('%Y-%m-%dT%H:%M:%S')}.000000001Z WARNING Received SIGTERM, checkpointing at step 30 before the spot instance is reclaimed", 0)
    o.add(f"[pod/trainer-0/main] {o.t('%Y-%m-%dT%H:%M:%S')}.900000001Z INFO saved checkpoint_00000030.pt, exiting with 143")
