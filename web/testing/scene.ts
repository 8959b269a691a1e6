// SPDX-License-Identifier: Apache-2.0
// A small computer room for the tests and for whoever wants to look at the
// page without one: two agents, four devices, a few things amiss.

import {
  EpochReason,
  FindingKind,
  PointQuality,
  RefusalReason,
  Stream,
} from "../generated/event_pb";
import { type Body, FakeLedger } from "./fake_ledger";
import { sha256Sync } from "./reference_tree";
import { utf8 } from "../shared/bytes";

interface Point {
  name: string;
  unit: string;
  exponent: number;
}

const climate: Point[] = [
  { name: "temperature", unit: "Cel", exponent: -1 },
  { name: "humidity", unit: "%", exponent: -1 },
];
const ups: Point[] = [
  { name: "input_voltage", unit: "V", exponent: -1 },
  { name: "output_power", unit: "W", exponent: 1 },
  { name: "battery_charge", unit: "%", exponent: 0 },
  { name: "battery_temperature", unit: "Cel", exponent: -1 },
];

const leak: Point[] = [
  { name: "leak", unit: "1", exponent: 0 },
  { name: "leak_distance", unit: "m", exponent: 0 },
];

export function described(
  device: string,
  profile: string,
  points: Point[],
): Body {
  return {
    case: "deviceDescribed",
    value: {
      device,
      profile,
      profileHash: sha256Sync(utf8(profile)),
      pointCount: points.length,
      firstPoint: 0,
      points,
    },
  };
}

/** What the codes of a point mean, first code 0. */
export function states(
  device: string,
  describedSeq: bigint,
  point: number,
  names: string[],
): Body {
  return {
    case: "statesDescribed",
    value: {
      device,
      describedSeq,
      point,
      stateCount: names.length,
      firstState: 0,
      states: names.map((name, code) => ({ code: BigInt(code), name })),
    },
  };
}

function identified(device: string, name: string, text: string): Body {
  return {
    case: "deviceIdentified",
    value: { device, profile: "rle-ld", name, text, previous: "" },
  };
}

/** A leak that came within the minute, and where. */
export function leakWindow(describedSeq: bigint, startUs: bigint): Body {
  return {
    case: "windows",
    value: {
      device: "aisle-a-leak",
      describedSeq,
      startUs,
      durationMs: 60_000,
      firstPoint: 0,
      good: [300, 60],
      missed: [0, 0],
      quality: [PointQuality.GOOD, PointQuality.GOOD],
      last: [1n, 17n],
      lastMinusMin: [1n, 17n],
      maxMinusLast: [0n, 0n],
      sumMinusGoodLast: [-120n, -600n],
    },
  };
}

export function climateWindow(
  device: string,
  describedSeq: bigint,
  startUs: bigint,
  temperature: bigint,
  humidity: bigint,
): Body {
  return {
    case: "windows",
    value: {
      device,
      describedSeq,
      startUs,
      durationMs: 60_000,
      firstPoint: 0,
      good: [60, 58],
      missed: [0, 2],
      quality: [PointQuality.GOOD, PointQuality.GOOD],
      last: [temperature, humidity],
      lastMinusMin: [3n, 5n],
      maxMinusLast: [2n, 1n],
      sumMinusGoodLast: [-17n, 9n],
    },
  };
}

const epochOpened: Body = {
  case: "epochOpened",
  value: { reason: EpochReason.FIRST_START },
};
const boot = (version: string): Body => ({
  case: "boot",
  value: { bootId: sha256Sync(utf8(version)).subarray(0, 16), version },
});

const minuteUs = 60_000_000n;

/** The room at one instant; `nowUs` makes its ages look right. */
export function room(nowUs: bigint): FakeLedger {
  const ledger = new FakeLedger();
  const start = nowUs - 20n * minuteUs;
  ledger.clockUs = start;
  ledger.enrol("console@bj1");
  ledger.enrol("edge-1@bj1");
  ledger.enrol("edge-2@bj1");

  ledger.append("edge-1@bj1", "record", [
    epochOpened,
    boot("0.1.0"),
    described("aisle-a-climate", "xy-md02", climate),
    described("ups-1", "generic-ups", ups),
    described("aisle-a-leak", "rle-ld", leak),
    states("aisle-a-leak", 5n, 0, ["dry", "leak"]),
    identified("aisle-a-leak", "model", "LD1500"),
    identified("aisle-a-leak", "serial_number", "0071-22"),
  ]);
  ledger.append("edge-2@bj1", "record", [
    epochOpened,
    boot("0.1.0"),
    described("vault-climate", "xy-md02", climate),
  ]);
  ledger.append("edge-1@bj1", "telemetry", [epochOpened]);
  ledger.append("edge-2@bj1", "telemetry", [epochOpened]);
  for (let minute = 0n; minute < 18n; ++minute) {
    ledger.clockUs = start + (minute + 1n) * minuteUs;
    addMinute(ledger, minute);
  }
  ledger.append("console@bj1", "record", [
    {
      case: "finding",
      value: {
        kind: FindingKind.BATCH_REFUSED,
        subject: "edge-2@bj1",
        stream: Stream.TELEMETRY,
        epoch: ledger.epoch("edge-2@bj1"),
        seq: 12n,
        reason: RefusalReason.SIGNATURE,
        hash: sha256Sync(utf8("header")),
        count: 3n,
      },
    },
  ]);
  ledger.live = liveDevices(nowUs);
  ledger.sources = sources(ledger, nowUs);
  ledger.findings = [
    {
      origin: ledger.origin("bj1", "record"),
      index: ledger.log(ledger.origin("bj1", "record")).length - 2,
      source: "console@bj1",
      at_us: ledger.clockUs,
      kind: "FINDING_KIND_BATCH_REFUSED",
      subject: "edge-2@bj1",
      stream: "STREAM_TELEMETRY",
      epoch: ledger.epoch("edge-2@bj1"),
      seq: "12",
      reason: "REFUSAL_REASON_SIGNATURE",
      count: "3",
    },
  ];
  return ledger;
}

/** One more minute of both climates; what the stream announces of it. */
export function addMinute(ledger: FakeLedger, minute: bigint) {
  const startUs = ledger.clockUs - minuteUs;
  const wave = (minute * 7n) % 5n;
  return [
    ledger.append("edge-1@bj1", "telemetry", [
      climateWindow("aisle-a-climate", 3n, startUs, 231n + wave, 446n - wave),
    ]),
    ledger.append("edge-2@bj1", "telemetry", [
      climateWindow("vault-climate", 3n, startUs, 182n - wave, 351n + wave),
    ]),
  ];
}

export function liveDevices(nowUs: bigint): unknown[] {
  const value = (
    point: Point,
    mantissa: bigint | undefined,
    quality: string,
    ageUs = 400_000n,
  ) => ({
    ...point,
    quality: `POINT_QUALITY_${quality}`,
    mantissa: mantissa ?? 0n,
    measured: mantissa !== undefined,
    at_us: mantissa === undefined ? 0n : nowUs - ageUs,
  });
  const [temperature, humidity] = climate as [Point, Point];
  const [wet, distance] = leak as [Point, Point];
  const [voltage, power, charge, heat] = ups as [Point, Point, Point, Point];
  return [
    {
      source: "edge-1@bj1",
      device: "aisle-a-climate",
      at_us: nowUs - 400_000n,
      values: [value(temperature, 234n, "GOOD"), value(humidity, 441n, "GOOD")],
    },
    {
      source: "edge-1@bj1",
      device: "aisle-a-leak",
      at_us: nowUs - 200_000n,
      values: [
        { ...value(wet, 1n, "GOOD"), state: "leak" },
        value(distance, 17n, "GOOD"),
      ],
      identity: { model: "LD1500", serial_number: "0071-22" },
    },
    {
      source: "edge-1@bj1",
      device: "ups-1",
      at_us: nowUs - 900_000n,
      values: [
        value(voltage, 2298n, "GOOD"),
        value(power, 412n, "GOOD"),
        value(charge, 100n, "GOOD"),
        value(heat, undefined, "BAD"),
      ],
    },
    {
      source: "edge-2@bj1",
      device: "vault-climate",
      at_us: nowUs - 700_000n,
      values: [
        value(temperature, 184n, "GOOD"),
        value(humidity, 352n, "STALE", 97_000_000n),
      ],
    },
  ];
}

function sources(ledger: FakeLedger, nowUs: bigint): Record<string, unknown>[] {
  const stream = (source: string, name: string, seq: bigint, backlog = 0n) => ({
    stream: `STREAM_${name}`,
    epoch: ledger.epoch(source),
    last_seq: seq,
    backlog,
    oldest_us: backlog === 0n ? 0n : nowUs - 540_000_000n,
  });
  return [
    {
      source: "edge-1@bj1",
      kind: "SOURCE_KIND_AGENT",
      online: true,
      version: "0.1.0",
      reported_us: nowUs - 3_000_000n,
      last_batch_us: nowUs - 41_000_000n,
      clock: { quality: "CLOCK_QUALITY_GOOD", error_us: "1250" },
      streams: [
        stream("edge-1@bj1", "RECORD", 8n),
        stream("edge-1@bj1", "TELEMETRY", 19n),
      ],
      refusals: {},
    },
    {
      source: "edge-2@bj1",
      kind: "SOURCE_KIND_AGENT",
      online: false,
      version: "0.1.0",
      reported_us: nowUs - 540_000_000n,
      last_batch_us: nowUs - 545_000_000n,
      clock: { quality: "CLOCK_QUALITY_COARSE", error_us: "90000" },
      streams: [
        stream("edge-2@bj1", "RECORD", 3n),
        stream("edge-2@bj1", "TELEMETRY", 19n, 128n),
      ],
      refusals: { SIGNATURE: 3, GAP: 1 },
    },
    {
      source: "console@bj1",
      kind: "SOURCE_KIND_CONSOLE",
      streams: [stream("console@bj1", "RECORD", 1n)],
      refusals: {},
    },
  ];
}
