"""Runs that are well, in the formats of many programs, with what alarms a careless reader: retries, zeros of error counters, warnings."""

from __future__ import annotations

from quoted import Log, log


@log("healthy", "NVIDIA/Megatron-LM/issues/756")
def megatron_whole_run(o: Log) -> None:
    o.add("using world size: 16, data-parallel size: 2\n> building GPT2BPETokenizer tokenizer ...\n > padded vocab (size: 50257) with 47 dummy tokens (new size: 50304)\n> initializing torch distributed ...\n[W socket.cpp:464] [c10d] The client socket cannot be initialized to connect to [gpu-a12]:29500 (errno: 97 - Address family not supported by protocol).")
    o.megatron(1, 60, ms=5400)
    o.add("saving checkpoint at iteration      60 to /ckpt\n  successfully saved checkpoint at iteration      60 to /ckpt")
    o.pass_(60)
    o.megatron(61, 60)
    o.add(f"[after training is done] datetime: {o.t()}")


@log("healthy", "huggingface/trl/issues/3452")
def trl_grpo(o: Log) -> None:
    o.add("Warning: `use_cache=True` is incompatible with gradient checkpointing. Setting `use_cache=False`.\n/opt/venv/lib/python3.11/site-packages/torch/utils/checkpoint.py:86: UserWarning: None of the inputs have requires_grad=True. Gradients will be None")
    o.hf(40, 0.0003, reward=1.78, reward_std=0.64, kl=0.00055, completion_length=238.0)
    o.add("{'train_runtime': 812.4121, 'train_samples_per_second': 1.2, 'train_loss': 0.00031, 'epoch': 1.0}")


@log("healthy", "verl-project/verl/issues/7412")
def verl_steps(o: Log) -> None:
    o.add("(WorkerDict pid=1290) Flash Attention 2.0 only supports torch.float16 and torch.bfloat16 dtypes, but the current dype is torch.float32\n(raylet) Warning: The actor ImplicitFunc is very large (12 MiB). Check that its definition is not implicitly capturing a large array")
    o.verl(1, 40)


@log("healthy", "deepspeedai/DeepSpeed/issues/931")
def deepspeed_loss_scale_settles(o: Log) -> None:
    scale = 65536
    for step in range(70):
        o.pass_(1.3)
        if step < 6 or step in (41, 42):
            o.add(f"[{o.ms()}] [INFO] [loss_scaler.py:181:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {scale}, reducing to {scale // 2}")
            scale //= 2
        if step % 2:
            o.add(f"[{o.ms()}] [INFO] [logging.py:96:log_dist] [Rank 0] step={step}, skipped={6 if step < 41 else 8}, lr=[9.65e-06], mom=[(0.9, 0.95)]\n[{o.ms()}] [INFO] [timer.py:199:stop] epoch=0/micro_step={step}/global_step={step}, RunningAvgSamplesPerSec={o.noise(11.4, 0.01):.3f}, CurrSamplesPerSec={o.noise(11.4, 0.02):.3f}, MemAllocated=4.34GB, MaxMemAllocated=20.1GB\nstep {step} loss: {o.noise(2.1):.4f}")


@log("healthy", "vllm-project/vllm/issues/27194")
def vllm_serving(o: Log) -> None:
    o.add(f"(APIServer pid=1) INFO {o.t('%m-%d %H:%M:%S')} [api_server.py:1839] vLLM API server version 0.11.0\n(EngineCore_DP0 pid=291) WARNING {o.t('%m-%d %H:%M:%S')} [topk_topp_sampler.py:66] FlashInfer is not available. Falling back to the PyTorch-native implementation of top-p & top-k sampling.")
    for at in range(60):
        o.pass_(10)
        running = o.rng.randint(0, 9)
        o.add(f"(APIServer pid=1) INFO {o.t('%m-%d %H:%M:%S')} [loggers.py:123] Engine 000: Avg prompt throughput: {o.rng.random() * 900 * (running > 0):.1f} tokens/s, Avg generation throughput: {running * 61.3:.1f} tokens/s, Running: {running} reqs, Waiting: 0 reqs, GPU KV cache usage: {running * 1.1:.1f}%, Prefix cache hit rate: 12.4%")
        if at % 9 == 4:
            o.add(f'(APIServer pid=1) INFO:     10.1.6.8:4{at:04d} - "POST /v1/chat/completions HTTP/1.1" 200 OK')
        if at == 33:
            o.add('(APIServer pid=1) INFO:     10.1.6.8:40133 - "POST /v1/chat/completions HTTP/1.1" 400 Bad Request')


@log("healthy", "karpathy/nanoGPT/issues/167")
def nanogpt(o: Log) -> None:
    o.add("number of parameters: 123.59M\nusing fused AdamW: True\ncompiling the model... (takes a ~minute)")
    for it in range(120):
        loss = 10.9 - min(it, 60) * 0.09
        o.add(f"iter {it}: loss {o.noise(loss, 0.01):.4f}, time {20144.11 if it == 0 else o.noise(131.2, 0.01):.2f}ms, mfu {-100 if it < 5 else 38.2:.2f}%")
        if it % 50 == 0:
            o.add(f"step {it}: train loss {loss:.4f}, val loss {loss + 0.04:.4f}\nsaving checkpoint to out")


@log("healthy", "hiyouga/LlamaFactory/issues/8261")
def progress_bars_in_one_line(o: Log) -> None:
    o.add("[INFO|trainer.py:2414] >> ***** Running training *****\n[INFO|trainer.py:2415] >>   Num examples = 56,064")
    bars = [f"{at // 18:3d}%|{'█' * (at // 180):10s}| {at}/1752 [{at * 2.9 // 60:02.0f}:{at * 2.9 % 60:02.0f}<1:22:51,  {o.noise(2.9, 0.02):.2f}s/it]" for at in range(160)]
    o.add("\r".join(bars))
    o.hf(12, 2.2)
    o.add("[INFO|trainer.py:2681] >> Training completed. Do not forget to share your model on huggingface.co/models =)")


@log("healthy", "pytorch/torchtitan/pull/3848")
def torchtitan_ranks(o: Log) -> None:
    for step in range(1, 40):
        o.pass_(3.1)
        for rank in range(4):
            o.add(f"[rank{rank}]:[titan] {o.ms()} - root - INFO - step: {step:2d}  loss:  {o.noise(12.2 - min(step, 25) * 0.2, 0.005):.4f}  grad_norm:  {o.noise(1.6, 0.1):.4f}  memory: 39.87GiB(50.33%)  tps: {o.noise(6900, 0.01):,.0f}  tflops: 301.20  mfu: 30.46%")


@log("healthy", "deepspeedai/DeepSpeed/issues/4488")
def slurm_numbered_ranks(o: Log) -> None:
    o.add("0: MASTER_ADDR=node-17 WORLD_SIZE=8\n3: NCCL version 2.21.5+cuda12.4")
    for step in range(30):
        o.pass_(2)
        for rank in o.rng.sample(range(8), 8):
            o.add(f"{rank}: {o.t()} step {step} loss {o.noise(3.1, 0.02):.3f} step_time {o.noise(1.98, 0.01):.3f}")
    o.add("0: training finished, exit code 0")


@log("healthy", "kubernetes/kubernetes/issues/94073")
def kubernetes_pods_retry(o: Log) -> None:
    for step in range(40):
        o.pass_(4)
        for pod in range(2):
            o.add(f"[pod/trainer-worker-{pod}/main] {o.t('%Y-%m-%dT%H:%M:%S')}.{o.rng.randint(100000000, 999999999)}Z step={step} loss={o.noise(1.2):.4f} tokens_per_sec={o.noise(15000, 0.02):.0f}")
        if step == 9:
            o.add(f"[pod/trainer-worker-1/main] {o.t('%Y-%m-%dT%H:%M:%S')}.100000000Z WARNING object store answered 503 Service Unavailable, retrying in 0.5 s (attempt 1/5)\n[pod/trainer-worker-1/main] {o.t('%Y-%m-%dT%H:%M:%S')}.700000000Z INFO upload of step-9 finished after 2 attempts")
    o.add("[pod/trainer-worker-0/main] " + o.t("%Y-%m-%dT%H:%M:%S") + ".900000000Z training complete")


@log("healthy", "ray-project/ray/issues/18586")
def ray_tune(o: Log) -> None:
    o.add(f"{o.ms()}\tINFO worker.py:1841 -- Started a local Ray instance. View the dashboard at 127.0.0.1:8265\n(pid=gcs_server) [{o.ms()} I 2211 2211] gcs_server.cc:212: All gcs tables are loaded, 0 failed")
    for it in range(30):
        o.pass_(20)
        o.add(f"(PPOTrainer pid=3311) {o.ms()} INFO iteration {it}: episode_reward_mean: {12 + it * 0.8 + o.rng.gauss(0, 0.4):.2f} entropy: {max(0.9, 1.9 - it * 0.02):.3f} kl: {abs(o.noise(0.011, 0.2)):.5f} num_errors: 0")
    o.add(f"{o.ms()}\tINFO tune.py:1009 -- Total run time: 612.30 seconds (0 errored trials).")


@log("healthy", "jax-ml/jax/issues/13130")
def json_lines(o: Log) -> None:
    import json

    for step in range(90):
        o.pass_(1.5)
        o.add(json.dumps({"ts": o.t("%Y-%m-%dT%H:%M:%SZ"), "level": "info", "msg": "train", "step": step, "loss": round(o.noise(4 * 0.99**step, 0.01), 4), "grad_norm": round(o.noise(0.9, 0.1), 4), "errors": 0, "nan_count": 0, "lr": 3e-4}))
    o.add(json.dumps({"ts": o.t("%Y-%m-%dT%H:%M:%SZ"), "level": "info", "msg": "run finished", "status": "success", "failed": False}))


@log("healthy", "pytorch/pytorch/pull/160908")
def resumed_after_preemption(o: Log) -> None:
    o.add(f"{o.t()} INFO resuming from checkpoint /ckpt/step-400 (previous attempt was preempted)")
    for step in range(400, 470):
        o.pass_(2)
        o.add(f"{o.t()} INFO step {step} loss {o.noise(1.7):.4f} grad_norm {o.noise(0.4, 0.1):.4f} lr 1.0e-05")
    o.add(f"{o.t()} INFO exit status 0, error rate 0.0%")


@log("healthy", "TuragaLab/flyvis/issues/13")
def words_that_only_look_bad(o: Log) -> None:
    o.add("loading dataset finance/nanotech-errors (error analysis of failed transactions)\nconfig: on_error=skip max_failures=10 nan_policy=raise timeout_s=600 oom_retry=true nccl_timeout=1800 watchdog=on")
    for step in range(60):
        o.add(f"step {step}/60 train_loss=0.{o.rng.randint(610, 690)} word_error_rate=0.{o.rng.randint(120, 180)} infer_ms=11.{step % 10} failures=0 timeouts=0")
    o.add("sample 12: 'The Exception proves the rule; nothing is killed.' -> ok\neval: exact_match=0.71 errors=0 fatal=0\nfinished without errors")


@log("healthy", "vllm-project/vllm/issues/42362")
def sglang_requests(o: Log) -> None:
    for at in range(50):
        o.pass_(5)
        o.add(f"[{o.t()} TP0] Decode batch. #running-req: {at % 7}, #token: {at * 113}, token usage: 0.02, cuda graph: True, gen throughput (token/s): {(at % 7) * 88.2:.2f}, #queue-req: 0")
    o.add(f"[{o.t()}] INFO:     127.0.0.1:51312 - \"POST /generate HTTP/1.1\" 200 OK")


@log("healthy", "Lightning-AI/pytorch-lightning/issues/19106")
def lightning_epochs(o: Log) -> None:
    o.add("GPU available: True (cuda), used: True\nTPU available: False, using: 0 TPU cores\n/opt/venv/lib/python3.11/site-packages/lightning/pytorch/trainer/connectors/data_connector.py:425: The 'val_dataloader' does not have many workers which may be a bottleneck. Consider increasing the value of the `num_workers` argument")
    for epoch in range(8):
        o.add(f"Epoch {epoch}: 100%|██████████| 250/250 [00:{31 + epoch % 3}<00:00,  {o.noise(7.9, 0.02):.2f}it/s, v_num=3, train_loss={2.3 * 0.8**epoch:.3f}, val_loss={2.4 * 0.82**epoch:.3f}]")
    o.add("`Trainer.fit` stopped: `max_epochs=8` reached.")


@log("healthy", "openpsi-project/ReaLHF/issues/44")
def rl_that_learns(o: Log) -> None:
    for step in range(100):
        o.pass_(30)
        o.add(f"{o.t()} step {step} | reward: {min(0.8, 0.2 + step * 0.006) + o.rng.gauss(0, 0.02):.4f} | entropy: {max(0.45, 1.2 - step * 0.008) + o.rng.gauss(0, 0.02):.4f} | kl: {min(0.03, step * 0.0004) + abs(o.rng.gauss(0, 0.001)):.5f} | response length: {400 + step * 2.2 + o.rng.gauss(0, 12):.1f} | loss: {o.rng.gauss(0, 0.01):.5f} | grad norm: {o.noise(0.3, 0.2):.4f}")


@log("undetermined", "hpcaitech/ColossalAI/issues/3172")
def exit_code_alone(o: Log) -> None:
    o.megatron(1, 12)
    o.torchrun(0, 1)


@log("undetermined", "flyteorg/flyte/issues/2376")
def ended_without_a_word(o: Log) -> None:
    o.add(f"{o.t()} INFO step 1 loss 2.1\n{o.t()} INFO step 2 loss 2.0\n[1/1] currentAttempt done. Last Error: USER::Pod failed. No message received from kubernetes.")
