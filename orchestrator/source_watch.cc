#include "orchestrator/source_watch.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

namespace cdc::orchestrator {

namespace asio = boost::asio;
using boost::system::error_code;

struct SourceWatch::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, const Clock& c, log::Logger logger, Ask a, Millis i)
      : io(context), clock(c), log(std::move(logger)), ask(std::move(a)), interval(i), timer(context) {}

  bool wanted() const { return !source.connect_url.empty() || !source.dsn.empty(); }

  void AskNow() {
    if (asking || closed || !wanted()) return;
    asking = true;
    asio::post(questioner, [self = weak_from_this(), &context = io, question = ask, about = source] {
      auto answer = question(about);
      asio::post(context, [self, about, answer = std::move(answer)]() mutable {
        if (const auto impl = self.lock()) impl->Take(about, std::move(answer));
      });
    });
  }

  void Take(const config::Source& about, contract::SourceFacts answer) {
    asking = false;
    if (closed) return;
    if (about != source) return AskNow();  // settings changed meanwhile
    Note(std::move(answer));
    timer.expires_after(interval);
    timer.async_wait([self = weak_from_this()](error_code ec) {
      const auto impl = self.lock();
      if (!ec && impl) impl->AskNow();
    });
  }

  void Note(contract::SourceFacts answer) {
    const auto reasons = contract::JudgeSource(answer);
    if (!reasons.empty())
      answer.unwell_since_ms = facts.unwell_since_ms > 0 ? facts.unwell_since_ms : UnixMillis(clock.wall());
    const std::string trouble = reasons.empty() ? std::string() : reasons.front().text;
    if (trouble != told && !trouble.empty()) log.Warn("source: {}", trouble);
    if (trouble.empty() && !told.empty()) log.Info("source: well again");
    told = trouble;
    facts = std::move(answer);
  }

  asio::io_context& io;
  const Clock& clock;
  log::Logger log;
  Ask ask;
  Millis interval;
  config::Source source;
  contract::SourceFacts facts;
  std::string told;  ///< the trouble that was logged last
  bool asking = false;
  bool closed = false;
  asio::steady_timer timer;
  asio::thread_pool questioner{1};
};

SourceWatch::SourceWatch(asio::io_context& io, const Clock& clock, log::Logger logger, Ask ask,
                         Millis interval)
    : impl_(std::make_shared<Impl>(io, clock, std::move(logger), std::move(ask), interval)) {}

SourceWatch::~SourceWatch() {
  impl_->closed = true;
  impl_->timer.cancel();
  impl_->questioner.join();
}

void SourceWatch::Configure(const config::Source& source) {
  if (source == impl_->source) return;
  impl_->source = source;
  impl_->facts = {};
  impl_->told.clear();
  impl_->timer.cancel();
  impl_->AskNow();
}

const contract::SourceFacts& SourceWatch::facts() const { return impl_->facts; }

}  // namespace cdc::orchestrator
