/// cdc: the operator's command. One file per subcommand.

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "lib/contract/exit_code.h"
#include "lib/kafka/library_version.h"

int main(int argc, char** argv) {
  cdc::cli::Command command;
  CLI::App app{"Change data capture: PostgreSQL to Iceberg tables", "cdc"};
  app.add_option("--config", command.config, "configuration file")->capture_default_str();
  app.set_version_flag("--version", "cdc " CDC_VERSION "\n" + cdc::kafka::LibraryVersion());
  app.require_subcommand(1);

  cdc::cli::AddStart(app, &command);
  cdc::cli::AddStop(app, &command);
  cdc::cli::AddRestart(app, &command);
  cdc::cli::AddStatus(app, &command);
  cdc::cli::AddLogs(app, &command);
  cdc::cli::AddTrigger(app, &command);
  cdc::cli::AddPause(app, &command);
  cdc::cli::AddResume(app, &command);
  cdc::cli::AddProduce(app, &command);
  cdc::cli::AddBroker(app, &command);
  cdc::cli::AddDlq(app, &command);
  cdc::cli::AddReset(app, &command);
  cdc::cli::AddAdopt(app, &command);
  cdc::cli::AddRewind(app, &command);
  cdc::cli::AddMaintain(app, &command);
  cdc::cli::AddMigrate(app, &command);
  cdc::cli::AddVerify(app, &command);
  cdc::cli::AddConfig(app, &command);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for = app.exit(error) == 0;  // --help, --version
    return asked_for ? cdc::cli::kOk : static_cast<int>(cdc::contract::ExitCode::kBadArguments);
  }
  return command.run();
}
