/** An answer that says no, in CrateDB's shape: `{"error": {"message", "code"}}` with this status. */
export class CrateSqlError extends Error {
  override readonly name = "CrateSqlError";
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Codes as crate's docs/interfaces/http.rst lists them. */
export const sqlErrors = {
  syntax: (text: string) => new CrateSqlError(400, 4000, `SQLParseException[${text}]`),
  unsupported: (text: string) => new CrateSqlError(400, 4004, `UnsupportedFeatureException[${text}]`),
  illegal: (text: string) => new CrateSqlError(400, 4000, `IllegalArgumentException[${text}]`),
  unauthorized: (user: string) =>
    new CrateSqlError(
      401,
      4010,
      `UnauthorizedException[User "${user}" is not authorized to execute the statement. Superuser permissions are required]`,
    ),
  missingPrivilege: (type: string, user: string) =>
    new CrateSqlError(401, 4011, `MissingPrivilegeException[Missing '${type}' privilege for user '${user}']`),
  noRelation: (name: string) => new CrateSqlError(404, 4041, `RelationUnknown[Relation '${name}' unknown]`),
  noColumn: (name: string) => new CrateSqlError(404, 4043, `ColumnUnknownException[Column ${name} unknown]`),
  noSchema: (name: string) => new CrateSqlError(404, 4045, `SchemaUnknownException[Schema '${name}' unknown]`),
  noPartition: (name: string) =>
    new CrateSqlError(404, 4046, `PartitionUnknownException[Partition for '${name}' does not exist]`),
  noRepository: (name: string) =>
    new CrateSqlError(404, 4047, `RepositoryMissingException[Repository '${name}' unknown]`),
  noSnapshot: (name: string) => new CrateSqlError(404, 4048, `SnapshotMissingException[Snapshot '${name}' unknown]`),
  noFunction: (name: string) => new CrateSqlError(404, 4049, `UnsupportedFunctionException[Unknown function: ${name}]`),
  noUser: (name: string) => new CrateSqlError(404, 40410, `RoleUnknownException[Role '${name}' does not exist]`),
  relationExists: (name: string) =>
    new CrateSqlError(409, 4093, `RelationAlreadyExists[Relation '${name}' already exists.]`),
  repositoryExists: (name: string) =>
    new CrateSqlError(409, 4095, `RepositoryAlreadyExistsException[Repository '${name}' already exists]`),
  snapshotExists: (name: string) =>
    new CrateSqlError(409, 4096, `SnapshotAlreadyExistsException[Snapshot "${name}" already exists]`),
  userExists: (name: string) =>
    new CrateSqlError(409, 4099, `RoleAlreadyExistsException[Role '${name}' already exists]`),
  shardUnavailable: (name: string) =>
    new CrateSqlError(500, 5002, `UnavailableShardsException[[${name}] Primary shard is not active]`),
  readOnly: (name: string) =>
    new CrateSqlError(
      400,
      4007,
      `OperationOnInaccessibleRelationException[The relation "${name}" doesn't support or allow INSERT operations, as it is read-only: a node with its shards is above the flood stage disk watermark]`,
    ),
  tooManyShards: (wanted: number, limit: number) =>
    new CrateSqlError(
      400,
      4000,
      `ValidationException[Validation Failed: 1: this action would add [${wanted}] total shards, but this cluster currently has maximum [${limit}] shards open;]`,
    ),
  notConnected: (node: string) =>
    new CrateSqlError(500, 5000, `NodeNotConnectedException[[${node}] Node not connected]`),
  noMaster: () => new CrateSqlError(500, 5000, "MasterNotDiscoveredException[null]"),
};
