"""Timers on several instances, in virtual time and from one seed: what may happen to processes, requests and clocks.

Each instance is a whole BucketApplication with ``jobs="bucket"``. Telegram delivers updates until they are answered,
and sometimes twice: their handlers add, move and cancel jobs. A job appends the name of its occurrence to each record
that it works on. At the end, all faults stop, and what the bucket contains is compared with what was acknowledged:

- Every occurrence is once in each record that its job works on.
- No timer in the bucket is overdue: nobody would run it any more.
- Nothing has run before its time on the clock of its process, or began after its cancellation was acknowledged.
- No claim was made while another instance's claim held.
- Each repetition has a reason: the process that ran the occurrence before was killed or frozen, got an unclear answer,
  or had changed a record in one step with a unit of work that another instance had done, too.
"""

from support.simulation.timers.ledger import BrokenTimerError
from support.simulation.timers.processes import run_process, run_processes
from support.simulation.timers.world import CALM, FAULTS, Faults, TimerWorld, simulate_timers

__all__ = [
    "CALM",
    "FAULTS",
    "BrokenTimerError",
    "Faults",
    "TimerWorld",
    "run_process",
    "run_processes",
    "simulate_timers",
]
