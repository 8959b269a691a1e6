// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/control.h"

#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include "core/base/check.h"
#include "tools/plant/descriptor.h"

namespace strongroom::plant {
namespace {

class Control : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(service.has_value()); }
  void TearDown() override {
    service->reset();
    std::filesystem::remove(path);
  }

  /// As the plant's thread does, until there is nothing more to do.
  void serve() {
    std::vector<pollfd> descriptors;
    for (;;) {
      descriptors.clear();
      (*service)->watch(descriptors);
      if (poll(descriptors.data(), descriptors.size(), 20) <= 0) {
        return;
      }
      for (const pollfd& each : descriptors) {
        if (each.revents != 0) {
          (*service)->ready(each.fd, Time(0));
        }
      }
    }
  }
  Descriptor connect_client() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    Descriptor client(
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    check(connect(client.get(),
                  reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == 0,
          "the control socket takes connections");
    return client;
  }

  std::string path =
      testing::TempDir() + "control_test_" + std::to_string(getpid()) + ".sock";
  Result<std::unique_ptr<Service>> service =
      open_control(path, [](std::string_view line, Time) {
        return Result<std::string>(std::string(line) + std::string(4000, '.'));
      });
};

TEST_F(Control, ClientThatDoesNotRead_HoldsNobodyUp) {
  const Descriptor client = connect_client();
  const std::string lines(4096, '\n');
  for (int i = 0; i < 64; ++i) {
    if (send(client.get(), lines.data(), lines.size(), MSG_NOSIGNAL) < 0) {
      break;
    }
    serve();
  }
  std::atomic<bool> is_answered = false;
  std::string reply;
  std::jthread other([&] {
    reply = ask_control(path, {"hello"}).value_or("none");
    is_answered = true;
  });
  while (!is_answered) {
    serve();
  }
  other.join();
  EXPECT_EQ(reply, "hello" + std::string(4000, '.') + "\n");
}

}  // namespace
}  // namespace strongroom::plant
