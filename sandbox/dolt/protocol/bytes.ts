/** Reads the integers and strings of the MySQL protocol from one packet's payload. Throws RangeError past its end. */
export class PayloadReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset;
  }

  uint(bytes: 1 | 2 | 3 | 4): number {
    return this.#buffer.readUIntLE(this.#take(bytes), bytes);
  }

  int(bytes: 1 | 2 | 4): number {
    return this.#buffer.readIntLE(this.#take(bytes), bytes);
  }

  bigint(unsigned: boolean): bigint {
    const at = this.#take(8);
    return unsigned ? this.#buffer.readBigUInt64LE(at) : this.#buffer.readBigInt64LE(at);
  }

  float(): number {
    return this.#buffer.readFloatLE(this.#take(4));
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  bytes(length: number): Buffer {
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A string that ends with a zero byte, or with the payload. */
  nullTerminated(): string {
    const end = this.#buffer.indexOf(0, this.#offset);
    const stop = end === -1 ? this.#buffer.length : end;
    const text = this.#buffer.toString("utf8", this.#offset, stop);
    this.#offset = Math.min(stop + 1, this.#buffer.length);
    return text;
  }

  lengthEncodedInteger(): number {
    const first = this.uint(1);
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint(2);
    if (first === 0xfd) return this.uint(3);
    return Number(this.bigint(true));
  }

  lengthEncodedBytes(): Buffer {
    return this.bytes(this.lengthEncodedInteger());
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (at + length > this.#buffer.length) throw new RangeError("The packet ends too early.");
    this.#offset += length;
    return at;
  }
}

/** Builds one packet's payload. */
export class PayloadWriter {
  readonly #parts: Buffer[] = [];

  uint(value: number, bytes: 1 | 2 | 3 | 4): this {
    const buffer = Buffer.alloc(bytes);
    buffer.writeUIntLE(value, 0, bytes);
    return this.bytes(buffer);
  }

  int64(value: bigint): this {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return this.bytes(buffer);
  }

  double(value: number): this {
    const buffer = Buffer.alloc(8);
    buffer.writeDoubleLE(value);
    return this.bytes(buffer);
  }

  bytes(value: Buffer): this {
    this.#parts.push(value);
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value, "utf8"));
  }

  nullTerminated(value: string): this {
    return this.text(value).uint(0, 1);
  }

  lengthEncodedInteger(value: number): this {
    if (value < 0xfb) return this.uint(value, 1);
    if (value <= 0xffff) return this.uint(0xfc, 1).uint(value, 2);
    if (value <= 0xffffff) return this.uint(0xfd, 1).uint(value, 3);
    return this.uint(0xfe, 1).int64(BigInt(value));
  }

  lengthEncodedText(value: string): this {
    const buffer = Buffer.from(value, "utf8");
    return this.lengthEncodedInteger(buffer.length).bytes(buffer);
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
