"""LiteLLM's own way to keep what goes through it: a callback, here one that adds a line to a file for each request, and no fsync."""

import json
import os

from litellm.integrations.custom_logger import CustomLogger


class JsonlLogger(CustomLogger):
    def __init__(self):
        super().__init__()
        self.file = open(os.environ["BENCH_JSONL"], "a", encoding="utf-8")

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        answer = response_obj.model_dump() if hasattr(response_obj, "model_dump") else str(response_obj)
        line = {"messages": kwargs.get("messages"), "answer": answer, "start": str(start_time), "end": str(end_time)}
        self.file.write(json.dumps(line, default=str) + "\n")
        self.file.flush()

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        self.file.write(json.dumps({"failed": str(kwargs.get("exception"))}) + "\n")
        self.file.flush()


logger = JsonlLogger()
