"""The fault trial: real processes, a steady load, a seeded plan of faults, and a count of what was lost.

``running`` is the command. ``town`` is the servers and the four services as processes (``process``, ``fragile``),
``load`` and ``way`` are people at work, ``promises`` what they were told, ``plan`` the faults in their order
(``on_services``, ``on_redis``, ``on_postgres``), ``evidence`` and ``marks`` how effects are seen, ``reading`` and
``comparing`` what was promised against what is there.
"""
