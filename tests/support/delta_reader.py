"""Reads a Delta table through delta-rs: python delta_reader.py FOLDER KEY [APPLICATION...] prints what it found as JSON.
With KEY "tidy" it rewrites the table's small files into larger ones instead, as any engine may."""

import json
import sys
from datetime import datetime, timezone

from deltalake import DeltaTable, QueryBuilder


def plain(value):
    if isinstance(value, datetime):
        text = value.astimezone(timezone.utc).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    return value


folder, key, *apps = sys.argv[1:]
table = DeltaTable(folder)
if key == "tidy":
    json.dump(table.optimize.compact(), sys.stdout)
    sys.exit()
found = QueryBuilder().register("t", table).execute(f'SELECT * FROM t ORDER BY "{key}"').read_all()
columns = {name: [plain(value) for value in found.column(name).combine_chunks().to_pylist()] for name in found.column_names}
json.dump(
    {
        "version": table.version(),
        "partitions": table.metadata().partition_columns,
        "files": len(table.file_uris()),
        "applied": {app: table.transaction_version(app) for app in apps},
        "rows": [dict(zip(columns, row)) for row in zip(*columns.values())],
    },
    sys.stdout,
)
