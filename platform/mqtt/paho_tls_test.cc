// SPDX-License-Identifier: Apache-2.0
// TLS against a real mosquitto: who is let in, and who is not.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "platform/mqtt/mqtt_client.h"
#include "platform/mqtt/nodelay.h"
#include "tests/support/mosquitto.h"
#include "tests/support/mqtt_party.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

class PahoTls : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::is_installed()) {
      FAIL() << "no mosquitto: run script/bootstrap";
    }
  }

  static MqttOptions tls_options(Mosquitto& broker, const std::string& name) {
    const CertificateFiles files = broker.authority().issue_client(name);
    MqttOptions options{.uri = broker.uri(), .client_id = name};
    options.ca_file = broker.authority().file();
    options.cert_file = files.certificate;
    options.key_file = files.key;
    return options;
  }
};

TEST_F(PahoTls, ClientCertificate_IsTheUserOfTheAcl) {
  Mosquitto broker({.tls = true, .acl = "pattern readwrite v1/%u/#\n"});
  MqttOptions with = tls_options(broker, "bj1/edge-1");
  with.subscriptions = {{.filter = "v1/bj1/edge-1/ack", .qos = 1}};
  MqttParty party(with);
  party.start();
  ASSERT_TRUE(party.connects());
  ASSERT_TRUE(deliver(party, message("v1/bj1/edge-1/ack", "mine")));
  ASSERT_TRUE(party.receives(1));
  const std::vector<int> sockets = sockets_to_port(broker.port());
  ASSERT_EQ(sockets.size(), 1);
  int value = 0;
  socklen_t size = sizeof value;
  ::getsockopt(sockets.front(), IPPROTO_TCP, TCP_NODELAY, &value, &size);
  EXPECT_NE(value, 0);
}

// Whether a client that should be refused is, and stays so.
void expect_refused(Mosquitto& broker, const MqttOptions& options) {
  MqttParty party(options);
  party.start();
  EXPECT_TRUE(wait_until([&] {
    return party.client().counters().connect_failures >= 2;
  })) << broker.log();
  EXPECT_EQ(party.client().counters().connects, 0) << broker.log();
}

TEST_F(PahoTls, BrokerOfAForeignAuthority_IsRefused) {
  Mosquitto broker({.tls = true});
  TlsAuthority foreign(broker.directory().path(), "foreign");
  MqttOptions with = tls_options(broker, "a");
  with.ca_file = foreign.file();
  expect_refused(broker, with);
}

TEST_F(PahoTls, ClientOfAForeignAuthority_IsRefused) {
  Mosquitto broker({.tls = true});
  TlsAuthority foreign(broker.directory().path(), "foreign");
  MqttOptions with = tls_options(broker, "a");
  const CertificateFiles files = foreign.issue_client("a");
  with.cert_file = files.certificate;
  with.key_file = files.key;
  expect_refused(broker, with);
}

TEST_F(PahoTls, ClientWithoutCertificate_IsRefused) {
  Mosquitto broker({.tls = true});
  MqttOptions with = tls_options(broker, "a");
  with.cert_file.clear();
  with.key_file.clear();
  expect_refused(broker, with);
}

TEST_F(PahoTls, BrokerOfAnotherName_IsRefused) {
  Mosquitto broker({.tls = true, .server_names = "DNS:elsewhere.example"});
  expect_refused(broker, tls_options(broker, "a"));
}

TEST(MakePahoClient, TlsFiles_AreNamedInTheFault) {
  const TemporaryDirectory directory;
  TlsAuthority authority(directory.path(), "authority");
  const CertificateFiles mine = authority.issue_client("mine");
  const CertificateFiles other = authority.issue_client("other");
  const MqttOptions good{.uri = "ssl://localhost:1",
                         .client_id = "a",
                         .ca_file = authority.file(),
                         .cert_file = mine.certificate,
                         .key_file = mine.key};
  EXPECT_TRUE(make_paho_client(good, {}));

  const auto fault_of = [](const MqttOptions& options) {
    const auto made = make_paho_client(options, {});
    return made ? "none" : made.error().what;
  };
  MqttOptions bad = good;
  bad.ca_file = directory / "missing.pem";
  EXPECT_NE(fault_of(bad).find("missing.pem"), std::string::npos);
  bad = good;
  bad.ca_file.clear();
  EXPECT_EQ(fault_of(bad), "TLS needs a CA file");
  bad = good;
  bad.key_file = other.key;
  EXPECT_NE(fault_of(bad).find(other.key.string()), std::string::npos);
  bad = good;
  bad.key_file.clear();
  EXPECT_EQ(fault_of(bad), "TLS needs the key of its certificate");
  bad = good;
  bad.cert_file = mine.key;
  EXPECT_NE(fault_of(bad).find(mine.key.string()), std::string::npos);
  bad = good;
  bad.uri = "mqtt://localhost";
  EXPECT_NE(fault_of(bad), "none");
}

TEST(MakePahoClient, QosTwo_IsAFault) {
  MqttOptions options{.uri = "tcp://localhost:1", .client_id = "a"};
  options.subscriptions = {{.filter = "t", .qos = 2}};
  EXPECT_FALSE(make_paho_client(options, {}));
  options.subscriptions.clear();
  options.will = message("t", "x", 2);
  EXPECT_FALSE(make_paho_client(options, {}));
}

}  // namespace
}  // namespace strongroom
