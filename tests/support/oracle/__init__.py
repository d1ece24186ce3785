"""Random handlers whose view of the data must equal the view with PTB's own PicklePersistence."""
