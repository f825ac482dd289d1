/** Statements as far as the simulator understands them. */
export type Statement =
  | Query
  | { readonly kind: "set"; readonly scope: "transient" | "persistent"; readonly assignments: readonly Assignment[] }
  | { readonly kind: "reset"; readonly names: readonly string[] }
  | { readonly kind: "decommission"; readonly node: Expression }
  | { readonly kind: "retry_failed" }
  | {
      readonly kind: "create_table";
      readonly table: TableName;
      readonly ifNotExists: boolean;
      readonly columns: readonly { readonly name: string; readonly type: string }[];
      readonly shards: Expression | null;
      readonly partitionedBy: readonly string[];
      readonly settings: readonly Assignment[];
    }
  | { readonly kind: "drop_table"; readonly table: TableName; readonly ifExists: boolean }
  | {
      readonly kind: "alter_table";
      readonly table: TableName;
      /** Column and value; empty: the table itself. */
      readonly partition: readonly Assignment[];
      readonly set: readonly Assignment[];
      readonly reset: readonly string[];
    }
  | {
      readonly kind: "insert";
      readonly table: TableName;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Expression[])[];
    }
  | { readonly kind: "refresh"; readonly table: TableName }
  | {
      readonly kind: "update";
      readonly table: TableName;
      readonly assignments: readonly Assignment[];
      readonly where: Expression | null;
    }
  | {
      readonly kind: "create_role";
      readonly name: string;
      readonly isUser: boolean;
      readonly options: readonly Assignment[];
    }
  | { readonly kind: "drop_role"; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: "privileges";
      readonly action: "GRANT" | "DENY" | "REVOKE";
      /** Privilege types, or names of roles; empty: ALL. */
      readonly what: readonly string[];
      readonly class: "CLUSTER" | "SCHEMA" | "TABLE";
      readonly idents: readonly string[];
      readonly grantees: readonly string[];
    }
  | { readonly kind: "create_repository"; readonly name: string; readonly type: string }
  | { readonly kind: "drop_repository"; readonly name: string }
  | {
      readonly kind: "create_snapshot";
      readonly repository: string;
      readonly name: string;
      /** Empty: ALL. */
      readonly tables: readonly TableName[];
      readonly options: readonly Assignment[];
    }
  | { readonly kind: "drop_snapshot"; readonly repository: string; readonly name: string };

export interface Query {
  readonly kind: "query";
  /** More than one: UNION ALL. */
  readonly selects: readonly Select[];
  readonly orderBy: readonly { readonly expression: Expression; readonly descending: boolean }[];
  readonly limit: Expression | null;
  readonly offset: Expression | null;
}

export interface Select {
  /** `*` is an item without an expression. */
  readonly items: readonly { readonly expression: Expression | null; readonly alias: string | null }[];
  readonly distinct: boolean;
  readonly from: { readonly table: TableName } | { readonly query: Query } | null;
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
}

export interface TableName {
  /** Null: the session's, `doc`. */
  readonly schema: string | null;
  readonly name: string;
}

export interface Assignment {
  readonly name: string;
  readonly value: Expression;
}

export type Expression =
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "parameter"; readonly index: number }
  /** `path`: the column's name, and what is subscripted below it. */
  | { readonly kind: "column"; readonly path: readonly string[]; readonly text: string }
  | {
      readonly kind: "call";
      readonly name: string;
      readonly args: readonly Expression[];
      readonly star: boolean;
      readonly distinct: boolean;
    }
  | { readonly kind: "unary"; readonly operator: "not" | "-"; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "is_null"; readonly operand: Expression; readonly negated: boolean }
  | {
      readonly kind: "in";
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly negated: boolean;
    }
  | { readonly kind: "any"; readonly operator: string; readonly left: Expression; readonly array: Expression }
  | {
      readonly kind: "like";
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly negated: boolean;
      readonly caseless: boolean;
    }
  | { readonly kind: "array"; readonly items: readonly Expression[] }
  | { readonly kind: "cast"; readonly operand: Expression; readonly type: string }
  | { readonly kind: "subscript"; readonly operand: Expression; readonly key: Expression };
