// SPDX-License-Identifier: Apache-2.0
#include "tools/plant/modbus_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace strongroom::plant {
namespace {

/// Half a request does not hold the plant for longer.
constexpr std::uint32_t kRequestTimeoutUs = 200'000;

struct FreeContext {
  void operator()(modbus_t* context) const { modbus_free(context); }
};
using Context = std::unique_ptr<modbus_t, FreeContext>;

struct FreeMapping {
  void operator()(modbus_mapping_t* mapping) const {
    modbus_mapping_free(mapping);
  }
};
using Mapping = std::unique_ptr<modbus_mapping_t, FreeMapping>;

class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept
      : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) {
      close(value_);
    }
  }
  int get() const { return value_; }

 private:
  int value_;
};

struct Range {
  unsigned first = 0;
  unsigned count = 0;
};

Range range_of(const DeviceProfile& profile, RegisterKind kind) {
  unsigned first = std::numeric_limits<unsigned>::max();
  unsigned end = 0;
  for (const PointProfile& point : profile.points) {
    if (point.kind == kind) {
      first = std::min<unsigned>(first, point.address);
      end = std::max(end, 0U + point.address + register_count(point.type));
    }
  }
  return end == 0 ? Range{} : Range{first, end - first};
}

/// The registers of the plant's device; others answer "illegal data address".
class Registers {
 public:
  explicit Registers(const Plant& plant)
      : plant_(&plant),
        input_(range_of(plant.device().profile(), RegisterKind::kInput)),
        holding_(range_of(plant.device().profile(), RegisterKind::kHolding)),
        mapping_(modbus_mapping_new_start_address(0,
                                                  0,
                                                  0,
                                                  0,
                                                  holding_.first,
                                                  holding_.count,
                                                  input_.first,
                                                  input_.count)) {}

  /// With the values of now; nothing when there was no memory for it.
  modbus_mapping_t* refresh() {
    if (!mapping_) {
      return nullptr;
    }
    const SimulatedDevice& device = plant_->device();
    const auto elapsed = plant_->elapsed();
    for (std::size_t i = 0; i < device.profile().points.size(); ++i) {
      const PointProfile& point = device.profile().points[i];
      const auto value =
          encode_register(point.type, device.mantissa(i, elapsed));
      if (point.kind == RegisterKind::kInput) {
        mapping_->tab_input_registers[point.address - input_.first] =
            value.value_or(0);
      } else {
        mapping_->tab_registers[point.address - holding_.first] =
            value.value_or(0);
      }
    }
    return mapping_.get();
  }

 private:
  const Plant* plant_;
  Range input_;
  Range holding_;
  Mapping mapping_;
};

/// Takes one request from the context's descriptor and answers it, or not, as
/// the plant says. False when the descriptor is of no more use.
bool serve(modbus_t* context, Plant& plant, Registers& registers) {
  std::array<std::uint8_t, MODBUS_TCP_MAX_ADU_LENGTH> request{};
  const int size = modbus_receive(context, request.data());
  if (size < 0) {
    return errno == ETIMEDOUT || errno == EMBBADCRC;
  }
  const auto unit_at =
      static_cast<std::size_t>(modbus_get_header_length(context) - 1);
  if (size == 0 || !plant.answers_for(request.at(unit_at))) {
    return true;
  }
  std::this_thread::sleep_for(plant.delay());
  modbus_mapping_t* const mapping = registers.refresh();
  if (mapping == nullptr ||
      modbus_reply(context, request.data(), size, mapping) < 0) {
    return false;
  }
  plant.note_answer();
  return true;
}

Error last_error(const std::string& what) {
  return Error{what + ": " + modbus_strerror(errno)};
}

class TcpServer final : public ModbusServer {
 public:
  TcpServer(Context context, Descriptor listener, Plant& plant)
      : context_(std::move(context)),
        listener_(std::move(listener)),
        plant_(&plant),
        registers_(plant) {}

  std::string address() const override {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) {
      text += std::to_string(ntohl(address.sin_addr.s_addr) >> shift & 0xFF) +
              (shift > 0 ? "." : ":");
    }
    return text + std::to_string(ntohs(address.sin_port));
  }
  void watch(std::vector<pollfd>& descriptors) const override {
    descriptors.push_back({listener_.get(), POLLIN, 0});
    for (const Descriptor& client : clients_) {
      descriptors.push_back({client.get(), POLLIN, 0});
    }
  }
  void ready(int descriptor) override {
    if (descriptor == listener_.get()) {
      int listener = descriptor;
      if (const int client = modbus_tcp_accept(context_.get(), &listener);
          client >= 0) {
        clients_.emplace_back(client);
      }
      return;
    }
    const auto client =
        std::ranges::find(clients_, descriptor, &Descriptor::get);
    if (client == clients_.end()) {
      return;
    }
    modbus_set_socket(context_.get(), descriptor);
    if (!serve(context_.get(), *plant_, registers_)) {
      clients_.erase(client);
    }
  }

 private:
  Context context_;
  Descriptor listener_;
  std::vector<Descriptor> clients_;
  Plant* plant_;
  Registers registers_;
};

class RtuServer final : public ModbusServer {
 public:
  RtuServer(Context context,
            Descriptor master,
            Descriptor slave,
            std::string link,
            Plant& plant)
      : context_(std::move(context)),
        master_(std::move(master)),
        slave_(std::move(slave)),
        link_(std::move(link)),
        plant_(&plant),
        registers_(plant) {}
  ~RtuServer() override { unlink(link_.c_str()); }

  std::string address() const override { return link_; }
  void watch(std::vector<pollfd>& descriptors) const override {
    descriptors.push_back({master_.get(), POLLIN, 0});
  }
  void ready(int descriptor) override {
    if (descriptor == master_.get()) {
      serve(context_.get(), *plant_, registers_);
    }
  }

 private:
  Context context_;
  Descriptor master_;
  Descriptor slave_;  // open, so that the master sees no hang-up
  std::string link_;
  Plant* plant_;
  Registers registers_;
};

Result<void> place_link(const std::string& target, const std::string& link) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(link, error);
  if (std::filesystem::is_symlink(status)) {
    std::filesystem::remove(link, error);
  }
  std::filesystem::create_symlink(target, link, error);
  if (error) {
    return fault("cannot make the link " + link + ": " + error.message());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ModbusServer>> listen_tcp(const std::string& host,
                                                 int port,
                                                 Plant& plant) {
  Context context(modbus_new_tcp(host.c_str(), port));
  if (!context) {
    return std::unexpected(last_error("cannot listen on " + host));
  }
  Descriptor listener(modbus_tcp_listen(context.get(), 64));
  if (listener.get() < 0) {
    return std::unexpected(
        last_error("cannot listen on " + host + ":" + std::to_string(port)));
  }
  modbus_set_indication_timeout(context.get(), 0, kRequestTimeoutUs);
  return std::make_unique<TcpServer>(
      std::move(context), std::move(listener), plant);
}

Result<std::unique_ptr<ModbusServer>> open_rtu(const std::string& link,
                                               int unit,
                                               Plant& plant) {
  Descriptor master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> path{};
  if (master.get() < 0 || grantpt(master.get()) != 0 ||
      unlockpt(master.get()) != 0 ||
      ptsname_r(master.get(), path.data(), path.size()) != 0) {
    return std::unexpected(last_error("cannot open a pseudo-terminal"));
  }
  Descriptor slave(open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios settings{};
  if (slave.get() < 0 || tcgetattr(slave.get(), &settings) != 0) {
    return std::unexpected(last_error("cannot open a pseudo-terminal"));
  }
  cfmakeraw(&settings);
  tcsetattr(slave.get(), TCSANOW, &settings);

  Context context(modbus_new_rtu(path.data(), 9600, 'N', 8, 1));
  if (!context || modbus_set_slave(context.get(), unit) != 0 ||
      modbus_set_socket(context.get(), master.get()) != 0) {
    return std::unexpected(
        last_error("cannot answer as unit " + std::to_string(unit)));
  }
  modbus_set_indication_timeout(context.get(), 0, kRequestTimeoutUs);
  if (auto placed = place_link(path.data(), link); !placed) {
    return std::unexpected(placed.error());
  }
  return std::make_unique<RtuServer>(
      std::move(context), std::move(master), std::move(slave), link, plant);
}

}  // namespace strongroom::plant
