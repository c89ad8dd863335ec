"""Counts the completions of the data pool by another engine: python pool_engines.py ENGINE WHAT=PATH... prints a list as JSON.
WHAT: "table", a Delta table; "dataset" and "lines", exports; "delete" and "optimize", which change a table as the engine does it, and count then."""

import atexit
import json
import os
import shutil
import sys
import tempfile


def totals(rows, prompts, completions, logprobs):
    return {
        "rows": int(rows),
        "promptTokens": int(prompts),
        "completionTokens": int(completions),
        "logprobs": float(logprobs),
    }


def ray_data():
    import ray

    # Its sockets lie there: their paths may not be long.
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # Nothing of it is to be reached from outside.
    ray.init(
        num_cpus=1,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        object_store_memory=100 << 20,
        _temp_dir=folder,
        log_to_driver=False,
    )
    atexit.register(ray.shutdown)
    ray.data.DataContext.get_current().enable_progress_bars = False

    def per_batch(batch):
        lengths = [[len(ids) for ids in batch[name]] for name in ("promptIds", "completionIds")]
        sums = [sum(float(one) for one in row) for row in batch["logprobs"]]
        return {"rows": [len(sums)], "p": [sum(lengths[0])], "c": [sum(lengths[1])], "l": [sum(sums)]}

    def table(path):
        parts = ray.data.read_delta(path).map_batches(per_batch).take_all()
        return totals(*(sum(part[name] for part in parts) for name in ("rows", "p", "c", "l")))

    return {"table": table}


def hugging_face():
    from datasets import load_dataset

    def counted(found):
        rows = prompts = completions = logprobs = 0
        for row in found:
            rows += 1
            prompts += len(row["promptIds"])
            completions += len(row["completionIds"])
            logprobs += sum(row["logprobs"])
        return totals(rows, prompts, completions, logprobs)

    return {
        "dataset": lambda path: counted(load_dataset(path, "completions", split="train")),
        "lines": lambda path: counted(load_dataset("json", data_files=path, split="train")),
    }


def spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars", os.environ["DELTA_JARS"])
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")

    def table(path):
        one = (
            session.read.format("delta").load(path)
            .selectExpr(
                "count(*)",
                "coalesce(sum(size(promptIds)), 0)",
                "coalesce(sum(size(completionIds)), 0)",
                "coalesce(sum(aggregate(logprobs, 0D, (a, b) -> a + b)), 0)",
            )
            .first()
        )
        return totals(*one)

    def changed(statement):
        def change(path):
            session.sql(statement.format(f"delta.`{path}`"))
            return table(path)

        return change

    return {
        "table": table,
        "delete": changed("DELETE FROM {} WHERE round = 0 AND rolloutGroup = 2"),
        "optimize": changed("OPTIMIZE {}"),
    }


engine, *asked = sys.argv[1:]
counters = {"ray": ray_data, "datasets": hugging_face, "spark": spark}[engine]()
answers = []
for what, path in (one.split("=", 1) for one in asked):
    answers.append(counters[what](path))
print(json.dumps(answers))
