import type { Column, ColumnType, ResultSet, SqlValue } from "../sql/values.ts";
import { PayloadWriter } from "./bytes.ts";
import { CHARACTER_SET } from "./handshake.ts";

/** Server status flags that clients look at. */
const STATUS_IN_TRANSACTION = 0x0001;
const STATUS_AUTOCOMMIT = 0x0002;

export interface SessionStatus {
  readonly inTransaction: boolean;
  readonly autocommit: boolean;
}

function statusFlags(status: SessionStatus): number {
  return (status.inTransaction ? STATUS_IN_TRANSACTION : 0) | (status.autocommit ? STATUS_AUTOCOMMIT : 0);
}

const BINARY_CHARACTER_SET = 63;
const FLAG_BINARY = 128;

/** Type codes, lengths and flags as Dolt sends them: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
const wireTypes: Record<ColumnType, { code: number; length: number; text: boolean }> = {
  tinyint: { code: 1, length: 4, text: false },
  bigint: { code: 8, length: 20, text: false },
  double: { code: 5, length: 22, text: false },
  datetime: { code: 12, length: 26, text: false },
  text: { code: 252, length: 0xffff, text: true },
  null: { code: 6, length: 0, text: false },
};

export function okPayload(affectedRows: number, insertId: number, warnings: number, status: SessionStatus): Buffer {
  return new PayloadWriter()
    .uint(0x00, 1)
    .lengthEncodedInteger(affectedRows)
    .lengthEncodedInteger(insertId)
    .uint(statusFlags(status), 2)
    .uint(warnings, 2)
    .toBuffer();
}

export function eofPayload(warnings: number, status: SessionStatus): Buffer {
  return new PayloadWriter().uint(0xfe, 1).uint(warnings, 2).uint(statusFlags(status), 2).toBuffer();
}

/** `sqlState` has five characters, https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
export function errorPayload(code: number, sqlState: string, message: string): Buffer {
  return new PayloadWriter().uint(0xff, 1).uint(code, 2).text(`#${sqlState}`).text(message).toBuffer();
}

function columnPayload(column: Column): Buffer {
  const wire = wireTypes[column.type];
  return new PayloadWriter()
    .lengthEncodedText("def")
    .lengthEncodedText(column.schema ?? "")
    .lengthEncodedText(column.table ?? "")
    .lengthEncodedText(column.table ?? "")
    .lengthEncodedText(column.name)
    .lengthEncodedText(column.name)
    .uint(0x0c, 1)
    .uint(wire.text ? CHARACTER_SET : BINARY_CHARACTER_SET, 2)
    .uint(wire.length, 4)
    .uint(wire.code, 1)
    .uint(wire.text ? 0 : FLAG_BINARY, 2)
    .uint(column.type === "datetime" ? 6 : 0, 1)
    .uint(0, 2)
    .toBuffer();
}

function textRowPayload(row: readonly SqlValue[]): Buffer {
  const writer = new PayloadWriter();
  for (const value of row) {
    if (value === null) writer.uint(0xfb, 1);
    else writer.lengthEncodedText(String(value));
  }
  return writer.toBuffer();
}

function binaryRowPayload(columns: readonly Column[], row: readonly SqlValue[]): Buffer {
  const nulls = Buffer.alloc(Math.floor((columns.length + 7 + 2) / 8));
  const writer = new PayloadWriter().uint(0x00, 1).bytes(nulls);
  columns.forEach((column, index) => {
    const value = row[index] ?? null;
    if (value === null) {
      const bit = index + 2;
      nulls[bit >> 3] = (nulls[bit >> 3] ?? 0) | (1 << (bit & 7));
      return;
    }
    writeBinaryValue(writer, column.type, value);
  });
  return writer.toBuffer();
}

function writeBinaryValue(writer: PayloadWriter, type: ColumnType, value: string | number): void {
  switch (type) {
    case "tinyint":
      writer.uint(Number(value) & 0xff, 1);
      return;
    case "bigint":
      writer.int64(BigInt(value));
      return;
    case "double":
      writer.double(Number(value));
      return;
    case "datetime": {
      const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, fraction = 0] = String(value)
        .split(/[- :.]/)
        .map(Number);
      writer.uint(11, 1).uint(year, 2).uint(month, 1).uint(day, 1).uint(hour, 1).uint(minute, 1).uint(second, 1);
      writer.uint(fraction, 4);
      return;
    }
    case "text":
    case "null":
      writer.lengthEncodedText(String(value));
      return;
  }
}

/** The packets of one result: the number of columns, the columns, the rows, each part closed by an EOF. */
export function resultSetPayloads(
  result: ResultSet,
  binary: boolean,
  warnings: number,
  status: SessionStatus,
): Buffer[] {
  return [
    new PayloadWriter().lengthEncodedInteger(result.columns.length).toBuffer(),
    ...result.columns.map(columnPayload),
    eofPayload(0, status),
    ...result.rows.map((row) => (binary ? binaryRowPayload(result.columns, row) : textRowPayload(row))),
    eofPayload(warnings, status),
  ];
}

/** The answer to COM_STMT_PREPARE. The columns of the result are not known yet: clients read them at execution. */
export function preparedPayloads(statementId: number, parameters: number, status: SessionStatus): Buffer[] {
  const header = new PayloadWriter()
    .uint(0x00, 1)
    .uint(statementId, 4)
    .uint(0, 2)
    .uint(parameters, 2)
    .uint(0, 1)
    .uint(0, 2)
    .toBuffer();
  if (parameters === 0) return [header];
  const placeholder = columnPayload({ name: "?", type: "text" });
  return [header, ...Array.from({ length: parameters }, () => placeholder), eofPayload(0, status)];
}
