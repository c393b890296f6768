"""The ledger import: rows of a ward's own list become households, members and consultations, each row once.

    columns       the headings; template, reading and docs/import.md follow them
    reading       the file: CSV or Excel, encodings, headings
    vocabulary    words of the cells to codes
    rows          one row: read, judged, given its lasting id
    households    rows joined by household number
    write         into the database, a portion a transaction
    report        the error file and the summary
    run           the command

``run_import`` and ``make_template`` of ``run`` are what ``./kasane import`` calls.
"""
