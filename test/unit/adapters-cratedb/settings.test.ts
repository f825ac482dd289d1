import { assert, double, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { stateRowSchema, watermark } from "../../../src/adapters/cratedb/settings.ts";
import { namesIn, usableBytes } from "../../../src/ports/crate-settings.ts";

describe("settings in force", () => {
  it("are read from the nested object, with CrateDB's defaults where a version lacks one", () => {
    const { settings } = stateRowSchema.parse([
      "c",
      "n1",
      { cluster: { routing: { allocation: { enable: "PRIMARIES" } } } },
    ]);

    expect(settings).toMatchObject({
      allocationEnable: "primaries",
      filters: { require: {}, include: {}, exclude: {} },
      awareness: { attributes: [], forced: {} },
      totalShardsPerNode: null,
      maxShardsPerNode: 1000,
      gracefulStop: { minAvailability: "primaries", timeout: "2h", force: false },
    });
  });

  it("have filters by attribute, lists and forced values", () => {
    const allocation = {
      enable: "all",
      exclude: { _name: "a,b", _ip: "", zone: null },
      awareness: { attributes: ["zone", "rack"], force: { zone: { values: "a, b" } } },
      total_shards_per_node: -1,
    };
    const { settings } = stateRowSchema.parse([
      "c",
      null,
      { cluster: { routing: { allocation } }, logger: [{ name: "x" }] },
    ]);

    expect(settings.filters.exclude).toEqual({ _name: "a,b" });
    expect(settings.awareness).toEqual({ attributes: ["zone", "rack"], forced: { zone: ["a", "b"] } });
    expect(settings.all["cluster.routing.allocation.awareness.attributes"]).toBe("zone,rack");
    expect(namesIn(settings.filters.exclude._name)).toEqual(["a", "b"]);
  });

  it("are refused whole with an `enable` that is none", () => {
    const row = ["c", "n1", { cluster: { routing: { allocation: { enable: "sometimes" } } } }];

    expect(stateRowSchema.safeParse(row).success).toBe(false);
  });
});

describe("a watermark", () => {
  it.each([
    ["85%", { kind: "used_share", share: 0.85, text: "85%" }],
    ["0.9", { kind: "used_share", share: 0.9, text: "0.9" }],
    ["500mb", { kind: "free_bytes", bytes: 500 * 1024 ** 2, text: "500mb" }],
    ["1.5g", { kind: "free_bytes", bytes: 1.5 * 1024 ** 3, text: "1.5g" }],
    ["0b", { kind: "free_bytes", bytes: 0, text: "0b" }],
    ["", { kind: "used_share", share: 1, text: "" }],
  ])("of “%s” is read as CrateDB reads it", (text, expected) => {
    expect(watermark(text)).toEqual(expected);
  });

  it("never allows more than the disk has", () => {
    assert(
      property(
        double({ min: 0, max: 100, noNaN: true }),
        double({ min: 1, max: 1e15, noNaN: true }),
        (percent, total) => {
          const usable = usableBytes(watermark(`${percent.toFixed(3)}%`), total);
          expect(usable).toBeGreaterThanOrEqual(0);
          expect(usable).toBeLessThanOrEqual(total);
        },
      ),
    );
  });
});
