import { randomInt } from "node:crypto";
import type { Server } from "node:net";
import { tryMachineLock } from "../machine-lock.ts";

/** 127.0 is everybody's, and 127.96 is where the process-level cluster has its Services. */
const SECOND_OCTETS = { from: 128, to: 255 };
const ATTEMPTS = 200;

/**
 * A range of 254 loopback addresses that no other process of this machine uses meanwhile, so that every pod can have an
 * address of its own and all of them the same port. Linux only: elsewhere 127.0.0.1 is the one address there is.
 */
export class LoopbackRange {
  readonly #prefix: string;
  readonly #lock: Server;
  readonly #used = new Set<number>();
  #last = 0;

  private constructor(prefix: string, lock: Server) {
    this.#prefix = prefix;
    this.#lock = lock;
  }

  /** Throws when no free range was found. */
  static async reserve(): Promise<LoopbackRange> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const prefix = `127.${randomInt(SECOND_OCTETS.from, SECOND_OCTETS.to)}.${randomInt(0, 256)}`;
      const lock = await tryMachineLock(`loopback-${prefix}`);
      if (lock !== null) {
        lock.unref();
        return new LoopbackRange(prefix, lock);
      }
    }
    throw new Error(`no free range of loopback addresses after ${ATTEMPTS} attempts`);
  }

  /** An address that is free, as new as can be: one given back comes round again last. Throws when all 254 are in use. */
  take(): string {
    for (let step = 1; step <= 254; step++) {
      const host = ((this.#last + step - 1) % 254) + 1;
      if (!this.#used.has(host)) {
        this.#used.add(host);
        this.#last = host;
        return `${this.#prefix}.${host}`;
      }
    }
    throw new Error(`all 254 addresses of ${this.#prefix}.0/24 are in use`);
  }

  giveBack(address: string): void {
    this.#used.delete(Number(address.split(".").at(-1)));
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#lock.close(() => resolve());
    });
  }
}
