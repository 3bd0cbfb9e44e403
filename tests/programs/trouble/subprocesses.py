# /// same
# ///
"""Python and other programs started as subprocesses: their output and exit codes."""

import os
import subprocess
import sys
import time

CODE = "import sys, time; kept = [str(n) for n in range(10000)]; time.sleep(0.7); print(sys.argv, len(kept)); sys.exit(%d)"

for code in (0, 3):
    done = subprocess.run([sys.executable, "-c", CODE % code, "an argument"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.returncode, done.stdout)
for options in (["-S"], ["-I"], ["-E", "-s"]):
    done = subprocess.run([sys.executable, *options, "-c", "print('hello')"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(options, done.returncode, done.stdout)
print(subprocess.run(["sh", "-c", "echo shell; exit 5"], stdout=subprocess.PIPE, text=True))
print(os.system("exit 2"), os.spawnl(os.P_WAIT, "/bin/true", "true"))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(0.7)
child.terminate()
print(child.wait())
