#include "lib/http/client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <mutex>

namespace cdc::http {
namespace {

/// Once per process and never undone: other threads may be inside libcurl at exit.
void InitialiseCurl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

struct Received {
  Response response;
  int64_t max_body = 0;
  bool bodiless = false;  ///< of HEAD: its Content-Length is another answer's
  bool too_long = false;
};

size_t OnBody(char* bytes, size_t, size_t size, void* context) {
  auto& received = *static_cast<Received*>(context);
  if (static_cast<int64_t>(received.response.body.size() + size) > received.max_body) {
    received.too_long = true;
    return 0;
  }
  received.response.body.append(bytes, size);
  return size;
}

size_t TakeBody(char* out, size_t, size_t room, void* context) {
  auto& body = *static_cast<std::string_view*>(context);
  const size_t taken = body.copy(out, room);
  body.remove_prefix(taken);
  return taken;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

size_t OnHeader(char* bytes, size_t, size_t size, void* context) {
  auto& received = *static_cast<Received*>(context);
  Response& response = received.response;
  const std::string_view line(bytes, size);
  if (line.starts_with("HTTP/")) {  // a new answer begins: what came before was 1xx or a proxy's
    response.headers.clear();
    return size;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(Trim(line.substr(0, colon)));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view value = Trim(line.substr(colon + 1));
  if (name == "content-length" && !received.bodiless) {
    int64_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    if (length > 0 && length <= received.max_body) response.body.reserve(static_cast<size_t>(length));
  }
  response.headers.emplace_back(std::move(name), std::string(value));
  return size;
}

std::string Shown(const Request& request) {
  return fmt::format("{} {}", request.method, http::Shown(request.url));
}

HeaderList HeadersOf(const Request& request) {
  curl_slist* list = nullptr;
  bool typed = false;
  for (const auto& [name, value] : request.headers) {
    // libcurl drops "Name:" and sends "Name;" as a header without a value.
    list = curl_slist_append(list, (value.empty() ? name + ";" : name + ": " + value).c_str());
    typed = typed || strcasecmp(name.c_str(), "content-type") == 0;
  }
  if (!typed) list = curl_slist_append(list, "Content-Type:");  // else a form's
  list = curl_slist_append(list, "Expect:");                    // costs a round trip or a second
  return HeaderList(list);
}

/// libcurl repeats a request whose kept connection ends before the answer begins, though the server may have
/// acted on it. It cannot repeat a body that it cannot rewind; where there is none, a new connection it is.
void SetUnrepeatable(CURL* handle, std::string_view* body) {
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  if (body->empty()) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
  } else {
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, TakeBody);
    curl_easy_setopt(handle, CURLOPT_READDATA, body);
  }
}

Error ErrorOf(CURLcode code, CURL* handle, const Request& request, const char* detail) {
  const std::string what =
      fmt::format("{}: {}", Shown(request), *detail != '\0' ? detail : curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorKind::kInvalidConfig, what, "check the address in tables.toml: http://host:port/…"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return {ErrorKind::kInvalidConfig, what,
              "name the authority that signed the server's certificate: ca_file = \"/path/ca.pem\""};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR: return {ErrorKind::kTransient, what};
    default: break;
  }
  long sent = 0;
  curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
  return {sent == 0 ? ErrorKind::kTransient : ErrorKind::kCommitUnknown, what};
}

}  // namespace

struct Client::Impl {
  ClientOptions options;
  std::mutex mutex;
  std::vector<Easy> idle;  ///< each keeps its connections open

  Easy Take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return Easy(curl_easy_init());
    Easy handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }
  void Return(Easy handle) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }
  /// \param body what is left of the request's body; must outlive the transfer
  void Prepare(CURL* handle, const Request& request, std::string_view* body) const;
};

void Client::Impl::Prepare(CURL* handle, const Request& request, std::string_view* body) const {
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);  // signatures cover the path as it is
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  if (request.stall_timeout.count() > 0) {
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes per second
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>((request.stall_timeout.count() + 999) / 1000));
  }
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  const bool carries = !request.body.empty() || request.method == "PUT" || request.method == "POST";
  if (request.method == "POST") {
    SetUnrepeatable(handle, body);
  } else if (carries) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data() != nullptr ? request.body.data() : "");
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  } else if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::Make(ClientOptions options) {
  if (!options.ca_file.empty() && ::access(options.ca_file.c_str(), R_OK) != 0) {
    return Error{ErrorKind::kInvalidConfig, fmt::format("reading the certificates in {}", options.ca_file),
                 "ca_file must name a readable PEM file"};
  }
  InitialiseCurl();
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Result<Response> Client::Send(const Request& request) {
  Easy handle = impl_->Take();
  if (!handle) return Error{ErrorKind::kTransient, Shown(request) + ": out of memory"};
  curl_easy_reset(handle.get());  // keeps connections
  char detail[CURL_ERROR_SIZE] = "";
  Received received;
  received.max_body = impl_->options.max_body;
  received.bodiless = request.method == "HEAD";
  const HeaderList headers = HeadersOf(request);
  std::string_view body = request.body;
  impl_->Prepare(handle.get(), request, &body);
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &received);
  const CURLcode code = curl_easy_perform(handle.get());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, nullptr);
  if (received.too_long) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("{}: the answer is longer than {} bytes", Shown(request), received.max_body)};
  }
  if (code != CURLE_OK) {
    const Error error = ErrorOf(code, handle.get(), request, detail);
    impl_->Return(std::move(handle));
    return error;
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  received.response.status = static_cast<int>(status);
  impl_->Return(std::move(handle));
  return std::move(received.response);
}

const std::string* Response::FindHeader(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Shown(std::string_view url) {
  // Signatures may stand in a query, and so may tokens.
  url = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::string_view authority = url.substr(host, url.find('/', host) - host);
  const size_t user_end = authority.rfind('@');
  const size_t skipped = user_end == std::string_view::npos ? 0 : user_end + 1;
  return std::string(url.substr(0, host)) + std::string(url.substr(host + skipped));
}

Millis RetryPause(int attempt, Millis base, Millis limit, double random) {
  const Millis full = std::min(limit, base * (int64_t{1} << std::min(attempt, 20)));
  return full / 2 + Millis(static_cast<int64_t>(random * static_cast<double>(full.count()) / 2));
}

}  // namespace cdc::http
