#!/usr/bin/python3
"""Connections that are held and say nothing: what each costs, and that others are served. IDLE=10000 for the full number."""
import base64
import os
import resource
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Site, Tap  # noqa: E402

tap = Tap()
IDLE = int(os.environ.get("IDLE", "1000"))
BYTES_EACH = 24 * 1024  # of the server's memory, with the buffers of one answered request


def memory(site):
    """PSS of the server in bytes, without the store's mapped pages."""
    total, skip = 0, False
    with open(f"/proc/{site.process.pid}/smaps") as maps:
        for line in maps:
            if "-" in line.split()[0] and ":" not in line.split()[0]:
                skip = "data.mdb" in line
            elif line.startswith("Pss:") and not skip:
                total += int(line.split()[1]) * 1024
    return total


def connect(site, authorization):
    """One request, answered whole; the connection stays."""
    peer = socket.create_connection(("127.0.0.1", site.port), 30)
    peer.sendall(b"PROPFIND /dav/ HTTP/1.1\r\nHost: x\r\nDepth: 0\r\nAuthorization: " + authorization + b"\r\n\r\n")
    seen = b""
    while b"</D:multistatus>" not in seen:
        part = peer.recv(65536)
        if not part:
            raise RuntimeError("closed: " + seen.decode(errors="replace"))
        seen += part
    return peer


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
wanted = IDLE + 200
if hard != resource.RLIM_INFINITY and hard < wanted:
    IDLE, wanted = hard - 200, hard
resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
with Site(users=["alice"], config=f"max-connections = {IDLE + 100}\nmax-connections-per-address = {IDLE + 100}\n") as the_site:
    authorization_ = b"Basic " + base64.b64encode(b"alice:" + the_site.password("alice").encode())
    warm = [connect(the_site, authorization_) for _ in range(20)]
    before = memory(the_site)
    began = time.monotonic()
    peers = [connect(the_site, authorization_) for _ in range(IDLE)]
    taken = time.monotonic() - began
    each = (memory(the_site) - before) / IDLE
    tap.equal(len(peers), IDLE, f"{IDLE} connections are held")
    sanitized = each > 200 * 1024  # AddressSanitizer keeps what was freed for a while
    tap.check(each < BYTES_EACH or sanitized, "none of them costs much", f"{each:.0f} bytes each, made in {taken:.1f} s")
    latencies = []
    for _ in range(50):
        began = time.monotonic()
        status = the_site.request("PROPFIND", "/dav/calendars/alice/", None, "alice", {"Depth": "1"}).status
        latencies.append((time.monotonic() - began, status))
    tap.check(all(status == 207 for _, status in latencies) and sorted(latencies)[25][0] < 0.5, "and others are served", latencies[:5])
    for peer in peers[::50]:
        peer.sendall(b"OPTIONS /dav/ HTTP/1.1\r\nHost: x\r\nAuthorization: " + authorization_ + b"\r\n\r\n")
        answer = peer.recv(4096)
        if not answer.startswith(b"HTTP/1.1 200"):
            tap.check(False, "a connection that was idle works on", answer)
            break
    else:
        tap.check(True, "connections that were idle work on")
    if os.environ.get("SLOTKEEPER_VERBOSE"):
        print(f"# {IDLE} idle connections: {each / 1024:.1f} KiB each, {memory(the_site) / 1048576:.1f} MiB in all; a listing beside them takes "
              f"{sorted(latencies)[25][0] * 1000:.1f} ms")
    for peer in warm + peers:
        peer.close()
tap.finish()
