"""Where the server and its engines listen, by which host others reach them, and who may ask."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path

from anneal_trainer.failures import Problem, bad_configuration

SHORTEST_TOKEN = 16
LOOPBACK = "127.0.0.1"


@dataclass
class Access:
    """`token` is empty when anyone who reaches the port may ask: only on loopback."""

    bind: str = LOOPBACK
    advertise: str = LOOPBACK
    ports: range = range(0)
    token_file: Path | None = None
    token: str = ""
    _last: int = field(default=-1, init=False)

    def may(self, authorization: str | None) -> bool:
        given = (authorization or "").removeprefix("Bearer ")
        return not self.token or hmac.compare_digest(given.encode(), self.token.encode())

    def headers(self) -> dict[str, str]:
        """What our own requests to an engine must carry."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def local(self, port: int) -> str:
        """How this process reaches what listens at `bind`."""
        own = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(self.bind, self.bind)
        return f"http://{_in_url(own)}:{port}"

    def public(self, port: int) -> str:
        return f"http://{_in_url(self.advertise)}:{port}"

    def free_port(self) -> int:
        """For the next replica; 0 (any) without a range. Raises OSError when the range is used up."""
        for _ in self.ports:
            # Round and round: one that was just given out is not listened at yet.
            self._last = (self._last + 1) % len(self.ports)
            port = self.ports[self._last]
            with socket.socket(family(self.bind)) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.bind, port))
                    return port
                except OSError:
                    continue
        if self.ports:
            raise OSError(f"no free port in {self.ports[0]}-{self.ports[-1]}")
        return 0


def access(bind: str, advertise: str | None, ports: str | None, token_file: Path | None, engines: int) -> Access:
    """From the command line. `engines`: replicas that may run at once. Raises JobFailure (42) with all problems."""
    problems: list[Problem] = []
    address = _address(bind)
    if address is None:
        problems.append(Problem("--bind", "an IP address", repr(bind)))
    elif address.is_unspecified and not advertise:
        hint = "a pod's own address comes from its status.podIP"
        problems.append(Problem("--advertise", "the host by which others reach this server", "nothing", hint))
    token = ""
    if token_file is not None:
        try:
            token = token_file.read_text().strip()
        except (OSError, ValueError) as error:
            problems.append(Problem("--token-file", "a readable file", str(error)))
        else:
            plain = token.isascii() and token.isprintable() and " " not in token
            if len(token) < SHORTEST_TOKEN or not plain:
                want = f"{SHORTEST_TOKEN} or more printable ASCII characters without spaces"
                problems.append(Problem("--token-file", want, f"{len(token)} characters"))
    elif address is not None and not address.is_loopback:
        hint = "whoever reaches a port could use the model and unload policies"
        problems.append(Problem("--token-file", f"a token, since {bind} is reached from elsewhere", "nothing", hint))
    first, _, last = (ports or "1-0").partition("-")
    given = range(int(first), int(last) + 1) if first.isdigit() and last.isdigit() else None
    if given is None or (ports and not (0 < given.start < given.stop <= 65536)):
        problems.append(Problem("--engine-ports", "FIRST-LAST", repr(ports)))
    elif ports and len(given) < engines:
        problems.append(Problem("--engine-ports", f"{engines} ports: one a replica of each engine", f"{len(given)}"))
    if problems:
        raise bad_configuration("policy.configuration", "bad command line", problems)
    return Access(bind, advertise or bind, given, token_file, token)


def family(bind: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in bind else socket.AF_INET


def _address(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | None":
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
