import type { ColumnDefinition } from "../sql/ast.ts";
import type { SqlValue } from "../sql/values.ts";
import { doltHash } from "./hash.ts";

export type Row = readonly SqlValue[];
type Bucket = ReadonlyMap<string, Row>;

/** So many that copying one on a write stays cheap for tables of some ten thousand rows. */
const BUCKETS = 256;
const EMPTY: readonly Bucket[] = Array.from({ length: BUCKETS }, () => new Map());

/**
 * One table at one moment. It never changes: each write gives a new table that shares what did not change, so that
 * a commit, a transaction's snapshot and a standby's copy cost nothing.
 */
export class Table {
  readonly columns: readonly ColumnDefinition[];
  /** Indexes of the columns of the primary key, in its order. */
  readonly keyColumns: readonly number[];
  readonly #buckets: readonly Bucket[];
  readonly size: number;
  #hash: string | undefined;

  private constructor(
    columns: readonly ColumnDefinition[],
    keyColumns: readonly number[],
    buckets: readonly Bucket[],
    size: number,
  ) {
    this.columns = columns;
    this.keyColumns = keyColumns;
    this.#buckets = buckets;
    this.size = size;
  }

  static empty(columns: readonly ColumnDefinition[], keyColumns: readonly number[]): Table {
    return new Table(columns, keyColumns, EMPTY, 0);
  }

  keyOf(row: Row): string {
    return JSON.stringify(this.keyColumns.map((index) => row[index] ?? null));
  }

  get(key: string): Row | undefined {
    return this.#buckets[bucketOf(key)]?.get(key);
  }

  with(row: Row): Table {
    const key = this.keyOf(row);
    return this.#change(key, (bucket) => bucket.set(key, row));
  }

  without(key: string): Table {
    return this.#change(key, (bucket) => bucket.delete(key));
  }

  *entries(): Generator<readonly [string, Row]> {
    for (const bucket of this.#buckets) yield* bucket;
  }

  /** All rows in the order of the primary key. */
  rows(): Row[] {
    return [...this.entries()].map(([, row]) => row).sort((a, b) => this.#compareKeys(a, b));
  }

  /** Equal for equal columns and rows, in whatever order they were written. */
  get hash(): string {
    this.#hash ??= doltHash(JSON.stringify([this.columns, this.keyColumns]), ...this.#buckets.map(bucketHash));
    return this.#hash;
  }

  #change(key: string, change: (bucket: Map<string, Row>) => void): Table {
    const at = bucketOf(key);
    const before = this.#buckets[at] ?? new Map<string, Row>();
    const bucket = new Map(before);
    change(bucket);
    const buckets = this.#buckets.with(at, bucket);
    return new Table(this.columns, this.keyColumns, buckets, this.size + bucket.size - before.size);
  }

  #compareKeys(a: Row, b: Row): number {
    for (const index of this.keyColumns) {
      const order = compareValues(a[index] ?? null, b[index] ?? null);
      if (order !== 0) return order;
    }
    return 0;
  }
}

function bucketOf(key: string): number {
  let sum = 0;
  for (let at = 0; at < key.length; at += 1) sum = (sum * 31 + key.charCodeAt(at)) | 0;
  return Math.abs(sum) % BUCKETS;
}

const bucketHashes = new WeakMap<Bucket, string>();

function bucketHash(bucket: Bucket): string {
  if (bucket.size === 0) return "";
  let known = bucketHashes.get(bucket);
  if (known === undefined) {
    const rows = [...bucket].map(([key, row]) => JSON.stringify([key, row])).sort();
    known = doltHash(...rows);
    bucketHashes.set(bucket, known);
  }
  return known;
}

/** NULL first, numbers by size, everything else as text by code point. */
export function compareValues(a: SqlValue, b: SqlValue): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : Number(left > right);
}
