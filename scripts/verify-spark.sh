#!/usr/bin/env bash
# Compares tables with expected rows as Spark reads them: a third reader beside pyiceberg and DuckDB, by hand, not in CI
# (it fetches about 400 MB once, into build/spark, and takes half a minute). Takes verify_tables.py's arguments:
#
#   scripts/verify-spark.sh --catalog data/catalog.db --namespace university --expected tests/data/expected/final \
#       --tables faculty,students
#
# Tables with a `time` column cannot be read: Spark has no such type. Needs scripts/setup.sh, Java 17 and Maven.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=$root/build/spark
runtime=iceberg-spark-runtime-3.5_2.12-1.10.1.jar
aws=iceberg-aws-bundle-1.10.1.jar

if [ ! -d "$home/python/pyspark" ]; then
  "$root/.venv/bin/python" -m pip install --quiet --target "$home/python" pyspark==3.5.7
fi
if [ ! -f "$home/jars/$runtime" ]; then
  mvn -q -B dependency:copy -Dartifact=org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.1 \
    -DoutputDirectory="$home/jars"
fi
if [ ! -f "$home/jars/$aws" ]; then
  mvn -q -B dependency:copy -Dartifact=org.apache.iceberg:iceberg-aws-bundle:1.10.1 -DoutputDirectory="$home/jars"
fi
PYTHONPATH=$home/python CDC_SPARK_JARS=$home/jars/$runtime,$home/jars/$aws PYSPARK_PYTHON=$root/.venv/bin/python \
  exec "$root/.venv/bin/python" "$root/tests/support/verify_tables.py" "$@" --reader spark
