"""Runs a command and writes what it took: measure.py RESULT LIMIT-SECONDS OUTPUT COMMAND…

RESULT becomes one line of JSON: seconds, cpu (user and system, children included), peakKb (the largest process of
the tree, as wait4 tells it), status. The command is killed at the limit; its output goes to OUTPUT.

What came before is over first: all of it is on the disk, and ProFTPD, which greets nobody for 200 ms after the end
of each session, is ready again."""
import json, os, signal, sys, time

result, limit, output, *command = sys.argv[1:]
out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
err = os.open(output + ".err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
nothing = os.open("/dev/null", os.O_RDONLY)
files = [(os.POSIX_SPAWN_DUP2, nothing, 0), (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
os.sync()
time.sleep(0.6)
start = time.monotonic()
pid = os.posix_spawnp(command[0], command, os.environ, file_actions=files, setpgroup=0)
signal.signal(signal.SIGALRM, lambda *_: os.killpg(pid, signal.SIGKILL))
signal.alarm(int(limit))
_, status, usage = os.wait4(pid, 0)
seconds = time.monotonic() - start
with open(result, "w") as f:
    json.dump({"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peakKb": usage.ru_maxrss,
               "status": os.waitstatus_to_exitcode(status)}, f)
