"""A *scripted* agent: it stands in for one that writes pages. It asks its model one thing, and what the reply is decides by its hash what it hands
in: the right files, files that only look right, or none. So a model of 135M parameters can be its model, and rewards differ."""

import hashlib
import json
import os
import pathlib
import re
import sys
import urllib.request

ANSWERS = pathlib.Path(__file__).parent / "answers"


def ask(question: str) -> str:
    body = {"model": os.environ["OPENAI_MODEL"], "messages": [{"role": "user", "content": question}]}
    headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "content-type": "application/json"}
    request = urllib.request.Request(
        f"{os.environ['OPENAI_BASE_URL']}/chat/completions", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]


def answer_to(task: str) -> pathlib.Path:
    """The one whose heading the task names."""
    for file in sorted(ANSWERS.glob("*/*")):
        heading = re.search(r"<h1>(.*?)</h1>|^# (.*)$", file.read_text(), re.MULTILINE)
        if heading and (heading[1] or heading[2]).lower() in task.lower():
            return file
    sys.exit("scripted: no answer to this task")


def looks_right(text: str) -> str:
    """The same to the eye: a page that does nothing, a report whose figures were made up."""
    idle = re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL)
    return idle if idle != text else re.sub(r"\b(\d)(\d\d)\b", r"\g<1>9\g<2>", text)


task = os.environ["ANNEAL_TASK"]
right = answer_to(task)
reply = ask(f"{task[:300]}\n\nSay in one sentence how you would begin.")
what = hashlib.sha256(reply.encode()).digest()[0] % 3
if what < 2:
    text = right.read_text()
    pathlib.Path(right.name).write_text(text if what == 0 else looks_right(text))
print(f"scripted: handed in {['the right files', 'what only looks right', 'nothing'][what]}")
