import type { SqlValue } from "../sql/values.ts";
import { PayloadReader } from "./bytes.ts";

/** Reads the values bound by COM_STMT_EXECUTE. `knownTypes` are those of the statement's last execution. */
export function readParameters(
  body: Buffer,
  count: number,
  knownTypes: readonly number[],
): { values: SqlValue[]; types: readonly number[] } {
  if (count === 0) return { values: [], types: knownTypes };
  const reader = new PayloadReader(body);
  const nulls = reader.bytes(Math.floor((count + 7) / 8));
  const types = reader.uint(1) === 1 ? Array.from({ length: count }, () => reader.uint(2)) : knownTypes;
  const values = Array.from({ length: count }, (_, index): SqlValue => {
    const isNull = ((nulls[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
    return isNull ? null : readValue(reader, types[index] ?? 0);
  });
  return { values, types };
}

function readValue(reader: PayloadReader, type: number): SqlValue {
  const unsigned = (type & 0x8000) !== 0;
  switch (type & 0xff) {
    case 1:
      return unsigned ? reader.uint(1) : reader.int(1);
    case 2:
      return unsigned ? reader.uint(2) : reader.int(2);
    case 3:
      return unsigned ? reader.uint(4) : reader.int(4);
    case 4:
      return reader.float();
    case 5:
      return reader.double();
    case 6:
      return null;
    case 7:
    case 10:
    case 12:
      return readDateTime(reader);
    case 8:
      return Number(reader.bigint(unsigned));
    default:
      return reader.lengthEncodedBytes().toString("utf8");
  }
}

function readDateTime(reader: PayloadReader): string {
  const length = reader.uint(1);
  const two = (value: number) => String(value).padStart(2, "0");
  if (length === 0) return "0000-00-00 00:00:00";
  const date = `${String(reader.uint(2)).padStart(4, "0")}-${two(reader.uint(1))}-${two(reader.uint(1))}`;
  if (length === 4) return `${date} 00:00:00`;
  const time = `${two(reader.uint(1))}:${two(reader.uint(1))}:${two(reader.uint(1))}`;
  return length === 7 ? `${date} ${time}` : `${date} ${time}.${String(reader.uint(4)).padStart(6, "0")}`;
}
