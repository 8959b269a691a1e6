// SPDX-License-Identifier: Apache-2.0
// Through real sockets: what a stranger's bytes come to.
#include "platform/http/server.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

#include "tests/support/http_wire.h"
#include "tests/support/wait_until.h"

namespace strongroom {
namespace {

using namespace std::chrono_literals;

class HttpServerTest : public testing::Test {
 protected:
  static HttpLimits limits() {
    return {.threads = 2,
            .max_body = 1000,
            .read_timeout_s = 1,
            .write_timeout_s = 1,
            .max_connections = 8};
  }

  void SetUp() override {
    server.get("/hello", [](const HttpRequest&) {
      return HttpResponse::json(R"({"hello":1})");
    });
    server.get("/entries/([a-z0-9-]+)/([0-9]+)", [](const HttpRequest& in) {
      return HttpResponse::text(in.matches.at(0) + " " + in.matches.at(1) +
                                " " + in.query("from").value_or("none") + " " +
                                std::to_string(in.query_all("index").size()));
    });
    server.post("/echo", [](const HttpRequest& in) {
      return HttpResponse::text(in.body);
    });
    server.get("/throws", [](const HttpRequest&) -> HttpResponse {
      throw std::runtime_error("a secret");
    });
    server.get("/tile", [](const HttpRequest&) {
      HttpResponse response;
      response.content_type = "application/octet-stream";
      response.body = std::string(300'000, 't');
      response.cacheable = true;
      return response;
    });
    server.get("/page", [](const HttpRequest&) {
      HttpResponse response = HttpResponse::text("<html>");
      response.content_security_policy = "default-src 'self'";
      return response;
    });
    server.stream("/stream", broadcast);
    const auto listening = server.listen_loopback("127.0.0.1", 0);
    ASSERT_TRUE(listening) << listening.error().what;
    port = *listening;
  }

  std::string ask(const std::string& text) const {
    HttpWire wire(port);
    wire.send(text);
    return wire.receive();
  }

  EventBroadcast broadcast{2, 4};
  HttpServer server{limits()};
  int port = 0;
};

TEST_F(HttpServerTest, Get_Route_AnswersWithEveryHeader) {
  const std::string response = ask(request("GET /hello"));
  EXPECT_EQ(status_of(response), 200);
  EXPECT_TRUE(response.ends_with("\r\n\r\n{\"hello\":1}"));
  for (const char* header :
       {"Content-Type: application/json\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: no-referrer\r\n",
        "X-Frame-Options: DENY\r\n",
        "Cache-Control: no-store\r\n",
        "Content-Security-Policy: default-src 'none'; frame-ancestors "
        "'none'\r\n",
        "Content-Length: 11\r\n"}) {
    EXPECT_TRUE(contains(response, header)) << header << "\n" << response;
  }
}

TEST_F(HttpServerTest, Get_ResponsesOwnHeaders_AreKept) {
  EXPECT_TRUE(contains(ask(request("GET /tile")),
                       "Cache-Control: public, max-age=31536000, immutable"));
  EXPECT_TRUE(contains(ask(request("GET /page")),
                       "Content-Security-Policy: default-src 'self'\r\n"));
}

TEST_F(HttpServerTest, Get_Pattern_GivesMatchesAndQuery) {
  EXPECT_TRUE(ask(request("GET /entries/bj1/17?from=3&index=1&index=2"))
                  .ends_with("bj1 17 3 2"));
  EXPECT_TRUE(ask(request("GET /entries/bj1/17")).ends_with("bj1 17 none 0"));
  // The pattern is over the whole path.
  EXPECT_EQ(status_of(ask(request("GET /entries/bj1/17x"))), 404);
  EXPECT_EQ(status_of(ask(request("GET /x/entries/bj1/17"))), 404);
}

TEST_F(HttpServerTest, Head_IsGetWithoutBody) {
  const std::string response = ask(request("HEAD /hello"));
  EXPECT_EQ(status_of(response), 200);
  EXPECT_TRUE(response.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, Unknown_Path_Is404InJson) {
  const std::string response = ask(request("GET /nothing"));
  EXPECT_EQ(status_of(response), 404);
  EXPECT_TRUE(response.ends_with(R"({"error":"nothing is here"})"));
  EXPECT_TRUE(contains(response, "nosniff"));
}

TEST_F(HttpServerTest, Wrong_Method_Is405AndSaysWhichIsRight) {
  const std::string post = ask(request("POST /hello", "Content-Length: 0\r\n"));
  EXPECT_EQ(status_of(post), 405);
  EXPECT_TRUE(contains(post, "Allow: GET, HEAD\r\n")) << post;
  const std::string get = ask(request("GET /echo"));
  EXPECT_EQ(status_of(get), 405);
  EXPECT_TRUE(contains(get, "Allow: POST\r\n"));
  EXPECT_EQ(status_of(ask(request("DELETE /echo"))), 405);
  EXPECT_EQ(status_of(ask(request("OPTIONS /nothing"))), 404);
}

TEST_F(HttpServerTest, Handler_Throws_Is500WithoutItsWords) {
  const std::string response = ask(request("GET /throws"));
  EXPECT_EQ(status_of(response), 500);
  EXPECT_FALSE(contains(response, "secret"));
}

TEST_F(HttpServerTest, Host_NotLoopback_Is421) {
  EXPECT_EQ(status_of(ask("GET /hello HTTP/1.1\r\nHost: evil.example\r\n"
                          "Connection: close\r\n\r\n")),
            421);
  EXPECT_EQ(status_of(ask("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")),
            421);
  EXPECT_EQ(status_of(ask("GET /hello HTTP/1.1\r\nHost: localhost\r\n"
                          "Host: evil.example\r\n"
                          "Connection: close\r\n\r\n")),
            421);
}

TEST_F(HttpServerTest, Post_FromAnotherSitesPage_Is403) {
  const std::string body = "Content-Length: 0\r\n";
  EXPECT_EQ(status_of(ask(request("POST /echo",
                                  body + "Origin: http://evil.example\r\n"))),
            403);
  EXPECT_EQ(status_of(ask(request("POST /echo", body + "Origin: null\r\n"))),
            403);
  EXPECT_EQ(status_of(ask(request("POST /echo",
                                  body + "Origin: http://localhost:9480\r\n"))),
            200);
}

TEST_F(HttpServerTest, Post_Body_ComesAsSent) {
  const std::string body("a\0b\r\n\r\nc", 9);
  const std::string response =
      ask(request("POST /echo", "Content-Length: 9\r\n") + body);
  EXPECT_TRUE(response.ends_with("\r\n\r\n" + body));
}

TEST_F(HttpServerTest, Post_BodyTooLarge_Is413BeforeItIsSent) {
  HttpWire wire(port);
  wire.send(request("POST /echo", "Content-Length: 1001\r\n"));
  EXPECT_EQ(status_of(wire.receive()), 413);
}

TEST_F(HttpServerTest, Post_BodyTooLargeAndSentAnyway_StillReadsItsRefusal) {
  HttpWire wire(port);
  wire.send(request("POST /echo", "Content-Length: 500000\r\n"));
  wire.send(std::string(500'000, 'x'));
  EXPECT_EQ(status_of(wire.receive()), 413);
}

TEST_F(HttpServerTest, Post_ExpectContinue_IsToldToGoOn) {
  HttpWire wire(port);
  wire.send(
      request("POST /echo", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(wire.receive("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("hello");
  EXPECT_TRUE(wire.receive().ends_with("\r\n\r\nhello"));
}

TEST_F(HttpServerTest, Garbage_IsRefusedAndTheServerLives) {
  EXPECT_EQ(status_of(ask("\r\n\r\n")), 400);
  EXPECT_EQ(status_of(ask("GET\r\n\r\n")), 400);
  EXPECT_EQ(status_of(ask("GET /hello\r\nHost: localhost\r\n\r\n")), 400);
  EXPECT_EQ(status_of(ask("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")),
            400);
  EXPECT_EQ(status_of(ask(std::string(10'000, 'A'))), 431);
  EXPECT_EQ(status_of(ask(request("GET /%00%0d%0aX"))), 400);
  EXPECT_EQ(status_of(ask(request("GET /" + std::string(1024, 'a')))), 414);
  EXPECT_EQ(status_of(ask(request("GET /hello"))), 200);
}

TEST_F(HttpServerTest, KeepAlive_AndPipelined_AnswersInOrder) {
  HttpWire wire(port);
  const std::string plain = " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  wire.send("GET /entries/a/1" + plain + "GET /entries/b/2" + plain);
  EXPECT_TRUE(contains(wire.receive("a 1 none 0"), "200 OK"));
  EXPECT_TRUE(contains(wire.receive("b 2 none 0"), "200 OK"));
  wire.send("GET /entries/c/3" + plain);
  EXPECT_TRUE(contains(wire.receive("c 3 none 0"), "200 OK"));
}

TEST_F(HttpServerTest, Slow_Request_IsCutHoweverItDrips) {
  HttpWire slow(port);
  const auto since = std::chrono::steady_clock::now();
  const std::string text = request("GET /hello");
  bool sent = true;
  for (std::size_t i = 0; sent && i < text.size(); ++i) {
    sent = slow.send(text.substr(i, 1));
    std::this_thread::sleep_for(100ms);
    if (std::chrono::steady_clock::now() - since > 3s) {
      break;
    }
  }
  EXPECT_FALSE(sent && !contains(slow.receive(), "408"));
  EXPECT_LT(std::chrono::steady_clock::now() - since, 6s);
}

TEST_F(HttpServerTest, Slow_Requests_DoNotKeepOthersWaiting) {
  std::vector<std::unique_ptr<HttpWire>> slow;
  for (int i = 0; i < 6; ++i) {  // three times as many as there are workers
    slow.push_back(std::make_unique<HttpWire>(port));
    slow.back()->send("GET /hello HTTP/1.1\r\nHost: loc");
  }
  const auto since = std::chrono::steady_clock::now();
  EXPECT_EQ(status_of(ask(request("GET /hello"))), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - since, 900ms);
}

TEST_F(HttpServerTest, Idle_Connection_IsClosed) {
  HttpWire idle(port);
  EXPECT_EQ(idle.receive(), "");
  EXPECT_TRUE(idle.is_closed());
}

TEST_F(HttpServerTest, Slow_Reader_IsCut) {
  HttpWire slow(port);
  slow.shrink_receive_buffer();
  const std::string plain = "GET /tile HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 30; ++i) {  // 9 MB of answers, more than buffers hold
    slow.send(plain);
  }
  EXPECT_TRUE(wait_until([&] { return !slow.send("x"); }));
}

TEST_F(HttpServerTest, Connections_BeyondTheLimit_IdleOnesMakeWay) {
  std::vector<std::unique_ptr<HttpWire>> idle;
  for (int i = 0; i < 12; ++i) {
    idle.push_back(std::make_unique<HttpWire>(port));
  }
  EXPECT_EQ(status_of(ask(request("GET /hello"))), 200);
}

TEST_F(HttpServerTest, Connections_BeyondTheLimit_BusyOnesDoNot) {
  std::vector<std::unique_ptr<HttpWire>> busy;
  for (int i = 0; i < 8; ++i) {
    busy.push_back(std::make_unique<HttpWire>(port));
    // Answered once, so that its second request is under way for certain.
    busy.back()->send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET");
    busy.back()->receive("{\"hello\":1}");
  }
  EXPECT_EQ(status_of(ask(request("GET /hello"))), 503);
  // They are cut in their turn, and there is room again.
  EXPECT_TRUE(
      wait_until([&] { return status_of(ask(request("GET /hello"))) == 200; }));
}

TEST_F(HttpServerTest, Stream_SendsEventsAsTheyCome) {
  HttpWire reader(port);
  reader.send(request("GET /stream"));
  const std::string head = reader.receive("\r\n\r\n");
  EXPECT_EQ(status_of(head), 200);
  EXPECT_TRUE(contains(head, "Content-Type: text/event-stream\r\n"));
  EXPECT_FALSE(contains(head, "Content-Length"));
  ASSERT_TRUE(wait_until([&] { return broadcast.streams() == 1; }));
  broadcast.send("entry", R"({"first_index":7})");
  EXPECT_EQ(reader.receive("\n\n"),
            "event: entry\ndata: {\"first_index\":7}\n\n");
  broadcast.send("checkpoint", "one\ntwo\n");
  EXPECT_EQ(reader.receive("\n\n"),
            "event: checkpoint\ndata: one\ndata: two\ndata: \n\n");
  broadcast.send("short", "x");
  EXPECT_EQ(reader.receive("\n\n"), "event: short\ndata: x\n\n");
}

TEST_F(HttpServerTest, Stream_ReaderLeaves_IsForgotten) {
  {
    HttpWire reader(port);
    reader.send(request("GET /stream"));
    reader.receive("\r\n\r\n");
    ASSERT_TRUE(wait_until([&] { return broadcast.streams() == 1; }));
  }
  EXPECT_TRUE(wait_until([&] { return broadcast.streams() == 0; }));
}

TEST_F(HttpServerTest, Stream_TooMany_Is503) {
  HttpWire first(port);
  HttpWire second(port);
  for (HttpWire* wire : {&first, &second}) {
    wire->send(request("GET /stream"));
    wire->receive("\r\n\r\n");
  }
  EXPECT_EQ(status_of(ask(request("GET /stream"))), 503);
}

TEST_F(HttpServerTest, Stream_SlowReader_IsDisconnectedAndOthersAreNot) {
  HttpWire slow(port);
  slow.shrink_receive_buffer();
  slow.send(request("GET /stream"));
  slow.receive("\r\n\r\n");
  HttpWire quick(port);
  quick.send(request("GET /stream"));
  quick.receive("\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return broadcast.streams() == 2; }));
  const std::string large(200'000, 'x');
  for (int i = 0; i < 100 && broadcast.streams() == 2; ++i) {
    broadcast.send("live", large);
    quick.receive("\n\n");
  }
  EXPECT_EQ(broadcast.streams(), 1);
  broadcast.send("live", "still here");
  EXPECT_TRUE(contains(quick.receive("still here\n\n"), "still here"));
}

TEST_F(HttpServerTest, Stream_Closed_EndsAfterWhatWasSent) {
  HttpWire reader(port);
  reader.send(request("GET /stream"));
  reader.receive("\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return broadcast.streams() == 1; }));
  broadcast.send("last", "words");
  broadcast.close();
  EXPECT_EQ(reader.receive(), "event: last\ndata: words\n\n");
  EXPECT_TRUE(reader.is_closed());
  EXPECT_EQ(status_of(ask(request("GET /stream"))), 503);
}

TEST_F(HttpServerTest, Stop_EndsOpenConnectionsAndListening) {
  HttpWire reader(port);
  reader.send(request("GET /stream"));
  reader.receive("\r\n\r\n");
  server.stop();
  EXPECT_EQ(reader.receive(), "");
  EXPECT_TRUE(reader.is_closed());
  EXPECT_EQ(broadcast.streams(), 0);
  broadcast.send("after", "the end");
  server.stop();
}

TEST_F(HttpServerTest, Load_FromManyThreads_EveryAnswerIsRight) {
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string path =
            "/entries/t" + std::to_string(t) + "/" + std::to_string(i);
        const std::string wanted =
            "t" + std::to_string(t) + " " + std::to_string(i) + " none 0";
        right += ask(request("GET " + path)).ends_with(wanted) ? 1 : 0;
        broadcast.send("tick", "x");
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(right, 200);
}

}  // namespace
}  // namespace strongroom
