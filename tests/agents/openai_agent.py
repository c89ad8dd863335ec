"""An agent as a user of the Agents SDK writes it: a tool, instructions, and whatever model its address and key lead to."""

import asyncio
import subprocess
import sys

from agents import Agent, ModelBehaviorError, ModelSettings, Runner, function_tool


@function_tool
def run_command(command: str) -> str:
    """Runs a shell command in the working directory."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    return f"exit {done.returncode}\n{done.stdout}{done.stderr}"


async def main(task: str, streamed: bool, short: bool) -> None:
    agent = Agent(
        name="mender",
        instructions="You mend programs.",
        model="scripted",
        tools=[] if short else [run_command],
        model_settings=ModelSettings(max_tokens=16) if short else ModelSettings(),
    )
    try:
        if streamed:
            result = Runner.run_streamed(agent, task)
            async for event in result.stream_events():
                if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                    print(event.data.delta, end="", flush=True)
        else:
            result = await Runner.run(agent, task)
        print("\nfinal:", result.final_output)
    except ModelBehaviorError as failure:
        # A real model may talk until its bound, which the SDK takes for a failure.
        if not short or "max_output_tokens" not in str(failure):
            raise


asyncio.run(main(sys.argv[1], "--streamed" in sys.argv, "--short" in sys.argv))
