import { describe, expect, it } from "vitest";
import { framePayload, PacketSplitter } from "../../../sandbox/dolt/protocol/framing.ts";
import { passwordVerifier, tokenProvesPassword } from "../../../sandbox/dolt/protocol/handshake.ts";
import { readParameters } from "../../../sandbox/dolt/protocol/parameters.ts";

describe("the MySQL protocol of the simulated server", () => {
  it("cuts a stream into packets wherever the stream is cut", () => {
    const stream = Buffer.concat([
      framePayload(Buffer.from("first"), 0).bytes,
      framePayload(Buffer.alloc(0), 1).bytes,
      framePayload(Buffer.from("third"), 2).bytes,
    ]);
    const splitter = new PacketSplitter();

    const packets = [...stream].flatMap((byte) => splitter.push(Buffer.from([byte])));

    expect(packets.map(({ sequence, payload }) => `${sequence} ${payload}`)).toEqual(["0 first", "1 ", "2 third"]);
  });

  it("splits a payload that one packet cannot carry, and joins it again", () => {
    const payload = Buffer.alloc(0xffffff + 10, "x");

    const { bytes, nextSequence } = framePayload(payload, 0);
    const [packet] = new PacketSplitter().push(bytes);

    expect(nextSequence).toBe(2);
    expect(packet?.payload.equals(payload)).toBe(true);
  });

  it("proves nothing without the password", () => {
    const scramble = Buffer.alloc(20, 7);
    const verifier = passwordVerifier("secret");

    expect(tokenProvesPassword(Buffer.alloc(20), scramble, verifier)).toBe(false);
    expect(tokenProvesPassword(Buffer.alloc(0), scramble, verifier)).toBe(false);
    expect(tokenProvesPassword(Buffer.alloc(0), scramble, "")).toBe(true);
    expect(tokenProvesPassword(Buffer.alloc(20), scramble, "")).toBe(false);
  });

  it("reads bound values by their types, and remembers the types", () => {
    const bigint = Buffer.alloc(8);
    bigint.writeBigInt64LE(-5n);
    const values = Buffer.concat([bigint, Buffer.from([2]), Buffer.from("hi")]);
    const first = readParameters(Buffer.concat([Buffer.from([0b100, 1, 8, 0, 253, 0, 6, 0]), values]), 3, []);

    const again = readParameters(Buffer.concat([Buffer.from([0b100, 0]), values]), 3, first.types);

    expect(first.values).toEqual([-5, "hi", null]);
    expect(again.values).toEqual([-5, "hi", null]);
  });
});
