"""The same evaluation by Inspect AI and its own mockllm. argv[1]: JSON {samples, logs, settings}; prints {seconds, samples, accuracy}.

`samples` names a file of JSON lines {id, prompt, target, reply}. `settings` goes to `eval` as it is.
"""
import json
import sys
import time

from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

asked = json.loads(sys.argv[1])
with open(asked["samples"]) as file:
    rows = [json.loads(line) for line in file]
replies = {row["prompt"]: row["reply"] for row in rows}


def scripted(messages, tools, tool_choice, config):
    prompt = messages[-1].text
    reply = replies[prompt]
    output = ModelOutput.from_content(model="mockllm", content=reply)
    # Said here, or mockllm counts tokens with a vocabulary that it would have to fetch.
    output.usage = ModelUsage(
        input_tokens=len(prompt), output_tokens=len(reply), total_tokens=len(prompt) + len(reply)
    )
    return output


started = time.monotonic()
task = Task(
    dataset=MemoryDataset([Sample(id=row["id"], input=row["prompt"], target=row["target"]) for row in rows]),
    solver=generate(),
    scorer=exact(),
)
(log,) = eval(
    task,
    model=get_model("mockllm/model", custom_outputs=scripted),
    log_dir=asked["logs"],
    display="none",
    **asked["settings"],
)
seconds = time.monotonic() - started
if log.status != "success":
    sys.exit(f"the evaluation ended with {log.status}")
metrics = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
json.dump({"seconds": seconds, "samples": log.results.completed_samples, "accuracy": metrics["mean"]}, sys.stdout)
