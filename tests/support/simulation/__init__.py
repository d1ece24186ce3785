"""Several replicas on one store against a plain model, in virtual time, from one seed.

Every change is a token that exists once in the world. The model knows which were acknowledged (the commit that
carried them returned, or the spool that held them was taken up) and who deleted which. At any time of truth: an
acknowledged token that nobody deleted is there once; a deleted one, its deletion acknowledged, is gone; what was not
acknowledged may be there once or not at all; the tokens of one change are there together or not at all. What an
instance has counted as undecidable may be there once or not at all, and never twice.

Instances are killed, end in order, lay down in a spool what they cannot save, are forked and started twice from one
snapshot, their clocks jump, and the store loses races, answers and patience. Those on demand (layout ``per-record``)
hold few records, forget them, and write to some unseen: what is there stays; what they drop unseen is gone as far as it
was acknowledged before. What was dropped is swept on the condition that nobody has written it anew.
"""

from support.simulation.instance import Instance
from support.simulation.model import BrokenPromiseError, Change
from support.simulation.world import LONG, SHORT, World, simulate

__all__ = ["LONG", "SHORT", "BrokenPromiseError", "Change", "Instance", "World", "simulate"]
