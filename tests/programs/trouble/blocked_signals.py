# /// same
# ///
"""A signal that every thread of the program blocks stays pending, and timers interrupt as ever."""

import os
import signal
import time

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(1.5)
print(sorted(int(number) for number in signal.sigpending()))
print(int(signal.sigwait({signal.SIGUSR1})), int(signal.sigwait({signal.SIGTERM})))
alarms = []
signal.signal(signal.SIGALRM, lambda number, frame: alarms.append(frame.f_code.co_name))
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
while len(alarms) < 20:
    signal.pause()
signal.setitimer(signal.ITIMER_REAL, 0)
print(set(alarms))
