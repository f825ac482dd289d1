import { describe, expect, it } from "vitest";
import { callFailure, connectFailure } from "../../../src/adapters/dolt/failures.ts";
import { DoltError } from "../../../src/ports/dolt-servers.ts";

const fromServer = (errno: number, sqlMessage: string) => Object.assign(new Error(sqlMessage), { errno, sqlMessage });
const fromNetwork = (code: string) => Object.assign(new Error(`read ${code}`), { errno: -104, code, syscall: "read" });

describe("a failure to connect to a Dolt server", () => {
  it.each([1045, 1130, 1698])("is a refused login at error %i", (errno) => {
    expect(connectFailure(fromServer(errno, "Access denied")).outcome).toBe("login");
  });

  it("is refused when the server has no room", () => {
    expect(connectFailure(fromServer(1040, "Too many connections")).outcome).toBe("refused");
  });

  it("is unreachable when no server answered, and says every address's failure", () => {
    const error = new AggregateError(
      [new Error("connect ECONNREFUSED ::1:3306"), new Error("connect ECONNREFUSED 127.0.0.1:3306")],
      "",
    );
    expect(connectFailure(error)).toMatchObject({
      outcome: "unreachable",
      message: "connect ECONNREFUSED ::1:3306; connect ECONNREFUSED 127.0.0.1:3306",
    });
  });
});

describe("a failure of a statement", () => {
  it("is refused when the server says so, in its own words", () => {
    expect(callFailure(fromServer(1105, "database server is set to read only mode"))).toMatchObject({
      outcome: "refused",
      message: "database server is set to read only mode",
    });
  });

  it("is unknown when the connection was lost", () => {
    expect(callFailure(fromNetwork("ECONNRESET")).outcome).toBe("unknown");
  });

  it.each([
    fromServer(1317, "Query execution was interrupted"),
    fromServer(1053, "Server shutdown in progress"),
    fromServer(1105, "context canceled"),
  ])("is unknown when the statement was cut short: %o", (error) => {
    expect(callFailure(error).outcome).toBe("unknown");
  });

  it("leaves a DoltError as it is", () => {
    const error = new DoltError("unknown", "no answer within 200 ms");
    expect(callFailure(error)).toBe(error);
  });
});
