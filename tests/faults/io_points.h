#pragma once

/// \file tests/faults/io_points.h
/// Names of a program's I/O, and what happens at one.

#include <sys/syscall.h>

#include <string>
#include <string_view>

namespace cdc::faults {

/// What is to be done at a point.
struct Passing {
  int error = 0;           ///< errno of the call, which is not made; 0: it is made
  bool tear = false;       ///< half of a write is made
  bool die_after = false;  ///< when it has been made

  /// Ends the program, if it is to end here.
  void Done() const;
};

/// Counts the point, and ends the program if it is to end before it. \param point empty: none
Passing Pass(const std::string& point);

/// Whether the calls of this thread are points. False in programs that are left alone, and inside this
/// library.
bool Active();

/// The thread's own calls are no points meanwhile.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

/// \param path absolute \return empty: no point
std::string PointOf(const char* operation, const std::string& path);
/// What a descriptor is: a file's path, "socket:[…]" …
std::string PathOf(int fd);
/// Of what is sent: PostgreSQL's, Kafka's and HTTP's requests and our own lines. Empty: none that changes
/// anything, or unknown.
std::string PointOfMessage(std::string_view bytes);

}  // namespace cdc::faults
