/// The stock worker: a table's rows as they are at the source.

#include "jobs/worker/job.h"

int main(int argc, char** argv) {
  return cdc::worker::RunJob({"upsert", "Applies a table's changes to its Iceberg table."}, argc, argv);
}
