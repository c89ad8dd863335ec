"""The trivial task for Agent Lightning's local runner: asks the model once, compares, reports its reward."""

import json
import os
import urllib.request


def post(url: str, body: dict) -> dict:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


class TrivialAgent:
    def run(self) -> None:
        messages = [{"role": "user", "content": os.environ["QUESTION"]}]
        asked = {"model": "scripted", "messages": messages, "max_tokens": 64}
        answer = post(os.environ["AGL_OPENAI_BASE_URL"] + "/chat/completions", asked)
        right = answer["choices"][0]["message"]["content"].strip() == os.environ["TARGET"]
        post(os.environ["AGL_EVENT_URL"], {"event_type": "reward", "data": {"value": 1.0 if right else 0.0}})
