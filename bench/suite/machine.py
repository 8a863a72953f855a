# SPDX-License-Identifier: Apache-2.0
"""The machine: cores, processes and what they used, what to write beside a figure."""
import datetime
import os
import pathlib
import platform
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVER_CORE, CLIENT_CORE = 0, 1
TICKS = os.sysconf("SC_CLK_TCK")


class Failure(Exception):
    """Something that ends the run; its text is what the user needs."""


def finish(command, **options):
    """Runs a command to its end in a session of its own and keeps what it prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True, **options)


def output(*command, **options):
    """What a command prints; empty when it fails."""
    result = finish(command, **options)
    return result.stdout.strip() if result.returncode == 0 else ""


class Cores:
    """How measured processes are started: each on its core, all with one priority."""

    def __init__(self, nice):
        self.nice = nice
        self.server, self.client = (sorted(os.sched_getaffinity(0)) * 2)[:2]
        if self.server == self.client:
            print("warning: one processor only; server and clients share it")

    def command(self, core, *words):
        """Where the kernel shares time between sessions first, a nice value counts inside its session only, so the
        session (the caller opens a new one) gets it too."""
        words = ["taskset", "-c", str(core), *map(str, words)]
        if not self.nice:
            return words
        share = f"echo {self.nice} 2>/dev/null >/proc/self/autogroup; exec nice -n {self.nice} \"$@\""
        return ["sh", "-c", share, "sh", *words]

    def on_server_core(self, *words):
        return self.command(self.server, *words)

    def on_client_core(self, *words):
        return self.command(self.client, *words)


def may_raise_priority():
    """True when this user may start processes with a negative nice value."""
    return subprocess.run(["nice", "-n", "-10", "true"], capture_output=True, check=False).stderr == b""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds, log):
    """Waits until something listens on the port; fails when the process ends before."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failure(f"{process.args[-1]} ended with {process.returncode}: {tail(log)}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Failure(f"nothing listens on port {port} after {seconds} s: {tail(log)}")


def tail(log, size=2000):
    path = pathlib.Path(log)
    return path.read_text(encoding="utf-8", errors="replace")[-size:] if path.exists() else ""


def memory(pid):
    """{"rss_mb": now, "peak_mb": most so far} of a process."""
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            fields[name] = round(int(value.split()[0]) / 1024, 1)
    return {"rss_mb": fields["VmRSS"], "peak_mb": fields["VmHWM"]}


def cpu_seconds(pid, with_children=False):
    """Processor time of a process, and of its children that have ended."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    fields = text[text.rindex(")") + 2:].split()
    return sum(map(int, fields[11:15 if with_children else 13])) / TICKS


def folder_type(folder):
    """File system under a folder, such as ext2/ext3 or tmpfs."""
    return output("stat", "-f", "-c", "%T", str(folder))


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def total_memory_mb():
    with open("/proc/meminfo", encoding="utf-8") as file:
        return int(file.readline().split()[1]) // 1024


def describe(folder, cores):
    """What has to stand beside every figure."""
    is_changed = bool(output("git", "status", "--porcelain", "--", "src", "cmake", "CMakeLists.txt", cwd=ROOT))
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "commit": output("git", "rev-parse", "--short=12", "HEAD", cwd=ROOT) + ("+changes" if is_changed else ""),
            "processor": processor(), "processors": os.cpu_count(), "memory_mb": total_memory_mb(),
            "kernel": platform.release(), "file_system": folder_type(folder),
            "load_before": os.getloadavg()[0], "server_core": cores.server, "client_core": cores.client,
            "nice": cores.nice}
