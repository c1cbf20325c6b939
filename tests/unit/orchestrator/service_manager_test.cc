#include "orchestrator/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace cdc::orchestrator {
namespace {

TEST_CASE("a service manager that waits for a message gets it, by path and by abstract name") {
  for (const std::string name : {"/tmp/cdc-notify-" + std::to_string(getpid()), "@cdc-notify-" + std::to_string(getpid())}) {
    CAPTURE(name);
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    TellServiceManager("READY=1\nSTATUS=3 tables");
    unsetenv("NOTIFY_SOCKET");
    char text[64] = {};
    CHECK(::recv(fd, text, sizeof text, MSG_DONTWAIT) == 23);
    CHECK(std::string(text) == "READY=1\nSTATUS=3 tables");
    ::close(fd);
    if (name[0] == '/') ::unlink(name.c_str());
  }
}

TEST_CASE("nothing happens where nobody waits") {
  unsetenv("NOTIFY_SOCKET");
  TellServiceManager("READY=1");
  setenv("NOTIFY_SOCKET", "/nothing/is/here", 1);
  TellServiceManager("READY=1");
  setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  TellServiceManager("READY=1");
  unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace cdc::orchestrator
