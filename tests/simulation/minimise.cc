// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/minimise.h"

#include <array>
#include <cctype>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

namespace strongroom::simulation {
namespace {

void write_text(int to, const std::string& text) {
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = ::write(to, left.data(), left.size());
    if (written <= 0) {
      return;
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> part{};
  ssize_t got = 0;
  while ((got = ::read(from, part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

// Without its numbers: the same failure in a run that is a little different.
std::string shape_of(std::string text) {
  std::erase_if(text, [](char letter) {
    return std::isxdigit(static_cast<unsigned char>(letter)) != 0;
  });
  return text;
}

bool fails_alike(const Outcome& a, const Outcome& b) {
  return !a.failures.empty() && !b.failures.empty() &&
         shape_of(a.failures.front()) == shape_of(b.failures.front());
}

}  // namespace

// Failures go through a pipe, a line each, then the trace's tail.
Outcome run_apart(const Plan& plan) {
  std::array<int, 2> pipe{};
  Outcome outcome;
  if (::pipe(pipe.data()) != 0) {
    outcome.failures.emplace_back("no pipe");
    return outcome;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    const Outcome own = run_plan(plan);
    std::string text;
    for (const std::string& failure : own.failures) {
      text += "F" + failure + "\n";
    }
    for (const std::string& line : own.tail) {
      text += "T" + line + "\n";
    }
    write_text(pipe[1], text);
    ::_exit(0);
  }
  ::close(pipe[1]);
  const std::string text = read_all(pipe[0]);
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    auto& list = text[at] == 'F' ? outcome.failures : outcome.tail;
    list.push_back(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    outcome.failures.emplace_back("the program stops: a check() or a signal");
  }
  return outcome;
}

Plan minimised(Plan plan, int tries) {
  const Outcome whole = run_apart(plan);
  std::size_t chunk = (plan.faults.size() + 1) / 2;
  while (chunk > 0 && tries > 0) {
    bool dropped = false;
    for (std::size_t at = 0; at < plan.faults.size() && tries > 0;) {
      Plan less = plan;
      const auto begin = less.faults.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t count = std::min(chunk, less.faults.size() - at);
      less.faults.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
      --tries;
      if (!fails_alike(run_apart(less), whole)) {
        at += count;
      } else {
        plan = std::move(less);
        dropped = true;
      }
    }
    if (!dropped || chunk > 1) {
      chunk = chunk == 1 ? 0 : (chunk + 1) / 2;
    }
  }
  return plan;
}

std::string report_of(const Plan& plan, const Outcome& outcome) {
  std::string out = plan.text();
  for (const std::string& failure : outcome.failures) {
    out += "FAILED: " + failure + "\n";
  }
  if (!outcome.failures.empty()) {
    out += "the last that happened:\n";
    for (const std::string& line : outcome.tail) {
      out += "  " + line + "\n";
    }
  }
  return out;
}

}  // namespace strongroom::simulation
