"""Effects on several instances, in virtual time and from one seed: what is charged, handed out and sent, and when.

Each update is an order. Its handler charges (``once``), may be declined (``once`` with a final exception), reserves
(``once`` with ``at_most_once``), and asks for a receipt (``after_commit``), whose job hands out goods (``once`` in a
job), ships (``once`` in a job with ``at_most_once``) and sends a message. The services outside note what happens to
them, and the bucket notes what it stores. Processes, requests and clocks fail as in the simulation of timers: processes
are killed and frozen, answers get lost, requests arrive late, and Telegram delivers updates again, also to two
instances at once. These rules hold:

- A job of ``after_commit`` never begins before the order is in the bucket. For each order, it ends once.
- What ``once`` returned is in the bucket by then. It returns the same for an order, on any instance.
- No effect happens again by an update or a run that began after ``once`` had returned anywhere, nor in the process in
  which it happened before.
- An effect with ``at_most_once`` never happens twice. ``OutcomeUnknownError`` has a reason.
- Each repetition has a reason: the process in which the effect happened before was killed or frozen, got an unclear
  answer or none, or the other instance was already at work.
- In the end, each order is stored once, with what ``once`` returned.
"""

from support.simulation.effects.ledger import BrokenEffectError, EffectLedger
from support.simulation.effects.world import FAULTS, EffectWorld, simulate_effects

__all__ = ["FAULTS", "BrokenEffectError", "EffectLedger", "EffectWorld", "simulate_effects"]
