import type { ColumnType } from "./values.ts";

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | null }
  | { readonly kind: "parameter"; readonly index: number }
  | { readonly kind: "column"; readonly name: string; readonly table: string | undefined }
  | { readonly kind: "variable"; readonly scope: "global" | "session"; readonly name: string; readonly text: string }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly Expression[]; readonly star: boolean }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "negate"; readonly operand: Expression }
  | { readonly kind: "isNull"; readonly operand: Expression; readonly negated: boolean }
  | {
      readonly kind: "in";
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly negated: boolean;
    };

export interface TableName {
  readonly database: string | undefined;
  readonly name: string;
}

export type SelectItem =
  | { readonly kind: "star" }
  | { readonly kind: "expression"; readonly expression: Expression; readonly name: string };

export interface SelectStatement {
  readonly kind: "select";
  readonly items: readonly SelectItem[];
  readonly from: TableName | undefined;
  /** What stands in parentheses behind it: `from` is a table function then. */
  readonly fromArguments: readonly Expression[] | undefined;
  readonly where: Expression | undefined;
  readonly orderBy: readonly { readonly expression: Expression; readonly descending: boolean }[];
  readonly limit: Expression | undefined;
  readonly offset: Expression | undefined;
}

export interface Assignment {
  readonly column: string;
  readonly value: Expression;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
}

export interface AccountName {
  readonly user: string;
  readonly host: string;
}

export type Statement =
  | SelectStatement
  | {
      readonly kind: "insert";
      readonly table: TableName;
      readonly columns: readonly string[] | undefined;
      readonly rows: readonly (readonly Expression[])[];
      readonly onDuplicate: readonly Assignment[];
      readonly ignore: boolean;
      readonly replace: boolean;
    }
  | {
      readonly kind: "update";
      readonly table: TableName;
      readonly assignments: readonly Assignment[];
      readonly where: Expression | undefined;
    }
  | { readonly kind: "delete"; readonly table: TableName; readonly where: Expression | undefined }
  | { readonly kind: "call"; readonly procedure: string; readonly arguments: readonly Expression[] }
  | { readonly kind: "createDatabase"; readonly name: string; readonly ifNotExists: boolean }
  | { readonly kind: "dropDatabase"; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: "createTable";
      readonly table: TableName;
      readonly ifNotExists: boolean;
      readonly columns: readonly ColumnDefinition[];
      readonly primaryKey: readonly string[];
    }
  | { readonly kind: "dropTable"; readonly table: TableName; readonly ifExists: boolean }
  | {
      readonly kind: "createUser";
      readonly account: AccountName;
      readonly password: string;
      readonly ifNotExists: boolean;
    }
  | { readonly kind: "dropUser"; readonly account: AccountName; readonly ifExists: boolean }
  | { readonly kind: "grant"; readonly database: string; readonly account: AccountName }
  | { readonly kind: "use"; readonly database: string }
  | {
      readonly kind: "set";
      readonly assignments: readonly {
        readonly scope: "global" | "session" | "user";
        readonly name: string;
        readonly value: Expression;
      }[];
    }
  | { readonly kind: "setNames" }
  | { readonly kind: "begin" }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" }
  | { readonly kind: "kill"; readonly connectionOnly: boolean; readonly id: Expression }
  | { readonly kind: "showDatabases" }
  | { readonly kind: "showTables"; readonly database: string | undefined }
  | { readonly kind: "showWarnings" }
  | { readonly kind: "showProcesslist" }
  | { readonly kind: "showVariables"; readonly pattern: string | undefined };

export interface ParsedStatement {
  readonly statement: Statement;
  /** How many `?` stand in it. */
  readonly parameterCount: number;
}
