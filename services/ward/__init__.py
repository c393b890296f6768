"""The made-up ward: places, people, households and a year of history, the same for the same seed.

Nobody in it lives or has lived: names are drawn from lists, streets and buildings are invented, telephone numbers begin
with the unassigned ``0000``, and its map cells lie in the water of Tokyo Bay.

``places`` where · ``names`` how people are called · ``staff`` agencies, posts, teams · ``family``, ``elders``,
``children``, ``needs`` households by what they are an example of · ``households`` the ward in care, and the whole ward
as a stream · ``history``, ``visiting`` what happened to each, in ``steps`` and ``words`` · with I/O: ``seed`` plays it
into the four services by ``deeds`` (casework), ``rounds`` (outreach), ``inboxes`` (notify) and the ``courier`` between.
"""
