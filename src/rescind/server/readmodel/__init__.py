"""The read model: the journal as tables, for whoever lists, filters and looks up.

It is a projection and decides nothing: states come of the fold that the service itself uses. Each
batch of the journal is one transaction of the database, with the position behind it. So no crash
loses or doubles anything, and whatever is in doubt can be built again from the journal.
"""
