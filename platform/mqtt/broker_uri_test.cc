// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "platform/mqtt/paho_session.h"

namespace strongroom {
namespace {

TEST(BrokerUri, Parse_TlsWithPort) {
  const auto address = parse_broker_uri("ssl://broker.example:8884");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->tls);
  EXPECT_EQ(address->host, "broker.example");
  EXPECT_EQ(address->port, 8884);
}

TEST(BrokerUri, Parse_NoPort_IsTheSchemesOwn) {
  EXPECT_EQ(parse_broker_uri("ssl://b")->port, 8883);
  EXPECT_EQ(parse_broker_uri("tcp://b")->port, 1883);
  EXPECT_FALSE(parse_broker_uri("tcp://b")->tls);
}

TEST(BrokerUri, Parse_Ipv6) {
  const auto address = parse_broker_uri("ssl://[fd00::1]:8883");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->host, "[fd00::1]");
  EXPECT_EQ(address->port, 8883);
}

TEST(BrokerUri, Parse_Nonsense_IsAFault) {
  for (const char* uri : {"",
                          "broker:1883",
                          "mqtt://broker",
                          "ssl://",
                          "ssl://:8883",
                          "ssl://b:",
                          "ssl://b:x",
                          "ssl://b:0",
                          "ssl://b:65536",
                          "ssl://b:8883/path",
                          "ssl://[::1:8883"}) {
    EXPECT_FALSE(parse_broker_uri(uri)) << uri;
  }
}

}  // namespace
}  // namespace strongroom
