/// The stock worker: a table's rows as they are at the source.

#include "jobs/run/job.h"

int main(int argc, char** argv) {
  return cdc::run::RunJob({"upsert", "Applies a table's changes to its Iceberg table."}, argc, argv);
}
