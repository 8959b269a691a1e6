// SPDX-License-Identifier: Apache-2.0
// What a plant is made of: lines, devices, what happens when. Pure data;
// scene_file.h reads it (docs/plant.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/bus/question.h"
#include "core/point/profile.h"
#include "tools/plant/building.h"

namespace strongroom::plant {

struct LineScene {
  std::string name;
  LineKind kind = LineKind::kTcp;
  std::string host = "127.0.0.1";  // tcp
  std::uint16_t port = 0;          // tcp; 0: one that is free
  std::string link;                // rtu: path of the symbolic link to the pty
  int baud = 9600;                 // rtu
  char parity = 'N';
  int stop_bits = 1;
  /// RTU: bytes take their time both ways, one way at a time.
  bool paced = true;
};

/// A point that says what a variable of the building is.
struct Binding {
  std::size_t point = 0;      // index into the profile's points
  std::string variable;       // "room:vault.temperature"
  double factor = 1;          // of the variable, before anything else
  std::vector<double> codes;  // not empty: what the point says at 0, 1, 2, ...
};

struct DeviceScene {
  std::string name;
  std::size_t line = 0;  // index into Scene::lines
  std::vector<std::uint8_t> units{1};
  std::shared_ptr<const DeviceProfile> profile;
  /// From the end of a request to the start of the answer.
  std::chrono::microseconds turnaround{0};
  std::vector<Binding> bindings;
  std::vector<std::string> set;  // "temperature=21.5": from the start
};

enum class LockScene : std::uint8_t {
  kNone,    // opens to whoever pushes
  kStrike,  // current releases it
  kMagnet,  // current holds it
};

/// A door leaf and what is wired of it (docs/formats/panel-world.md).
struct LeafScene {
  std::string name;
  LockScene lock = LockScene::kStrike;
  /// A closer shuts it so long after it was opened; 0: it stays open.
  std::chrono::milliseconds auto_close{0};
  std::uint8_t inverted = 0;  // LeafInput mask: circuits the other way round
};

enum class ReaderScene : std::uint8_t {
  kRdm6300,
  kId12la,
  kH10301,
  kH10306,
  kH10302,
  kH10304,
};
enum class KeypadScene : std::uint8_t { kNone, kWiegand4, kWiegand8 };

struct PanelReaderScene {
  ReaderScene kind = ReaderScene::kRdm6300;
  KeypadScene keypad = KeypadScene::kNone;
};

enum class PanelBoard : std::uint8_t { kNative, kQemu };

/// A panel: a program of its own on one of the lines.
struct PanelScene {
  std::string name;
  std::size_t line = 0;  // index into Scene::lines, an RTU line
  PanelBoard board = PanelBoard::kNative;
  std::uint8_t unit = 1;
  std::string key;      // file of the panel's key; empty: not commissioned
  std::string program;  // native: the program, qemu: the image; empty: ours
  std::string state;    // folder of its memory; empty: forgotten at the end
  std::string local;    // path of the link to its local port
  std::vector<LeafScene> leaves;          // 1-8
  std::vector<PanelReaderScene> readers;  // 0-8
};

struct Happening {
  std::chrono::microseconds after{};  // the start, in time of the scene
  std::string command;
};

struct Scene {
  std::vector<LineScene> lines;
  std::vector<DeviceScene> devices;
  std::vector<PanelScene> panels;
  Building building;
  std::vector<Happening> happenings;  // in order of time
  double speed = 1;                   // seconds of the scene in one of ours
  std::uint64_t seed = 1;             // of everything that is left to chance
};

}  // namespace strongroom::plant
