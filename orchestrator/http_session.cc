#include "orchestrator/http_session.h"

#include <utility>

#include <boost/asio/write.hpp>

#include "orchestrator/health.h"

namespace cdc::orchestrator {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr size_t kMaxConnections = 32;
constexpr size_t kLongestRequest = 8 << 10;
constexpr Millis kRequestPatience{10'000};  ///< for the first request
constexpr Millis kIdlePatience{75'000};     ///< between requests: longer than a minute's scrape interval
constexpr Millis kAnswerPatience{30'000};
constexpr Millis kGoodbyePatience{2'000};
constexpr size_t kMostUntold = 1 << 20;  ///< bytes of events that a client may be behind, then it is dropped
/// Nothing comes from elsewhere, nothing goes elsewhere, and no other page may show this one.
constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Page ErrorPage(http::status status, const std::string& text) {
  return {static_cast<int>(status), "text/plain; charset=utf-8", text + "\n"};
}

Page PageOf(const Route& route, const View* view, const Target& target) {
  try {
    return route.render(view, target);
  } catch (const std::exception& e) {  // no memory for a long page is no reason to end
    return ErrorPage(http::status::internal_server_error, e.what());
  }
}

Page MethodPage(bool acts) {
  return ErrorPage(http::status::method_not_allowed, acts ? "POST only" : "GET and HEAD only");
}

const char* TypeOf(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return name.ends_with(".css") ? "text/css; charset=utf-8" : "image/svg+xml";
}

}  // namespace

void HttpSession::Begin() { Read(kRequestPatience); }

void HttpSession::Read(Millis patience) {
  site_.connections.Touch(shared_from_this());
  answer_.reset();
  parser_.emplace();
  parser_->header_limit(kLongestRequest);
  stream_.expires_after(patience);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](error_code ec, size_t) { self->OnRequest(ec); });
}

void HttpSession::Close() {
  awaits_page_ = false;
  timer_.cancel();
  site_.events.Leave(*this);
  stream_.close();
  site_.connections.Forget(*this);
}

std::optional<Page> HttpSession::RefusedHost() const {
  const auto& request = parser_->get();
  std::optional<std::string_view> host;
  if (request.count(http::field::host) == 1) {
    const auto value = request[http::field::host];
    host.emplace(value.data(), value.size());
  }
  switch (site_.hosts.Judge(host)) {
    case HttpHosts::Verdict::kKnown: return std::nullopt;
    case HttpHosts::Verdict::kMissing:
      return ErrorPage(http::status::bad_request, "the request needs one Host header");
    case HttpHosts::Verdict::kForeign: break;
  }
  return ErrorPage(http::status::misdirected_request,
                   "this server has another name than the Host of the request; [orchestrator] host_names "
                   "lists further names");
}

void HttpSession::OnRequest(error_code ec) {
  if (ec) return OnBadRequest(ec);
  if (auto refused = RefusedHost()) return Answer(std::move(*refused));
  const auto& request = parser_->get();
  auto target = ParseTarget(std::string_view(request.target().data(), request.target().size()));
  const bool acts = request.method() == http::verb::post;
  const Route* route = target ? FindRoute(site_.routes, *target, acts) : nullptr;
  const Route* other = target ? FindRoute(site_.routes, *target, !acts) : nullptr;
  if (route == nullptr && other == nullptr) {
    std::string known;
    for (const Route& r : site_.routes) known += (r.act ? "\nPOST " : "\n") + r.path;
    return Answer(ErrorPage(http::status::not_found, "nothing is here; there is:" + known));
  }
  if (route == nullptr || !(acts || IsReading())) return Answer(MethodPage(route == nullptr && !acts));
  target_ = std::move(*target);
  if (acts) return Act(*route);
  Respond(*route);
}

void HttpSession::Respond(const Route& route) {
  if (route.file != nullptr) return SendFile(*route.file);
  if (route.events && parser_->get().method() == http::verb::get) return Listen();
  AwaitView([this, &route](const ViewPtr& view) {
    if (!route.later) return Answer(PageOf(route, view.get(), target_));
    AnswerLater(kLaterPatience, [&](const PageReader& done) { route.later(view, target_, done); });
  });
}

void HttpSession::Act(const Route& route) {
  AnswerLater(kSchedulerPatience,
              [&](const PageReader& done) { route.act(target_, HeadersOfAction(), done); });
}

std::string HttpSession::Header(const char* name) const {
  const auto value = parser_->get()[name];
  return {value.data(), value.size()};
}

ActionHeaders HttpSession::HeadersOfAction() const {
  return {Header("Host"), Header("Origin"), Header("Sec-Fetch-Site"), Header("Authorization")};
}

void HttpSession::OnBadRequest(error_code ec) {
  if (ec == http::error::end_of_stream ||
      ec.category() != make_error_code(http::error::bad_method).category())
    return Close();  // gone, or too slow
  last_ = true;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return Answer(ErrorPage(http::status::request_header_fields_too_large, "the request is too long"));
  const bool body = ec == http::error::unexpected_body || ec == http::error::body_limit;
  if (body && !IsReading() && !TakesPost()) return Answer(MethodPage(false));
  Answer(ErrorPage(body ? http::status::payload_too_large : http::status::bad_request, ec.message()));
}

bool HttpSession::TakesPost() const {
  const auto& request = parser_->get();
  const auto target = ParseTarget(std::string_view(request.target().data(), request.target().size()));
  return request.method() == http::verb::post && target && FindRoute(site_.routes, *target, true) != nullptr;
}

bool HttpSession::IsReading() const {
  const auto method = parser_->get().method();
  return method == http::verb::get || method == http::verb::head;
}

void HttpSession::AwaitView(std::function<void(const ViewPtr&)> render) {
  const uint64_t question = ++question_;
  awaits_page_ = true;
  auto answer = [self = shared_from_this(), question, render = std::move(render)](const ViewPtr& view) {
    if (self->question_ != question || !std::exchange(self->awaits_page_, false)) return;
    self->timer_.cancel();
    render(view);
  };
  timer_.expires_after(kSchedulerPatience);
  timer_.async_wait([answer](error_code ec) {
    if (!ec) answer(nullptr);
  });
  site_.desk.Ask(answer);
}

/// The one who answers may outlive the connection and the server.
void HttpSession::AnswerLater(Millis patience, const std::function<void(const PageReader&)>& ask) {
  const uint64_t question = ++question_;
  awaits_page_ = true;
  const auto answer = [weak = weak_from_this(), question](Page page) {
    const auto self = weak.lock();
    if (!self || self->question_ != question || !std::exchange(self->awaits_page_, false)) return;
    self->timer_.cancel();
    self->Answer(std::move(page));
  };
  timer_.expires_after(patience);
  timer_.async_wait([self = shared_from_this(), answer](error_code ec) {
    if (!ec) answer(ErrorPage(http::status::service_unavailable, "no answer came in time"));
  });
  ask([door = site_.door, answer](Page page) {
    door->Post([answer, page = std::move(page)]() mutable { answer(std::move(page)); });
  });
}

void HttpSession::SendFile(const page::File& file) {
  const auto& request = parser_->get();
  const auto known = request[http::field::if_none_match];
  const bool unchanged =
      std::string_view(known.data(), known.size()).find(file.sum) != std::string_view::npos;
  const auto accepted = request[http::field::accept_encoding];
  const bool gzip = std::string_view(accepted.data(), accepted.size()).find("gzip") != std::string_view::npos;
  answer_.emplace(unchanged ? http::status::not_modified : http::status::ok, request.version());
  answer_->set(http::field::content_type, TypeOf(file.name));
  answer_->set(http::field::cache_control, "no-cache");
  // A strong tag is of the bytes that are sent (RFC 9110 section 8.8.3).
  answer_->set(http::field::etag, "\"" + std::string(file.sum) + (gzip ? "-gzip\"" : "\""));
  answer_->set(http::field::vary, "Accept-Encoding");
  if (!unchanged && gzip) answer_->set(http::field::content_encoding, "gzip");
  if (!unchanged) answer_->body() = gzip ? file.gzip : file.plain;
  Send();
}

void HttpSession::Answer(Page page) {
  answer_.emplace(static_cast<http::status>(page.status), parser_->get().version());
  answer_->set(http::field::content_type, page.content_type);
  answer_->set(http::field::cache_control, "no-store");
  if (answer_->result() == http::status::method_not_allowed)
    answer_->set(http::field::allow, page.body.starts_with("POST") ? "POST" : "GET, HEAD");
  answer_->body() = std::move(page.body);
  Send();
}

void HttpSession::Send() {
  site_.connections.Touch(shared_from_this());
  const auto& request = parser_->get();
  answer_->set(http::field::server, "cdc-orchestrator/" CDC_VERSION);
  answer_->set("Content-Security-Policy", kContentPolicy);
  answer_->set("X-Content-Type-Options", "nosniff");
  answer_->set("Referrer-Policy", "no-referrer");
  answer_->keep_alive(request.keep_alive() && !last_);
  answer_->prepare_payload();
  serializer_.emplace(*answer_);
  stream_.expires_after(kAnswerPatience);
  auto done = [self = shared_from_this()](error_code ec, size_t) { self->OnAnswered(ec); };
  if (request.method() == http::verb::head) {
    http::async_write_header(stream_, *serializer_, std::move(done));
  } else {
    http::async_write(stream_, *serializer_, std::move(done));
  }
}

void HttpSession::OnAnswered(error_code ec) {
  if (ec) return Close();
  if (answer_->keep_alive()) return Read(kIdlePatience);
  stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
  stream_.expires_after(kGoodbyePatience);
  Linger();
}

/// Reads what the client still sends: closing before would take back the answer.
void HttpSession::Linger() {
  stream_.async_read_some(asio::buffer(rest_), [self = shared_from_this()](error_code ec, size_t) {
    if (ec) return self->Close();
    self->Linger();
  });
}

void HttpSession::Listen() {
  if (site_.events.full()) {
    last_ = true;
    return Answer(ErrorPage(http::status::service_unavailable, "too many clients listen to events"));
  }
  AwaitEnd();
  Tell(std::make_shared<const std::string>(
      std::string("HTTP/1.1 200 OK\r\nServer: cdc-orchestrator/" CDC_VERSION
                  "\r\nContent-Type: text/event-stream\r\n"
                  "Cache-Control: no-store\r\n"
                  "Content-Security-Policy: ") +
      kContentPolicy +
      "\r\nX-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
      "retry: 3000\n\n"));
  site_.events.Join(*this);
}

/// A listener says nothing more. Past the stream, whose deadline is for what is written.
void HttpSession::AwaitEnd() {
  stream_.socket().async_read_some(asio::buffer(rest_), [self = shared_from_this()](error_code ec, size_t) {
    if (ec) return self->Close();
    self->AwaitEnd();
  });
}

void HttpSession::Tell(std::shared_ptr<const std::string> events) {
  if (untold_bytes_ > 0 && untold_bytes_ + events->size() > kMostUntold) return Close();
  untold_bytes_ += events->size();
  untold_.push_back(std::move(events));
  if (untold_.size() == 1) Write();
}

void HttpSession::Write() {
  site_.connections.Touch(shared_from_this());
  stream_.expires_after(kAnswerPatience);
  asio::async_write(stream_, asio::buffer(*untold_.front()),
                    [self = shared_from_this()](error_code ec, size_t) {
                      if (ec) return self->Close();
                      self->untold_bytes_ -= self->untold_.front()->size();
                      self->untold_.pop_front();
                      if (self->untold_.empty()) return self->stream_.expires_never();
                      self->Write();
                    });
}

void HttpConnections::Touch(const std::shared_ptr<HttpSession>& session) {
  by_age_.erase(session->age);
  session->age = next_++;
  by_age_[session->age] = session;
}

void HttpConnections::Forget(const HttpSession& session) { by_age_.erase(session.age); }

void HttpConnections::MakeRoom(bool anyway) {
  if (by_age_.empty() || (!anyway && by_age_.size() < kMaxConnections)) return;
  by_age_.begin()->second->Close();
}

}  // namespace cdc::orchestrator
