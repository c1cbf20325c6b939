#include "orchestrator/operator_site.h"

#include <boost/asio/post.hpp>

#include "orchestrator/http_server.h"
#include "orchestrator/letter_desk.h"
#include "orchestrator/log_tail.h"
#include "orchestrator/private_file.h"
#include "orchestrator/routes.h"

namespace cdc::orchestrator {

namespace asio = boost::asio;

struct OperatorSite::Impl {
  Impl(asio::io_context& i, contract::StateLayout l, SiteQuestions q)
      : door(std::make_shared<ThreadDoor>(i)),
        layout(std::move(l)),
        questions(std::make_shared<SiteQuestions>(std::move(q))) {}
  ~Impl() { door->Close(); }

  ViewSource Views() const {
    return [door = door, q = questions](Ends ends, std::function<void(std::shared_ptr<View>)> reader) {
      door->Post([q, ends, reader = std::move(reader)] {
        const auto show = [q, reader] { reader(std::make_shared<View>(q->look())); };
        ends == Ends::kFresh ? q->with_fresh_lag(show) : show();
      });
    };
  }

  /// A ledger object is for one thread, so each question opens its own.
  OperatorPorts Ports() const {
    OperatorPorts ports{.token = token, .chronicle = chronicle};
    ports.runs = [file = layout.ledger()](std::string_view table,
                                          int limit) -> Result<std::vector<contract::RunRecord>> {
      CDC_ASSIGN(const contract::Ledger own, contract::Ledger::OpenReadOnly(file));
      return own.Runs(table, limit);
    };
    ports.failed_runs = [file = layout.ledger()](int limit) -> Result<std::vector<contract::RunRecord>> {
      CDC_ASSIGN(const contract::Ledger own, contract::Ledger::OpenReadOnly(file));
      return own.FailedRuns(limit);
    };
    ports.log = [own = layout](std::string_view table, int lines) {
      return TailOf(own.table_log(table), lines);
    };
    ports.detail = [door = door, q = questions](const std::string& table, const auto& done) {
      door->Post([q, table, done] { done(q->detail(table)); });
    };
    ports.source = [door = door, q = questions](const auto& done) {
      door->Post([q, done] { done(q->source()); });
    };
    ports.letters = [desk = letters](const std::string& table, int limit, auto done) {
      desk->Ask(table, limit, std::move(done));
    };
    ports.act = [door = door, q = questions](const contract::ControlRequest& request, const auto& done) {
      door->Post([q, request, done] {
        const auto carried = q->carry(request);
        done(carried ? Status() : Status(carried.error()));
      });
    };
    return ports;
  }

  std::shared_ptr<ThreadDoor> door;  ///< of the event loop
  contract::StateLayout layout;
  std::shared_ptr<SiteQuestions> questions;
  std::string token;
  std::shared_ptr<Chronicle> chronicle = std::make_shared<Chronicle>(std::chrono::steady_clock::now());
  std::shared_ptr<LetterDesk> letters = std::make_shared<LetterDesk>();
  std::unique_ptr<HttpServer> http;
};

OperatorSite::OperatorSite(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OperatorSite::~OperatorSite() = default;

Result<std::unique_ptr<OperatorSite>> OperatorSite::Open(asio::io_context& io, const config::Config& config,
                                                         const contract::StateLayout& layout,
                                                         const log::Logger& log, SiteQuestions questions) {
  auto impl = std::make_unique<Impl>(io, layout, std::move(questions));
  const config::Orchestrator& settings = config.orchestrator;
  if (settings.actions) {
    CDC_ASSIGN(impl->token, ApiToken(layout.api_token()));
  }
  impl->letters->Configure(std::make_shared<const config::Config>(config));
  CDC_ASSIGN(impl->http,
             HttpServer::Start(settings.listen, settings.host_names,
                               OperatorRoutes(CDC_VERSION, impl->Ports()), impl->Views(), impl->chronicle));
  log.Info("page at http://{}/{}", settings.listen,
           settings.actions ? "; `cdc page` prints the address that may act, too" : "");
  log.Info("health and metrics at http://{}/health and /metrics", settings.listen);
  log.Info("tables as JSON at http://{}/api/v1/tables, as Flink has them at /jobs/overview", settings.listen);
  return std::unique_ptr<OperatorSite>(new OperatorSite(std::move(impl)));
}

void OperatorSite::Configure(std::shared_ptr<const config::Config> config) {
  impl_->letters->Configure(std::move(config));
}

bool OperatorSite::actions() const { return !impl_->token.empty(); }

}  // namespace cdc::orchestrator
