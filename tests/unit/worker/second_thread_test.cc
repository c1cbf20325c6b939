#include "jobs/worker/second_thread.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <future>
#include <vector>

using cdc::worker::SecondThread;

TEST_CASE("a second thread runs one work after the other, and is the same thread each time") {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  std::promise<void> first_may_end;
  SecondThread second;
  second.Run([&] {
    first_may_end.get_future().wait();
    order.push_back(1);
    threads.push_back(std::this_thread::get_id());
  });
  first_may_end.set_value();
  std::promise<void> done;
  second.Run([&] {
    order.push_back(2);
    threads.push_back(std::this_thread::get_id());
    done.set_value();
  });
  done.get_future().wait();
  CHECK(order == std::vector{1, 2});
  CHECK(threads[0] == threads[1]);
  CHECK(threads[0] != std::this_thread::get_id());
}

TEST_CASE("the end of a second thread's owner waits for the work under way") {
  std::atomic<bool> ended{false};
  std::promise<void> may_end;
  auto releaser = std::async(std::launch::async, [&] { may_end.set_value(); });
  {
    SecondThread second;
    second.Run([&] {
      may_end.get_future().wait();
      ended = true;
    });
  }
  CHECK(ended);
}

TEST_CASE("a second thread without work just ends") { SecondThread second; }
