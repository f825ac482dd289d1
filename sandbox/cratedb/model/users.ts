import { sqlErrors } from "../engine/errors.ts";

export type PrivilegeType = "DQL" | "DML" | "DDL" | "AL";
export type Securable = "CLUSTER" | "SCHEMA" | "TABLE";

export interface Privilege {
  readonly grantee: string;
  readonly grantor: string;
  readonly state: "GRANT" | "DENY";
  readonly type: PrivilegeType;
  readonly class: Securable;
  /** Null for the cluster. */
  readonly ident: string | null;
}

export interface Role {
  readonly name: string;
  readonly isUser: boolean;
  readonly password: string | null;
  readonly superuser: boolean;
  /** Names of roles, with who granted them. */
  readonly granted: Map<string, string>;
}

export const superuser = "crate";

/** Users, roles and their privileges (crate docs, admin/privileges.rst): the nearer object decides, and a DENY beats a GRANT. */
export class Users {
  readonly #roles = new Map<string, Role>([
    [superuser, { name: superuser, isUser: true, password: null, superuser: true, granted: new Map() }],
  ]);
  readonly privileges: Privilege[] = [];

  all(): Role[] {
    return [...this.#roles.values()];
  }

  find(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  create(name: string, options: { isUser: boolean; password: string | null }): void {
    if (this.#roles.has(name)) throw sqlErrors.userExists(name);
    this.#roles.set(name, { name, ...options, superuser: false, granted: new Map() });
  }

  drop(name: string, ifExists: boolean): void {
    const role = this.#roles.get(name);
    if (role === undefined) {
      if (ifExists) return;
      throw sqlErrors.noUser(name);
    }
    if (role.superuser) throw sqlErrors.unsupported(`Cannot drop a superuser '${name}'`);
    this.#roles.delete(name);
    this.#forget(({ grantee }) => grantee === name);
  }

  grantRole(role: string, to: string, by: string): void {
    this.#existing(role);
    this.#existing(to).granted.set(role, by);
  }

  /** GRANT and DENY of the same take each other's place. */
  change(privilege: Privilege): void {
    this.#existing(privilege.grantee);
    this.revoke(privilege);
    this.privileges.push(privilege);
  }

  revoke({ grantee, type, class: of, ident }: Omit<Privilege, "state" | "grantor">): void {
    this.#forget((one) => one.grantee === grantee && one.type === type && one.class === of && one.ident === ident);
  }

  /** Throws unless the login is right. `crate` needs no password from the node's own machine, and a user without one never gets in. */
  logIn(name: string, password: string): Role {
    const role = this.#roles.get(name);
    const isTrusted = role?.superuser === true && role.password === null;
    if (role?.isUser === true && (isTrusted || (role.password !== null && role.password === password))) return role;
    throw new LoginError(`password authentication failed for user "${name}"`);
  }

  /** Whether this user may do such a thing with a table; `crate` may do everything. */
  may(name: string, type: PrivilegeType, table: { readonly schema: string; readonly name: string } | null): boolean {
    const role = this.#roles.get(name);
    if (role?.superuser === true) return true;
    return this.#judge(name, (one) => one.type === type, table, new Set()) === "GRANT";
  }

  /** Whether this user has any privilege on a table, which is what rows of `sys.shards` and the like are shown by. */
  sees(name: string, table: { readonly schema: string; readonly name: string }): boolean {
    if (this.#roles.get(name)?.superuser === true) return true;
    const types: readonly PrivilegeType[] = ["DQL", "DML", "DDL", "AL"];
    // A DENY of anything hides the table, whatever else is granted (cratedb.md).
    const judgements = types.map((type) => this.#judge(name, (one) => one.type === type, table, new Set()));
    return judgements.includes("GRANT") && !judgements.includes("DENY");
  }

  #judge(
    name: string,
    isAbout: (privilege: Privilege) => boolean,
    table: { readonly schema: string; readonly name: string } | null,
    seen: Set<string>,
  ): "GRANT" | "DENY" | null {
    if (seen.has(name)) return null;
    seen.add(name);
    const idents: readonly (readonly [Securable, string | null])[] = [
      ...(table === null
        ? []
        : ([
            ["TABLE", `${table.schema}.${table.name}`],
            ["SCHEMA", table.schema],
          ] as const)),
      ["CLUSTER", null],
    ];
    const own = this.privileges.filter((one) => one.grantee === name && isAbout(one));
    for (const [of, ident] of idents) {
      const found = own.find((one) => one.class === of && one.ident === ident);
      if (found !== undefined) return found.state;
    }
    const inherited = [...(this.#roles.get(name)?.granted.keys() ?? [])].map((role) =>
      this.#judge(role, isAbout, table, seen),
    );
    if (inherited.includes("DENY")) return "DENY";
    return inherited.includes("GRANT") ? "GRANT" : null;
  }

  #existing(name: string): Role {
    const role = this.#roles.get(name);
    if (role === undefined) throw sqlErrors.noUser(name);
    return role;
  }

  #forget(which: (privilege: Privilege) => boolean): void {
    for (let index = this.privileges.length - 1; index >= 0; index -= 1) {
      const privilege = this.privileges[index];
      if (privilege !== undefined && which(privilege)) this.privileges.splice(index, 1);
    }
  }
}

/** A failed login: 401 in plain text, where a missing privilege is JSON [ran on 6.4.1]. */
export class LoginError extends Error {
  override readonly name = "LoginError";
}
