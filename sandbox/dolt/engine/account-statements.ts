import { passwordVerifier } from "../protocol/handshake.ts";
import type { Statement } from "../sql/ast.ts";
import { SqlError } from "../sql/values.ts";
import { sameAccount } from "./accounts.ts";
import type { Instance } from "./instance.ts";

/** CREATE USER, DROP USER and GRANT ALL. Privileges are kept and replicated, and never looked at: every account may do everything. */
export function changeAccounts(
  instance: Instance,
  statement: Statement & { kind: "createUser" | "dropUser" | "grant" },
): void {
  const accounts = instance.volume.accounts ?? { users: [], grants: [] };
  const { account } = statement;
  const shown = `'${account.user}'@'${account.host}'`;
  const exists = accounts.users.some((user) => sameAccount(user, account));
  switch (statement.kind) {
    case "createUser": {
      if (exists && statement.ifNotExists) return;
      if (exists) throw new SqlError(`Operation CREATE USER failed for ${shown}`);
      const verifier = passwordVerifier(statement.password);
      const user = { ...account, verifier, superuser: false, locked: false, passwordChangedMs: instance.clock.nowMs() };
      instance.storeAccounts({ ...accounts, users: [...accounts.users, user] });
      return;
    }
    case "dropUser":
      if (!exists && statement.ifExists) return;
      if (!exists) throw new SqlError(`Operation DROP USER failed for ${shown}`);
      instance.storeAccounts({
        users: accounts.users.filter((user) => !sameAccount(user, account)),
        grants: accounts.grants.filter((grant) => !sameAccount(grant, account)),
      });
      return;
    case "grant": {
      if (!exists) throw new SqlError("You are not allowed to create a user with GRANT", 1410, "42000");
      const { database } = statement;
      const users =
        database === "*"
          ? accounts.users.map((user) => (sameAccount(user, account) ? { ...user, superuser: true } : user))
          : accounts.users;
      const others = accounts.grants.filter((grant) => !(sameAccount(grant, account) && grant.database === database));
      const grants = database === "*" ? accounts.grants : [...others, { ...account, database }];
      instance.storeAccounts({ users, grants });
      return;
    }
  }
}
