// SPDX-License-Identifier: Apache-2.0
#include "platform/http/request_head.h"

#include <gtest/gtest.h>

namespace strongroom {
namespace {

using State = RequestHead::State;

RequestHead scan(std::string_view text) {
  return scan_request_head(text, 100);
}

TEST(RequestHead, Scan_EveryPrefix_IsIncomplete) {
  const std::string text = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(scan(text.substr(0, size)).state, State::kIncomplete) << size;
  }
  const RequestHead head = scan(text);
  EXPECT_EQ(head.state, State::kComplete);
  EXPECT_EQ(head.text, text);
  EXPECT_EQ(head.body_begin, text.size());
  EXPECT_EQ(head.body_size, 0);
}

TEST(RequestHead, Scan_Body_IsFoundByItsLength) {
  const RequestHead head =
      scan("POST / HTTP/1.1\r\ncontent-LENGTH:  5 \r\n\r\nhello+next");
  EXPECT_EQ(head.state, State::kComplete);
  EXPECT_EQ(head.body_begin, 40);
  EXPECT_EQ(head.body_size, 5);
}

TEST(RequestHead, Scan_WhatTheLibraryMustNotSee_IsLeftOut) {
  const RequestHead head = scan(
      "GET / HTTP/1.1\r\nRange: bytes=0-,0-\r\nAccept-Encoding: br\r\n"
      "Expect: 100-Continue\r\nX: y\r\n\r\n");
  EXPECT_EQ(head.state, State::kComplete);
  EXPECT_EQ(head.text, "GET / HTTP/1.1\r\nX: y\r\n\r\n");
  EXPECT_TRUE(head.expects_continue);
}

struct Refusal {
  int status;
  std::string text;
};

class RequestHeadRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(RequestHeadRefusal, Scan) {
  const RequestHead head = scan(GetParam().text);
  EXPECT_EQ(head.state, State::kRefused);
  EXPECT_EQ(head.status, GetParam().status) << head.what;
}

std::string with(const std::string& lines) {
  return "POST / HTTP/1.1\r\n" + lines + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    All,
    RequestHeadRefusal,
    testing::Values(
        Refusal{431, std::string(kMaxRequestHead, 'x')},
        Refusal{431, with("X: " + std::string(kMaxRequestHead, 'x') + "\r\n")},
        Refusal{413, with("Content-Length: 101\r\n")},
        Refusal{413, with("Content-Length: 18446744073709551615\r\n")},
        Refusal{400, with("Content-Length: 18446744073709551616\r\n")},
        Refusal{400, with("Content-Length: -1\r\n")},
        Refusal{400, with("Content-Length: +1\r\n")},
        Refusal{400, with("Content-Length: 1 1\r\n")},
        Refusal{400, with("Content-Length:\r\n")},
        Refusal{400, with("Content-Length: 1\r\nContent-Length: 1\r\n")},
        Refusal{411, with("Transfer-Encoding: chunked\r\n")},
        Refusal{411,
                with("Content-Length: 1\r\ntransfer-encoding: chunked\r\n")},
        Refusal{415, with("Content-Encoding: gzip\r\n")},
        Refusal{400, with("X: y\r\n folded: z\r\n")},
        Refusal{400, with("X : y\r\n")},
        Refusal{400, with(": y\r\n")},
        Refusal{400, with("no colon\r\n")},
        Refusal{400, with("X: y\nContent-Length: 1\r\n")},
        Refusal{400, with("X: y\rContent-Length: 1\r\n")},
        Refusal{400, with(std::string("X: \0y\r\n", 7))}));

}  // namespace
}  // namespace strongroom
