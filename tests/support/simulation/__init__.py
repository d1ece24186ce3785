"""Several replicas on one store against a plain model, in virtual time, from one seed.

Every change is a token that exists once in the world. The model knows which tokens were acknowledged (the commit that
carried them returned, or an instance read the spool that held them) and who deleted which. Whenever the model is
compared with the store, these rules hold:

- An acknowledged token that nobody deleted is there once.
- A token whose deletion was acknowledged is gone.
- A token that was not acknowledged may be there once or not at all.
- The tokens of one change are there together or not at all.
- A token that an instance has counted as undecidable may be there once or not at all, but never twice.
- What was added to a character whom another instance drops stays without a name, or is handed on to a character that is
  put there. From then on, it goes where that one goes.

Instances are killed, end in order, write what they cannot save to a spool, are forked and started twice from one
snapshot. Their clocks jump, and the store loses races, answers and patience. Instances on demand (layout
``per-record``) hold few records, forget them, and write to some records that they have not read. Such a write keeps the
record's content. A deletion of a record that was not read removes all that was acknowledged before. Sweeping removes
dropped records only if nobody has written them anew.
"""

from support.simulation.instance import Instance
from support.simulation.model import BrokenPromiseError, Change, Model
from support.simulation.world import LONG, SHORT, World, simulate

__all__ = ["LONG", "SHORT", "BrokenPromiseError", "Change", "Instance", "Model", "World", "simulate"]
