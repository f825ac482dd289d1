/** Longest payload that one packet of the MySQL protocol carries; longer ones continue in the next packet. */
const MAX_PAYLOAD = 0xffffff;

/** One packet as the client sent it. */
export interface Packet {
  readonly sequence: number;
  readonly payload: Buffer;
}

/** Cuts a stream of bytes into packets; joins those that were split for their length. */
export class PacketSplitter {
  #pending: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  /** Bytes that came behind the last packet, which are none of this splitter's any more. */
  takeRest(): Buffer {
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    return rest;
  }

  push(chunk: Buffer): Packet[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const packets: Packet[] = [];
    while (this.#pending.length >= 4) {
      const length = this.#pending.readUIntLE(0, 3);
      if (this.#pending.length < 4 + length) break;
      const sequence = this.#pending.readUInt8(3);
      this.#parts.push(this.#pending.subarray(4, 4 + length));
      this.#pending = this.#pending.subarray(4 + length);
      if (length < MAX_PAYLOAD) {
        packets.push({ sequence, payload: Buffer.concat(this.#parts) });
        this.#parts = [];
      }
    }
    return packets;
  }
}

/** Frames one payload; `sequence` is the number of its first packet. Returns the bytes and the next sequence number. */
export function framePayload(payload: Buffer, sequence: number): { bytes: Buffer; nextSequence: number } {
  const parts: Buffer[] = [];
  let at = 0;
  let next = sequence;
  let length: number;
  do {
    length = Math.min(payload.length - at, MAX_PAYLOAD);
    const header = Buffer.alloc(4);
    header.writeUIntLE(length, 0, 3);
    header.writeUInt8(next & 0xff, 3);
    parts.push(header, payload.subarray(at, at + length));
    at += length;
    next += 1;
  } while (length === MAX_PAYLOAD);
  return { bytes: Buffer.concat(parts), nextSequence: next & 0xff };
}
