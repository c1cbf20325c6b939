#pragma once

/// \file orchestrator/http_session.h
/// One connection of the HTTP server, and the set of them. All on the server's thread.

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "lib/core/clock.h"
#include "orchestrator/event_desk.h"
#include "orchestrator/http_hosts.h"
#include "orchestrator/routes.h"
#include "orchestrator/thread_door.h"
#include "orchestrator/view_desk.h"

namespace cdc::orchestrator {

class HttpSession;

/// Connections by when they last did something.
class HttpConnections {
 public:
  void Touch(const std::shared_ptr<HttpSession>& session);
  void Forget(const HttpSession& session);
  /// Closes the one that has waited longest when there are too many, or because descriptors ran out.
  void MakeRoom(bool anyway);

 private:
  std::map<uint64_t, std::shared_ptr<HttpSession>> by_age_;
  uint64_t next_ = 1;
};

/// What all sessions share; outlives them.
struct HttpSite {
  const std::vector<Route>& routes;
  const HttpHosts& hosts;
  ViewDesk& desk;
  HttpConnections& connections;
  EventDesk& events;
  std::shared_ptr<ThreadDoor> door;  ///< for answers that come from other threads
};

/// One request after the other; the one for events is the last.
class HttpSession : public std::enable_shared_from_this<HttpSession>, private EventDesk::Listener {
 public:
  HttpSession(boost::asio::ip::tcp::socket socket, const HttpSite& site)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), site_(site) {}

  void Begin();
  void Close();

  uint64_t age = 0;  ///< HttpConnections' own

 private:
  using error_code = boost::system::error_code;

  void Read(Millis patience);
  void OnRequest(error_code ec);
  void OnBadRequest(error_code ec);
  /// \return the answer to a request that names another host; nothing: it names this one
  std::optional<Page> RefusedHost() const;
  bool IsReading() const;
  bool TakesPost() const;
  std::string Header(const char* name) const;
  ActionHeaders HeadersOfAction() const;
  /// `render` gets the view: null where the scheduler does not answer in time.
  void AwaitView(std::function<void(const ViewPtr&)> render);
  void Respond(const Route& route);
  void AnswerLater(Millis patience, const std::function<void(const PageReader&)>& ask);
  void Act(const Route& route);
  void SendFile(const page::File& file);
  void Answer(Page page);
  void Send();
  void OnAnswered(error_code ec);
  void Linger();
  void Listen();
  void AwaitEnd();
  void Tell(std::shared_ptr<const std::string> events) override;
  void Write();

  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer timer_;
  const HttpSite& site_;
  boost::beast::flat_buffer buffer_{8 << 10};
  std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>> parser_;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> answer_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> serializer_;
  Target target_;  ///< of the present request
  std::array<char, 1024> rest_{};
  std::deque<std::shared_ptr<const std::string>> untold_;  ///< events; the first is being written
  size_t untold_bytes_ = 0;
  uint64_t question_ = 0;     ///< number of the one that was asked last
  bool awaits_page_ = false;  ///< its answer is still to come
  bool last_ = false;         ///< what follows cannot be understood
};

}  // namespace cdc::orchestrator
