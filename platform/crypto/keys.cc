// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto/keys.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "core/base/check.h"

namespace strongroom {
namespace {

constexpr std::string_view kFormat = "strongroom-key/v1 ";
constexpr std::string_view kPanelHead = "strongroom-panel-key/v1\n";
// Longer than any key file: what is longer is none.
constexpr std::size_t kMaxFile = 128;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO | S_IXUSR;

std::string system_error() {
  return std::error_code(errno, std::generic_category()).message();
}

std::unexpected<Error> key_fault(const std::filesystem::path& path,
                                 std::string_view what) {
  return fault("key file " + path.string() + ": " + std::string(what));
}

// 32 bytes that are wiped when they go: an Ed25519 seed or an X25519 secret.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, 32> bytes) {
    std::ranges::copy(bytes, bytes_.begin());
  }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { sodium_memzero(bytes_.data(), bytes_.size()); }

  std::uint8_t* data() { return bytes_.data(); }
  std::span<const std::uint8_t, 32> bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

class SodiumSigner final : public Signer {
 public:
  explicit SodiumSigner(std::span<const std::uint8_t, 32> seed) {
    crypto_sign_seed_keypair(public_.data(), secret_.data(), seed.data());
  }
  SodiumSigner(const SodiumSigner&) = delete;
  SodiumSigner& operator=(const SodiumSigner&) = delete;
  ~SodiumSigner() override { sodium_memzero(secret_.data(), secret_.size()); }

  PublicKey public_key() const override { return public_; }
  Signature sign(ByteView message) const override {
    Signature signature;
    crypto_sign_detached(signature.data(),
                         nullptr,
                         message.data(),
                         message.size(),
                         secret_.data());
    return signature;
  }

 private:
  PublicKey public_{};
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_{};
};

bool is_sealing(KeyKind kind) {
  return kind == KeyKind::kSealing || kind == KeyKind::kDisclosure;
}

PublicKey public_key_of(const Secret& secret, KeyKind kind) {
  if (!is_sealing(kind)) {
    return SodiumSigner(secret.bytes()).public_key();
  }
  PublicKey key;
  crypto_scalarmult_base(key.data(), secret.bytes().data());
  return key;
}

std::string first_line(KeyKind kind) {
  return std::string(kFormat) + std::string(key_kind_name(kind)) + "\n";
}

// The new name is durable before anyone enrols the key under it.
bool sync_folder_of(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : ".";
  const Descriptor handle(
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.is_open() && ::fsync(handle.number()) == 0;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> write_key(const std::filesystem::path& path,
                       std::string_view text) {
  const Descriptor file(::open(path.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               S_IRUSR | S_IWUSR));
  if (!file.is_open()) {
    return key_fault(path, system_error());
  }
  if (!write_all(file.number(), text) || ::fsync(file.number()) != 0 ||
      !sync_folder_of(path)) {
    const std::string why = system_error();
    ::unlink(path.c_str());
    return key_fault(path, why);
  }
  return {};
}

Result<std::string> read_key(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
    return key_fault(path, system_error());
  }
  if (!S_ISREG(status.st_mode)) {
    return key_fault(path, "not a regular file");
  }
  if ((status.st_mode & kOthers) != 0) {
    return key_fault(path, "others can read it; its mode must be 0600");
  }
  std::string text(kMaxFile, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got =
        ::read(file.number(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return key_fault(path, system_error());
    }
    if (got == 0) {
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

Result<Secret> parse_key(const std::filesystem::path& path,
                         KeyKind kind,
                         std::string_view text) {
  if (!text.starts_with(kFormat)) {
    return key_fault(path, "not a key file");
  }
  const std::string head = first_line(kind);
  if (!text.starts_with(head)) {
    return key_fault(path, "not of kind " + std::string(key_kind_name(kind)));
  }
  text.remove_prefix(head.size());
  if (!text.ends_with('\n')) {
    return key_fault(path, "cut short");
  }
  text.remove_suffix(1);
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() != 32) {
    return key_fault(path, "its second line is not the base64 of 32 bytes");
  }
  Secret secret(std::span<const std::uint8_t>(*bytes).first<32>());
  sodium_memzero(bytes->data(), bytes->size());
  return secret;
}

Result<PanelKey> parse_panel_key(const std::filesystem::path& path,
                                 std::string_view text) {
  if (!text.starts_with(kPanelHead)) {
    return key_fault(path, "not a panel's key file");
  }
  text.remove_prefix(kPanelHead.size());
  if (!text.ends_with('\n')) {
    return key_fault(path, "cut short");
  }
  text.remove_suffix(1);
  auto bytes = from_hex(text);
  PanelKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return key_fault(path, "its second line is not 32 hexadecimal digits");
  }
  std::ranges::copy(*bytes, key.begin());
  sodium_memzero(bytes->data(), bytes->size());
  if (key == PanelKey{}) {
    return key_fault(path,
                     "a key of zeros is what a panel has before it is "
                     "commissioned");
  }
  return key;
}

Result<Secret> load_secret(const std::filesystem::path& path, KeyKind kind) {
  auto text = read_key(path);
  if (!text) {
    return std::unexpected(text.error());
  }
  auto secret = parse_key(path, kind, *text);
  sodium_memzero(text->data(), text->size());
  return secret;
}

}  // namespace

void init_crypto() {
  check(sodium_init() >= 0, "libsodium does not start");
}

bool verify_ed25519(const PublicKey& key,
                    ByteView message,
                    const Signature& signature) {
  return crypto_sign_verify_detached(
             signature.data(), message.data(), message.size(), key.data()) == 0;
}

std::string_view key_kind_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEvent:
      return "event";
    case KeyKind::kLog:
      return "log";
    case KeyKind::kShare:
      return "share";
    case KeyKind::kCommand:
      return "command";
    case KeyKind::kSealing:
      return "sealing";
    case KeyKind::kDisclosure:
      return "disclosure";
  }
  return "unknown";
}

Result<PublicKey> create_key(const std::filesystem::path& path, KeyKind kind) {
  init_crypto();
  Secret secret;
  randombytes_buf(secret.data(), secret.bytes().size());
  std::string text = first_line(kind) + to_base64(secret.bytes()) + "\n";
  const auto written = write_key(path, text);
  sodium_memzero(text.data(), text.size());
  if (!written) {
    return std::unexpected(written.error());
  }
  return public_key_of(secret, kind);
}

Result<PublicKey> public_key_of(const std::filesystem::path& path,
                                KeyKind kind) {
  const auto secret = load_secret(path, kind);
  if (!secret) {
    return std::unexpected(secret.error());
  }
  return public_key_of(*secret, kind);
}

Result<std::unique_ptr<Signer>> load_signer(const std::filesystem::path& path,
                                            KeyKind kind) {
  if (is_sealing(kind)) {
    return key_fault(path, "a key of this kind cannot sign");
  }
  const auto secret = load_secret(path, kind);
  if (!secret) {
    return std::unexpected(secret.error());
  }
  return std::make_unique<SodiumSigner>(secret->bytes());
}

std::unique_ptr<Signer> signer_from_seed(
    std::span<const std::uint8_t, 32> seed) {
  return std::make_unique<SodiumSigner>(seed);
}

Result<PanelKey> create_panel_key(const std::filesystem::path& path) {
  init_crypto();
  PanelKey key;
  randombytes_buf(key.data(), key.size());
  std::string text = std::string(kPanelHead) + to_hex(key) + "\n";
  const auto written = write_key(path, text);
  sodium_memzero(text.data(), text.size());
  if (!written) {
    return std::unexpected(written.error());
  }
  return key;
}

Result<PanelKey> load_panel_key(const std::filesystem::path& path) {
  auto text = read_key(path);
  if (!text) {
    return std::unexpected(text.error());
  }
  auto key = parse_panel_key(path, *text);
  sodium_memzero(text->data(), text->size());
  return key;
}

Result<Bytes> seal(const PublicKey& recipient, ByteView plain) {
  init_crypto();
  Bytes sealed(plain.size() + crypto_box_SEALBYTES);
  if (crypto_box_seal(
          sealed.data(), plain.data(), plain.size(), recipient.data()) != 0) {
    return fault("the recipient's key is weak");
  }
  return sealed;
}

Result<Bytes> open_sealed(const std::filesystem::path& key_file,
                          KeyKind kind,
                          ByteView sealed) {
  const auto secret = load_secret(key_file, kind);
  if (!secret) {
    return std::unexpected(secret.error());
  }
  if (!is_sealing(kind) || sealed.size() < crypto_box_SEALBYTES) {
    return fault("not sealed to this key");
  }
  const PublicKey own = public_key_of(*secret, kind);
  Bytes plain(sealed.size() - crypto_box_SEALBYTES);
  if (crypto_box_seal_open(plain.data(),
                           sealed.data(),
                           sealed.size(),
                           own.data(),
                           secret->bytes().data()) != 0) {
    return fault("not sealed to this key, or altered");
  }
  return plain;
}

}  // namespace strongroom
